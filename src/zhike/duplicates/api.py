"""Merging customers over the API, and taking it back."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer
from zhike.core.api.schemas import BIGGEST_ID, Id, Input, Moment, Output
from zhike.core.http import ActorRequest
from zhike.duplicates.models import Merge, MergedRecord
from zhike.duplicates.services import merging, undoing

router = Router(tags=["duplicates"])

Reference = Annotated[int, Field(ge=1, le=BIGGEST_ID)]
Unit = Literal["name", "kind", "owner", "channel", "relationship", "place", "birthday_on", "note"]


class MergeIn(Input):
    """record_ids: who is given up. choices: field to the customer whose value stays; the others go by rules."""

    record_ids: Annotated[list[Reference], Field(min_length=1, max_length=99)]
    choices: dict[Unit, Reference] = {}


class MergeOut(Output):
    """moved: rows that went over, by table and column. undone_at: null while it holds."""

    id: int
    survivor_id: int
    record_ids: list[int]
    merged_by_id: int | None
    merged_at: Moment
    undone_at: Moment | None
    origin: Literal["hand", "automatic"]
    moved: dict[str, int]


class UndoneOut(Output):
    """kept: fields of the survivor that were edited since and stay. left_out: what did not come back, for people."""

    survivor_id: int
    record_ids: list[int]
    row_count: int
    kept: list[str]
    left_out: list[str]


@router.post(
    "/customers/{customer_id}/merge",
    response={201: MergeOut},
    operation_id="merge_customers",
    summary="Merge customers into one",
)
@idempotent
def merge_customers(request: ActorRequest, customer_id: Id, merge: MergeIn) -> HttpResponse:
    """Everything of the others goes over to this customer; they go into the recycle bin, and their ids lead here."""
    made = merging.merge_customers(
        actor=request.actor,
        survivor_id=customer_id,
        record_ids=merge.record_ids,
        choices={str(unit): record for unit, record in merge.choices.items()},
        at=timezone.now(),
    )
    return answer(_shown(made), status=201, location=f"/api/v1/merges/{made.pk}")


@router.get("/merges/{merge_id}", response=MergeOut, operation_id="get_merge", summary="Get a merge")
def get_merge(request: ActorRequest, merge_id: Id) -> HttpResponse:
    """Who was merged into whom, and what moved."""
    return answer(_shown(undoing.find_merge(actor=request.actor, merge_id=merge_id)))


@router.post("/merges/{merge_id}/undo", response=UndoneOut, operation_id="undo_merge", summary="Take a merge back")
@idempotent
def undo_merge(request: ActorRequest, merge_id: Id) -> HttpResponse:
    """The customers are separate again, each with what was its own. What was edited or added since stays as it is."""
    undone = undoing.undo_merge(actor=request.actor, merge_id=merge_id, at=timezone.now())
    return answer(
        {
            "survivor_id": undone.merge.survivor_id,
            "record_ids": undone.record_ids,
            "row_count": undone.row_count,
            "kept": undone.kept,
            "left_out": undone.left,
        }
    )


def _shown(merge: Merge) -> dict[str, Any]:
    records = MergedRecord.objects.filter(merge=merge).order_by("record_id")
    moved: dict[str, int] = {}
    for one in records:
        for name, rows in one.moved.items():
            moved[name] = moved.get(name, 0) + len(rows)
    return {
        "id": merge.pk,
        "survivor_id": merge.survivor_id,
        "record_ids": [one.record_id for one in records],
        "merged_by_id": merge.merged_by_id,
        "merged_at": merge.merged_at,
        "undone_at": merge.undone_at,
        "origin": merge.origin,
        "moved": moved,
    }
