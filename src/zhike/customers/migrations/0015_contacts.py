from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Who was followed up in the last days, and who was not. Nobody who writes waits for it; what an interrupted one
    left is taken away first."""

    atomic = False
    dependencies = [("customers", "0014_spellings_at_once")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS customers_activity_contact", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="activity",
            index=models.Index(
                condition=Q(kind__in=["follow_up", "call", "visit", "mail"]),
                fields=["happened_at", "customer"],
                name="customers_activity_contact",
            ),
        ),
    ]
