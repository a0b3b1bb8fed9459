"""The recycle bin over the API."""

from typing import Annotated

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import After, Flag, Id, Input, Limit, Moment, Output, PageOf, Text
from zhike.core.http import ActorRequest
from zhike.core.paging import Page
from zhike.recovery import selectors, services

router = Router(tags=["recycle bin"])


class BinnedOut(Output):
    """A deleted record. kind: "customers.customer"; record_id: its number, which it has again once it is restored."""

    id: int
    kind: str
    record_id: int
    label: str
    deleted_at: Moment
    deleted_by_id: int | None
    days_left: int


class BinFilterIn(Input):
    q: Annotated[Text, Field(max_length=100, description="A part of the name or its pinyin, or the number.")] = ""


class RestoreIn(Input):
    """leave_out: restore the rest where another record has an identifier by now that only one may have."""

    leave_out: Flag = False


class RestoredOut(Output):
    """left_out: what did not come back, for people."""

    kind: str
    record_id: int
    left_out: list[str]


@router.get("/bin", response=PageOf[BinnedOut], operation_id="list_bin", summary="List the recycle bin")
def list_bin(request: ActorRequest, where: Query[BinFilterIn], limit: Limit = 50, after: After = "") -> HttpResponse:
    """Deleted records that the key may restore, the latest first."""
    page = Page(size=limit, after=after)
    found = selectors.list_binned(actor=request.actor, page=page, search=where.q, at=timezone.now())
    return answer_page([_shown(row) for row in found.items], found.next_cursor)


@router.post(
    "/bin/{binned_id}/restore", response=RestoredOut, operation_id="restore_record", summary="Restore a record"
)
@idempotent
def restore_record(request: ActorRequest, binned_id: Id, how: RestoreIn) -> HttpResponse:
    """Bring a record back with everything that belonged to it, under its old number."""
    restored = services.restore_records(actor=request.actor, binned_ids=[binned_id], leave_out=how.leave_out)
    left = [collision.said for collision in restored.left]
    return answer({"kind": restored.kind, "record_id": restored.ids[0], "left_out": left})


@router.delete(
    "/bin/{binned_id}", response={204: None}, operation_id="purge_record", summary="Delete a record for good"
)
def purge_record(request: ActorRequest, binned_id: Id) -> HttpResponse:
    """It cannot be brought back."""
    services.purge_records(actor=request.actor, binned_ids=[binned_id])
    return HttpResponse(status=204)


def _shown(row: selectors.BinRow) -> dict[str, object]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "record_id": row.record_id,
        "label": row.label,
        "deleted_at": row.deleted_at,
        "deleted_by_id": row.deleted_by_id,
        "days_left": row.days_left,
    }
