from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0002_analyze")]

    operations = [migrations.AddField("import", "refused_rows", models.JSONField(default=list))]
