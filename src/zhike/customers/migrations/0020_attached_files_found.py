from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which file belongs to an entry. Nobody who writes waits for it; what an interrupted one left is taken away
    first."""

    atomic = False
    dependencies = [("customers", "0019_attached_files")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS customers_activity_file", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="activity",
            index=models.Index(
                condition=models.Q(("file_path", ""), _negated=True),
                fields=["file_path"],
                name="customers_activity_file",
            ),
        ),
    ]
