from django.db import migrations


class Migration(migrations.Migration):
    """Fields of files get two indexes, one for each answer; those that lists are filtered by are built anew."""

    dependencies = [("metadata", "0007_searched_readings")]

    operations = [
        migrations.RunSQL(
            "UPDATE metadata_fielddefinition SET index = 'wanted' WHERE kind IN ('file', 'image') AND index = 'ready'",
            migrations.RunSQL.noop,
        ),
    ]
