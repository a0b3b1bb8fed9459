"""Remembers what people open."""

from datetime import datetime

from django.db import connection

from zhike.core.actor import Actor
from zhike.core.finder import Kind

HALF_LIFE_DAYS = 14
AGAIN_AFTER_SECONDS = 60  # a page that is loaded anew is no further visit
KEPT = 300  # for each person
TRIMMED_EVERY = 64

# One statement, which waits for no disk: after a crash the last visits may be forgotten.
_NOTE = """
    INSERT INTO finder_visit AS known (user_id, kind, record_id, customer_id, opened_at, weight)
    SELECT %(user)s, %(kind)s, %(record)s, %(customer)s, %(at)s, 1
    FROM set_config('synchronous_commit', 'off', true)
    ON CONFLICT (user_id, kind, record_id) DO UPDATE SET
        opened_at = excluded.opened_at,
        weight = 1 + known.weight * power(0.5, extract(epoch FROM excluded.opened_at - known.opened_at) / %(half)s)
    WHERE known.opened_at < excluded.opened_at - %(again)s * interval '1 second'
    RETURNING id, xmax = 0
"""
_TRIM = """
    DELETE FROM finder_visit WHERE user_id = %(user)s AND id IN (
        SELECT id FROM finder_visit WHERE user_id = %(user)s ORDER BY opened_at DESC OFFSET %(kept)s)
"""


def note_visit(*, actor: Actor, kind: Kind, record_id: int, at: datetime) -> None:
    """Remember that the actor opened a record which they were shown."""
    told = {
        "user": actor.user_id,
        "kind": kind.key,
        "record": record_id,
        "customer": record_id if kind.is_customer else None,
        "at": at,
        "half": HALF_LIFE_DAYS * 86_400,
        "again": AGAIN_AFTER_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, told)
        noted = cursor.fetchone()
        if noted and noted[1] and noted[0] % TRIMMED_EVERY == 0:
            cursor.execute(_TRIM, {"user": actor.user_id, "kept": KEPT})
