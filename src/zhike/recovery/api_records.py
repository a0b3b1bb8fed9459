"""What the operations share that show the history of a record and put back what it says."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from pydantic import Field

from zhike.audit.selectors import history
from zhike.core.actor import Actor
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import Input, Moment, Output, Text
from zhike.core.paging import Page
from zhike.recovery import restoring
from zhike.recovery.kinds import Kind
from zhike.recovery.restoring import Mode, Step

Reason = Annotated[Text, Field(max_length=500, description="Kept in the history.")]
Key = Annotated[Text, Field(max_length=200)]
Seen = Annotated[Text, Field(max_length=32, description="`seen` of the plan that was looked at.")]


class FieldChangeOut(Output):
    """before, after: as people read them, as far as the key's owner may see the field; hidden fields are left out."""

    field: str
    label: str
    before: str
    after: str


class HistoryOut(Output):
    """One change. actor_id: null for the system. kind: what happened to rows of `table`, or an event. row_count: rows
    that the same statement changed. is_erased: only the proof is left. may_restore: whether it can be put back."""

    id: int
    at: Moment
    actor_id: int | None
    actor: str
    origin: str
    kind: Literal["insert", "update", "delete", "event"]
    said: str
    table: str
    reason: str
    row_count: int
    is_erased: bool
    may_restore: bool
    changes: list[FieldChangeOut]


class StepOut(Output):
    """A value, or a whole row, that would be put back. is_conflict: somebody edited it since, so it stays unless it is
    chosen by its key."""

    key: str
    label: str
    now: str
    then: str
    is_conflict: bool


class PlanOut(Output):
    """What putting back would do. seen: to be sent with it, so that nothing else happens than what was looked at.
    kept_count: rows that stay because the key's owner could not change them by hand: what somebody else wrote."""

    seen: str
    kept_count: int
    steps: list[StepOut]


class PutBackIn(Input):
    """mode: take this one `change` back, or go back to right after it (`here`). steps: keys of the plan; left out: all
    that nobody edited since."""

    mode: Mode = "change"
    seen: Seen
    steps: Annotated[list[Key], Field(max_length=1000)] | None = None
    reason: Reason = ""


class PutBackOut(Output):
    value_count: int


def answer_history(actor: Actor, kind: Kind, record_id: int, *, page: Page, may_restore: bool) -> HttpResponse:
    """A page of a record's history; the caller has asked whether the actor may see the record."""
    rows = history.list_record_history(
        actor=actor, model=kind.model, record_id=record_id, page=page, asked=history.Asked()
    )
    shown: list[dict[str, Any]] = [
        {
            "id": row.number,
            "at": row.at,
            "actor_id": row.who_id,
            "actor": row.who,
            "origin": row.origin,
            "kind": row.kind,
            "said": f"{row.action} · {row.what}" if row.what else row.action,
            "table": row.table,
            "reason": row.reason,
            "row_count": row.row_count,
            "is_erased": row.is_erased,
            "may_restore": may_restore and row.table in kind.restorable and not row.is_erased,
            "changes": [
                {"field": one.column, "label": one.label, "before": one.before, "after": one.after}
                for one in row.changes
            ],
        }
        for row in rows.items
    ]
    return answer_page(shown, rows.next_cursor)


def answer_plan(actor: Actor, kind: Kind, record_id: int, *, entry_id: int, mode: Mode) -> HttpResponse:
    """The caller has asked whether the actor may edit the record."""
    plan = restoring.plan_record(actor=actor, kind=kind, record_id=record_id, entry_id=entry_id, mode=mode)
    return answer({"seen": plan.seen, "kept_count": plan.kept_count, "steps": steps_of(plan.steps)})


def put_back(actor: Actor, kind: Kind, record_id: int, *, entry_id: int, how: PutBackIn) -> HttpResponse:
    count = restoring.restore_record(
        actor=actor,
        kind=kind,
        record_id=record_id,
        entry_id=entry_id,
        mode=how.mode,
        chosen=how.steps,
        seen=how.seen,
        reason=how.reason,
        at=timezone.now(),
    )
    return answer({"value_count": count})


def steps_of(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
        {"key": one.key, "label": one.label, "now": one.now, "then": one.then, "is_conflict": one.is_conflict}
        for one in steps
    ]
