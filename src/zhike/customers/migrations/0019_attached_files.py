from django.db import migrations, models


class Migration(migrations.Migration):
    """Files beside entries of the time line; the rows that are there are not written anew."""

    dependencies = [("customers", "0018_mentions_and_panels")]

    operations = [
        migrations.AddField(
            model_name="activity",
            name="file_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="attached file"),
        ),
        migrations.AddField(
            model_name="activity",
            name="file_path",
            field=models.CharField(blank=True, db_default="", default="", max_length=100, verbose_name="file kept at"),
        ),
    ]
