import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0004_row_security"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UploadVolume",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uploaded_on", models.DateField(verbose_name="uploaded on")),
                ("bytes", models.BigIntegerField(verbose_name="bytes")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "volume of uploads",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "uploaded_on"), name="exchange_uploadvolume_is_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("bytes__gte", 0)), name="exchange_uploadvolume_is_positive"
                    ),
                ],
            },
        ),
    ]
