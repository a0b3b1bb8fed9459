"""Events that are no change of a row, and the erasure of what history holds about somebody."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min

from zhike.audit import permissions
from zhike.audit.models import Payload
from zhike.core.access import require
from zhike.core.actor import Actor

PIECE = 20_000  # entries


def record(*, action: str, subject: str = "", ids: Sequence[int] = (), **payload: Any) -> int:
    """Put an event into the history, in the transaction around; the number of its entry.

    Who acts is who `core.acting` says. action: what happened, as the permission that it needs is called, for example
    "customers.export_customer". subject, ids: table and ids of the records it is about. payload: what else is worth
    knowing, JSON-ready; the part that can be erased, so everything personal belongs here.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_record(%s, %s, %s::bigint[], %s::jsonb)",
            [action, subject, list(ids), json.dumps(payload, ensure_ascii=False)],
        )
        return int(cursor.fetchone()[0])


@transaction.atomic
def erase_history(*, actor: Actor, subject: str, subject_id: int) -> int:
    """Take away what history says about a record and its parts; how many texts that were.

    Entries, their hashes and every proof of other rows stay; that something was erased is an entry of its own. What is
    captured after this, such as the deletion of the record itself, has to be erased after it.
    """
    require(actor, permissions.ERASE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_erase_subject(%s, %s)", [subject, subject_id])
        return int(cursor.fetchone()[0])


def erase_naming(*, actor: Actor, table: str, name: str, key: str) -> int:
    """Take away what the history says of rows in which one of a company's own fields stood; how many texts that were.

    So many entries in one transaction, for who changes something meanwhile waits for it.

    name: of the field, "custom.k", as changes name it; key: under which images of many rows of the table hold it.
    That somebody saw it, or may see it, stays: it says nothing of what it was.
    """
    require(actor, permissions.ERASE)
    known = Payload.objects.aggregate(first=Min("entry_id"), newest=Max("entry_id"))
    count = 0
    for after in range((known["first"] or 1) - 1, known["newest"] or 0, PIECE):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT audit_erase_naming(%s, %s, %s, %s, %s)", [table, name, key, after, after + PIECE])
            count += int(cursor.fetchone()[0])
    return count
