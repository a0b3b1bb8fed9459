from django.db import migrations, models


class Migration(migrations.Migration):
    """Records in the scope of another one, and records that went along with another one."""

    dependencies = [("recovery", "0004_large_bins")]

    operations = [
        migrations.AddField("binned", "above_id", models.BigIntegerField(null=True)),
        migrations.AddField("binned", "with_id", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            "binned",
            models.Index(fields=["above_id"], condition=models.Q(above_id__isnull=False), name="recovery_binned_above"),
        ),
    ]
