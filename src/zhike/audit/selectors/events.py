"""What happened to one record lately, for those who decide by it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zhike.audit import wording
from zhike.audit.models import Entry
from zhike.audit.selectors.reading import payloads_of

MOST = 100


def list_recent_actions(*, subject: str, subject_id: int, since: datetime) -> list[str]:
    """The actions about a record since then, the latest first, at most `MOST`."""
    return [entry.action for entry in _about(subject, subject_id, "AND e.at >= %(since)s", MOST, since=since)]


def has_happened(*, subject: str, subject_id: int, action: str) -> bool:
    """Whether it ever has."""
    return bool(_about(subject, subject_id, "AND e.action = %(action)s", 1, action=action))


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a record. who: empty for the system. told: what was said of it; empty once erased."""

    at: datetime
    who: str
    action: str
    told: dict[str, Any]


def list_events(*, subject: str, subject_ids: Sequence[int], actions: Sequence[str]) -> list[Event]:
    """Events about one of these records, or about many of which it is one; the latest first, at most `MOST`."""
    found = list(
        Entry.objects.raw(
            """
            SELECT * FROM (
                SELECT e.* FROM audit_entry AS e
                WHERE e.subject = %(subject)s AND e.row_count <= 1 AND e.action = ANY(%(actions)s)
                    AND (coalesce(e.subject_ids, e.ids))[1] = ANY(%(records)s)
                UNION ALL
                SELECT e.* FROM audit_entry AS e
                WHERE e.subject = %(subject)s AND e.row_count > 1 AND e.action = ANY(%(actions)s)
                    AND audit_least(coalesce(e.subject_ids, e.ids)) <= %(greatest)s
                    AND audit_greatest(coalesce(e.subject_ids, e.ids)) >= %(least)s
                    AND coalesce(e.subject_ids, e.ids) && %(records)s::bigint[]
            ) AS both_kinds ORDER BY id DESC LIMIT %(limit)s
            """,
            {
                "subject": subject,
                "actions": list(actions),
                "records": list(subject_ids),
                "least": min(subject_ids, default=0),
                "greatest": max(subject_ids, default=0),
                "limit": MOST,
            },
        )
    )
    names, payloads = wording.user_names([one.actor_id for one in found]), payloads_of(found)
    texts = {key: payload.texts[0] for key, payload in payloads.items() if payload.texts}
    return [
        Event(
            at=one.at,
            who=names.get(one.actor_id, f"#{one.actor_id}") if one.actor_id else "",
            action=one.action,
            told=json.loads(texts.get(one.pk) or "{}"),
        )
        for one in found
    ]


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
