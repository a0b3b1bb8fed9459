from typing import Any

from django.db import migrations

from zhike.customers.reindexing import rewrite_outdated


def rewrite(_apps: Any, editor: Any) -> None:
    rewrite_outdated(editor.connection)


class Migration(migrations.Migration):
    """Search rows of numbers that are written with hyphens, blanks or slashes. Not in one transaction, so that nobody
    waits for it; what is written twice is the same."""

    atomic = False
    dependencies = [("customers", "0023_spellings_of_some")]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop, elidable=True)]
