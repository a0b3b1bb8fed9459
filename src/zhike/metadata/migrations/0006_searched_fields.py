from django.db import migrations, models

from zhike.metadata.pieces import create_pieces


class Migration(migrations.Migration):
    dependencies = [("metadata", "0005_files_and_images")]

    operations = [
        migrations.AddField(
            model_name="fielddefinition",
            name="search",
            field=models.CharField(
                choices=[
                    ("none", "Not filtered by"),
                    ("wanted", "Index is being built"),
                    ("ready", "Filtered by"),
                    ("failed", "Index could not be built"),
                ],
                default="none",
                max_length=8,
                verbose_name="search box",
            ),
        ),
        create_pieces(),
    ]
