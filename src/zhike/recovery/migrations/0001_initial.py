import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from zhike.core.row_security import protect


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0004_scopes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Binned",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=50)),
                ("record_id", models.BigIntegerField()),
                ("label", models.CharField(max_length=200)),
                ("keywords", models.TextField(blank=True, default="")),
                ("permission", models.CharField(max_length=100)),
                ("owner_id", models.BigIntegerField(null=True)),
                ("team_id", models.BigIntegerField(null=True)),
                ("deleted_at", models.DateTimeField()),
                ("batch", models.UUIDField()),
                ("rows", models.JSONField()),
                ("links", models.JSONField()),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["deleted_at", "id"], name="recovery_binned_deleted"),
                    models.Index(fields=["batch"], name="recovery_binned_batch"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "record_id"), name="recovery_binned_record_is_unique")
                ],
            },
        ),
        # As for the record itself; the bin is small, so asking row by row costs nothing.
        protect(
            "recovery_binned",
            "zhike_reaches_all(permission) OR owner_id = ANY (zhike_reach(permission, 'users'))"
            " OR team_id = ANY (zhike_reach(permission, 'teams'))",
        ),
    ]
