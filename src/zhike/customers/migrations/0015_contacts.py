from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Who was followed up in the last days, and who was not."""

    dependencies = [("customers", "0014_spellings_at_once")]

    operations = [
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(
                condition=Q(kind__in=["follow_up", "call", "visit", "mail"]),
                fields=["happened_at", "customer"],
                name="customers_activity_contact",
            ),
        ),
    ]
