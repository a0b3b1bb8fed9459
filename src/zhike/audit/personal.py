"""What the history holds about people: contents can be erased, the proofs stay."""

from django.db import connection
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from zhike.audit.models import Entry, Head, Leaf, Payload, Publication, Unsealed
from zhike.core import sought
from zhike.core.personal import Class, Place, Traces, classify, look_in

classify(Entry, Class.NONE, {Class.NONE: ("origin", "request", "action", "table_name", "ids", "subject", "subject_ids",
                                          "fields")})  # fmt: skip
classify(Payload, Class.FREE, {Class.FREE: ("texts",), Class.NONE: ("entry_id", "at", "seed", "salts", "hashes")})
classify(Leaf, Class.NONE, {Class.NONE: ("commitment", "leaf")})
classify(Head, Class.NONE, {Class.NONE: ("root", "edge", "statement", "signature")})
classify(Unsealed, Class.NONE)
classify(Publication, Class.NONE, {Class.STAFF: ("destination",), Class.NONE: ("problem",)})


def register() -> None:
    # Last: what the other sweeps change is captured, with what stood there before.
    look_in(
        Place(name="audit.payloads", label=_("Contents of the change history"), order=900, sweep=sweep, search=search)
    )


def sweep(traces: Traces) -> int:
    """Erase every content that mentions the person; an entry about each erasure stays."""
    if not traces.pattern:
        return 0
    with connection.cursor() as cursor, sought.told(cursor, traces):
        cursor.execute(f"SELECT audit_erase_matching({sought.PATTERN})")
        return int(cursor.fetchone()[0])


def search(traces: Traces) -> int:
    if not traces.pattern:
        return 0
    with connection.cursor() as cursor, sought.told(cursor, traces):
        # All texts of an entry in one go first: an import's have a thousand.
        query = sql.SQL(
            "SELECT count(*) FROM audit_payload,"
            " LATERAL (SELECT lower(array_to_string(texts, E'\\n')) AS text OFFSET 0) AS lines WHERE {}"
        )
        cursor.execute(query.format(sql.SQL(sought.finds(traces, "lines.text"))).as_string(None))
        return int(cursor.fetchone()[0])
