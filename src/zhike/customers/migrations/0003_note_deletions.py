from django.db import migrations

from zhike.core.database import CREATE_DELETION_NOTES, note_deletions


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_list_orders"),
    ]

    operations = [
        CREATE_DELETION_NOTES,
        note_deletions("customers_customer"),
        note_deletions("customers_activity"),
    ]
