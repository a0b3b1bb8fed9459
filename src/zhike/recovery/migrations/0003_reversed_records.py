import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What became of each record stands in rows instead of lists within the reversal."""

    dependencies = [
        ("recovery", "0002_reversals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveField(model_name="reversal", name="left"),
        migrations.RemoveField(model_name="reversal", name="left_count"),
        migrations.RemoveField(model_name="reversal", name="waiting"),
        migrations.AddField(model_name="reversal", name="heartbeat_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="reversal", name="is_cancelled", field=models.BooleanField(default=False)),
        migrations.AddIndex(
            model_name="reversal",
            index=models.Index(fields=["id"], condition=models.Q(finished_at=None), name="recovery_reversal_open"),
        ),
        migrations.CreateModel(
            name="ReversedRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=50)),
                ("record_id", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Brought back"),
                            ("same", "Was back already"),
                            ("edited", "Edited since"),
                            ("refused", "Could not be put back"),
                            ("closed", "Not yours to edit"),
                            ("erased", "Contents erased"),
                        ],
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("agreed", models.CharField(blank=True, default="", max_length=32)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("why", models.CharField(blank=True, default="", max_length=50)),
                (
                    "reversal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="records",
                        to="recovery.reversal",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["reversal", "kind", "record_id"], name="recovery_reversed_is_unique"
                    )
                ],
                "indexes": [models.Index(fields=["reversal", "state", "tries", "id"], name="recovery_reversed_state")],
            },
        ),
    ]
