"""What happened to one record lately, for those who decide by it."""

from datetime import datetime

from zhike.audit.models import Entry

MOST = 100


def list_recent_actions(*, subject: str, subject_id: int, since: datetime) -> list[str]:
    """The actions about a record since then, the latest first, at most `MOST`."""
    return [entry.action for entry in _about(subject, subject_id, "AND e.at >= %(since)s", MOST, since=since)]


def has_happened(*, subject: str, subject_id: int, action: str) -> bool:
    """Whether it ever has."""
    return bool(_about(subject, subject_id, "AND e.action = %(action)s", 1, action=action))


def _about(subject: str, subject_id: int, more: str, limit: int, **values: object) -> list[Entry]:
    found = Entry.objects.raw(
        f"""
        SELECT e.id, e.action FROM audit_entry AS e
        WHERE e.subject = %(subject)s AND e.row_count <= 1 AND (coalesce(e.subject_ids, e.ids))[1] = %(record)s {more}
        ORDER BY e.id DESC LIMIT %(limit)s
        """,  # noqa: S608
        {**values, "subject": subject, "record": subject_id, "limit": limit},
    )
    return list(found)
