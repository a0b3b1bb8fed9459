"""Every edit leaves a line in the time line, which can take it back."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from pydantic_core import from_json

from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.customers.guarded import key
from zhike.customers.models import Activity, Customer


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field before and after, as text. field: of the customer, "tags", or "identifier".

    kind, system, identifier_id: of the identifier that changed; before or after is empty where it came or went.
    """

    field: str
    before: str
    after: str
    kind: str = ""
    system: str = ""
    identifier_id: int = 0


def record_changes(*, actor: Actor, customer: Customer, changes: Sequence[Change], at: datetime) -> int:
    """Write the change into the time line; returns the activity's id."""
    written = json.dumps([asdict(change) for change in changes], ensure_ascii=False)
    return Activity.objects.create(
        customer=customer,
        kind=Activity.Kind.CHANGE,
        happened_at=at,
        created_at=at,
        author_id=actor.user_id,
        text=written,
    ).pk


def shown_changes(actor: Actor, changes: Sequence[Change]) -> list[Change]:
    """The changes as the actor sees them: masked, and without those of hidden fields."""
    found = []
    for change in changes:
        name = change.kind if change.field == "identifier" else change.field
        cover = fields.covering(actor, key(name))
        if cover is None:
            found.append(change)
        elif fields.sight(actor, key(name)) is Sight.MASKED:
            before, after = (cover(value) if value else "" for value in (change.before, change.after))
            found.append(replace(change, before=before, after=after))
    return found


def read_changes(text: str) -> list[Change]:
    """The changes of an activity's text; none where it holds something else."""
    try:
        found = from_json(text)
        return [Change(**change) for change in found]
    except (ValueError, TypeError):
        return []
