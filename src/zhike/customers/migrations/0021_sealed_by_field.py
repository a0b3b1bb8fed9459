from django.db import migrations, models


class Migration(migrations.Migration):
    """Whatever goes over the values of one encrypted field reads no other field's."""

    dependencies = [("customers", "0020_attached_files_found")]

    operations = [
        migrations.AddIndex(
            model_name="sealedvalue",
            index=models.Index(fields=["field", "customer"], name="customers_sealed_field"),
        ),
    ]
