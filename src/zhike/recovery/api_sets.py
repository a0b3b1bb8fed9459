"""Taking back over the API what was done in one go."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import After, Id, Input, Limit, Moment, Output, PageOf, Text
from zhike.core.http import ActorRequest
from zhike.core.paging import Page
from zhike.recovery import reverting, sets
from zhike.recovery.api_records import Reason, StepOut, steps_of
from zhike.recovery.models import Reversal

router = Router(tags=["restoring"])
SHOWN = 200

State = Literal["waiting", "done", "same", "edited", "refused", "closed", "erased"]


class RecordPlanOut(Output):
    """One record of a set. doing: its values "change", it goes to the "bin", or comes back ("restore"). agreed: to be
    sent back where what somebody edited since is to be overwritten all the same."""

    kind: str
    record_id: int
    label: str
    doing: Literal["change", "bin", "restore"]
    agreed: str
    steps: list[StepOut]


class SetPlanOut(Output):
    """What taking back would do. record_count: that the key's owner may edit; hidden_count: all others. planned_count:
    of how many the figures below are. same_count: back already. erased_count: only the proof is left. is_import: an
    import did it, which has an undo of its own. records: 200 at most, those edited since first."""

    at: Moment
    actor: str
    origin: str
    record_count: int
    planned_count: int
    value_count: int
    conflict_count: int
    same_count: int
    hidden_count: int
    erased_count: int
    is_import: bool
    records: list[RecordPlanOut]


class RevertIn(Input):
    """agreed: of records of the plan whose later edits are to be overwritten."""

    reason: Reason = ""
    agreed: Annotated[list[Annotated[Text, Field(max_length=120)]], Field(max_length=1000)] = []


class ReversalOut(Output):
    """How far it has come; over as soon as finished_at is there. states: to how many records."""

    id: int
    entry_id: int
    reason: str
    started_at: Moment
    finished_at: Moment | None
    is_cancelled: bool
    record_count: int
    done_count: int
    value_count: int
    states: dict[str, int]


class ReversedOut(Output):
    """What became of a record. why: code of the refusal, empty where it was none. said: the same for people."""

    kind: str
    record_id: int
    label: str
    state: State
    why: str
    said: str


class ReversedFilterIn(Input):
    state: State | None = None


@router.get(
    "/changes/{entry_id}",
    response=SetPlanOut,
    operation_id="plan_reversal",
    summary="See what taking back everything done in one go would do",
)
def plan_reversal(request: ActorRequest, entry_id: Id) -> HttpResponse:
    """entry_id: of any change in a record's history; what came with the same request belongs to it. Changes nothing."""
    plan = sets.plan_set(actor=request.actor, entry_id=entry_id)
    return answer(
        {
            "at": plan.at,
            "actor": plan.who,
            "origin": plan.origin,
            "record_count": plan.count,
            "planned_count": plan.planned_count,
            "value_count": plan.value_count,
            "conflict_count": len(plan.conflicts),
            "same_count": plan.same_count,
            "hidden_count": plan.hidden_count,
            "erased_count": plan.erased_count,
            "is_import": plan.is_act,
            "records": [
                {
                    "kind": one.kind.code,
                    "record_id": one.record_id,
                    "label": one.label,
                    "doing": one.doing,
                    "agreed": one.agreed,
                    "steps": steps_of(one.plan.steps),
                }
                for one in (plan.conflicts + plan.plain)[:SHOWN]
            ],
        }
    )


@router.post(
    "/changes/{entry_id}/revert",
    response={201: ReversalOut},
    operation_id="start_reversal",
    summary="Take back everything done in one go",
)
@idempotent
def start_reversal(request: ActorRequest, entry_id: Id, how: RevertIn) -> HttpResponse:
    """Record by record: at once where there are up to 50, otherwise in the background; ask again by the answer's id."""
    made = reverting.start_reversal(
        actor=request.actor, entry_id=entry_id, reason=how.reason, agreed=how.agreed, at=timezone.now()
    )
    return answer(_shown(made), status=201, location=f"/api/v1/reversals/{made.pk}")


@router.get(
    "/reversals/{reversal_id}", response=ReversalOut, operation_id="get_reversal", summary="See how far it has come"
)
def get_reversal(request: ActorRequest, reversal_id: Id) -> HttpResponse:
    """One's own only."""
    return answer(_shown(reverting.get_reversal(actor=request.actor, reversal_id=reversal_id)))


@router.get(
    "/reversals/{reversal_id}/records",
    response=PageOf[ReversedOut],
    operation_id="list_reversed",
    summary="List what became of the records",
)
def list_reversed(
    request: ActorRequest, reversal_id: Id, where: Query[ReversedFilterIn], limit: Limit = 50, after: After = ""
) -> HttpResponse:
    """By the names that the records have now."""
    made = reverting.get_reversal(actor=request.actor, reversal_id=reversal_id)
    page = Page(size=limit, after=after)
    found = reverting.list_reverted(actor=request.actor, reversal=made, page=page, state=where.state or "")
    names = ("kind", "record_id", "label", "state", "why", "said")
    return answer_page([{name: getattr(row, name) for name in names} for row in found.items], found.next_cursor)


@router.post(
    "/reversals/{reversal_id}/cancel",
    response=ReversalOut,
    operation_id="cancel_reversal",
    summary="Stop taking back",
)
@idempotent
def cancel_reversal(request: ActorRequest, reversal_id: Id) -> HttpResponse:
    """What is back stays back; 409 once it is over."""
    made = reverting.cancel_reversal(actor=request.actor, reversal_id=reversal_id, at=timezone.now())
    return answer(_shown(made))


def _shown(made: Reversal) -> dict[str, Any]:
    return {
        "id": made.pk,
        "entry_id": made.entry_id,
        "reason": made.reason,
        "started_at": made.started_at,
        "finished_at": made.finished_at,
        "is_cancelled": made.is_cancelled,
        "record_count": made.total,
        "done_count": made.done,
        "value_count": made.value_count,
        "states": reverting.count_states(made),
    }
