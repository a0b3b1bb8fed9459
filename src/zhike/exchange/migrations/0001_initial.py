import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0002_attempts_and_idempotent_requests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Import",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
                ("name", models.CharField(max_length=255, verbose_name="file")),
                ("path", models.CharField(editable=False, max_length=255)),
                ("sha256", models.CharField(editable=False, max_length=64)),
                ("size", models.BigIntegerField()),
                ("format", models.CharField(max_length=10)),
                ("encoding", models.CharField(blank=True, default="", max_length=20)),
                ("delimiter", models.CharField(blank=True, default="", max_length=5)),
                ("columns", models.JSONField(default=list)),
                ("sample", models.JSONField(default=list, editable=False)),
                ("mapping", models.JSONField(default=dict)),
                ("reading", models.JSONField(default=dict)),
                ("warnings", models.JSONField(default=list)),
                ("source", models.CharField(max_length=50, verbose_name="source")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("zone", models.CharField(max_length=50, verbose_name="time zone")),
                ("is_day_first", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("uploaded", "Uploaded"),
                            ("recognised", "Columns recognised"),
                            ("staging", "Being checked"),
                            ("previewed", "Checked"),
                            ("applying", "Being applied"),
                            ("applied", "Applied"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                            ("undoing", "Being undone"),
                            ("undone", "Undone"),
                        ],
                        default="uploaded",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("row_count", models.BigIntegerField(default=0)),
                ("new_count", models.BigIntegerField(default=0)),
                ("updated_count", models.BigIntegerField(default=0)),
                ("unchanged_count", models.BigIntegerField(default=0)),
                ("refused_count", models.BigIntegerField(default=0)),
                ("amount", models.DecimalField(decimal_places=8, max_digits=24, null=True, verbose_name="amount")),
                ("refused_path", models.CharField(blank=True, default="", editable=False, max_length=255)),
                ("reserved", models.JSONField(default=dict, editable=False)),
                ("created", models.JSONField(default=dict)),
                ("kept", models.JSONField(default=list)),
                ("kept_count", models.BigIntegerField(default=0)),
                ("phase", models.CharField(blank=True, default="", max_length=20)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("is_cancel_requested", models.BooleanField(default=False)),
                ("error", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(verbose_name="uploaded")),
                ("merged_at", models.DateTimeField(null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                ("heartbeat_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
            },
        ),
        migrations.CreateModel(
            name="ImportChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=60)),
                ("row_id", models.BigIntegerField()),
                ("before", models.JSONField()),
                ("version_after", models.PositiveIntegerField()),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="exchange.import",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("signature", models.CharField(max_length=64)),
                ("name", models.CharField(blank=True, default="", max_length=60, verbose_name="name")),
                ("mapping", models.JSONField()),
                ("source", models.CharField(max_length=50)),
                ("currency", models.CharField(max_length=3)),
                ("used_at", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(fields=["created_at", "id"], name="exchange_import_created"),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(
                condition=models.Q(("status__in", ["staging", "applying", "undoing"])),
                fields=["heartbeat_at"],
                name="exchange_import_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="exchange_import_currency_is_iso"
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", ""), _negated=True), name="exchange_import_source_is_named"
            ),
        ),
        migrations.AddConstraint(
            model_name="importchange",
            constraint=models.UniqueConstraint(
                fields=("job", "table", "row_id"), name="exchange_importchange_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="mapping",
            constraint=models.UniqueConstraint(
                fields=("signature", "owner", "kind"), name="exchange_mapping_is_unique", nulls_distinct=False
            ),
        ),
    ]
