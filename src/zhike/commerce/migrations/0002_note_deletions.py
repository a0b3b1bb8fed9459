from django.db import migrations

from zhike.core.database import note_deletions


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0001_initial"),
        ("customers", "0003_note_deletions"),
    ]

    operations = [
        note_deletions("commerce_order"),
        note_deletions("commerce_orderline"),
    ]
