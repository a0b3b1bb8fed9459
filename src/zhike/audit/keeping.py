"""How long the history is kept: for ever, or so many whole months."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.conf import settings
from django.db import transaction

from zhike.audit.canonical import Statement
from zhike.audit.sealing import OWNER, owner_connection

LEAST = timedelta(days=177)  # six months, the shortest of them
SEALED_WITHIN = timedelta(days=7)  # after its month, an entry that may end; the sealer comes by every minute


def end_months(*, at: datetime) -> int:
    """Take whole months away of which every day is older than the settings keep; how many those were.

    Their leaves stay, and an entry of the history says which these are: everything else is proved as before.
    """
    if not settings.AUDIT_KEEP_MONTHS:
        return 0
    month = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    back = month.year * 12 + month.month - 1 - settings.AUDIT_KEEP_MONTHS
    kept_from = month.replace(year=back // 12, month=back % 12 + 1)
    with transaction.atomic(using=OWNER):
        row = owner_connection().execute("SELECT audit_end_months(%s)", [kept_from]).fetchone()
    return int(row[0]) if row else 0


def ended_ranges(connection: "psycopg.Connection[Any]", found: Callable[..., None]) -> list[tuple[int, int]]:
    """The leaves whose entries ended with their month, as entries of the history say, in order.

    Such an entry is believed where heads bear it out: what it says ended half a year ago was sealed by then. Otherwise
    somebody with powers over the database could let it cover up what they deleted yesterday.
    """
    claims = connection.execute(
        "SELECT e.id, e.at, p.texts[1] FROM audit_entry AS e"
        " JOIN audit_payload AS p ON p.entry_id = e.id AND p.at = e.at"
        " WHERE e.action = 'end' AND e.table_name = 'audit_entry' ORDER BY e.id"
    ).fetchall()
    ranges: list[tuple[int, int]] = []
    for entry, at, text in claims:
        said = json.loads(text or '{"leaves": []}')
        for first, last in said["leaves"]:
            if _is_borne_out(connection, month=said["month"], first=first, last=last, at=at):
                ranges.append((first, last))
            else:
                found("order", f"leaves {first} to {last} are younger than what ended", entry=entry)
    return sorted(ranges)


def _is_borne_out(connection: "psycopg.Connection[Any]", *, month: str, first: int, last: int, at: datetime) -> bool:
    began = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    following = (began + timedelta(days=31)).replace(day=1)
    head = connection.execute(
        "SELECT statement FROM audit_head WHERE size > %s ORDER BY size LIMIT 1", [last]
    ).fetchone()
    if head is None or first > last:
        return False
    sealed_at = datetime.fromisoformat(Statement.parse(head[0]).sealed_at)
    return sealed_at < following + SEALED_WITHIN and following + LEAST <= at
