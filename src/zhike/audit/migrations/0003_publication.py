"""How far each place outside has been told of the signed heads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_erase_matching")]

    operations = [
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("destination", models.TextField(unique=True)),
                ("number", models.BigIntegerField(default=0)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("tried_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("failure_count", models.IntegerField(default=0)),
                ("problem", models.TextField(default="")),
            ],
            options={"db_table": "audit_publication"},
        ),
    ]
