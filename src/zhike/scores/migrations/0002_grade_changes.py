from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scores", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="valuescore", name="scores_valuescore_run"),
        migrations.AddField(model_name="valuescore", name="grade_change", field=models.SmallIntegerField(default=0)),
        migrations.AddIndex(
            model_name="valuescore",
            index=models.Index(
                condition=models.Q(("grade_change__lt", 0)),
                fields=["run", "customer"],
                name="scores_valuescore_slipped",
            ),
        ),
    ]
