from django.db import migrations, models


class Migration(migrations.Migration):
    """A bin of a hundred thousand records: whose they are by an index, and searched without reading what is in them."""

    dependencies = [("recovery", "0003_reversed_records")]

    operations = [
        migrations.AddIndex(
            model_name="binned",
            index=models.Index(fields=["owner_id", "deleted_at", "id"], name="recovery_binned_owner"),
        ),
        migrations.AddIndex(
            model_name="binned",
            index=models.Index(fields=["team_id", "deleted_at", "id"], name="recovery_binned_team"),
        ),
        # The contents of a record lie beside the table, so that a search by name reads a tenth of the pages.
        migrations.RunSQL(
            "ALTER TABLE recovery_binned SET (toast_tuple_target = 256)",
            "ALTER TABLE recovery_binned RESET (toast_tuple_target)",
        ),
    ]
