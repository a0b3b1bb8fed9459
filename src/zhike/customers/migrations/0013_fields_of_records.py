from django.db import migrations

import zhike.core.database


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0012_notes_found"),
    ]

    operations = [
        migrations.AddField(model_name="customer", name="custom", field=zhike.core.database.CustomValues()),
    ]
