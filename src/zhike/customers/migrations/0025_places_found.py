from typing import Any

from django.db import migrations

from zhike.customers.reindexing import rewrite_outdated


def rewrite(_apps: Any, editor: Any) -> None:
    rewrite_outdated(editor.connection)


class Migration(migrations.Migration):
    """Search rows with city and province. Not in one transaction, so that nobody waits for it; what is written twice is
    the same."""

    atomic = False
    dependencies = [("customers", "0024_numbers_in_one_piece")]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop, elidable=True)]
