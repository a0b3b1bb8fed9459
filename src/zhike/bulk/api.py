"""Changes of many customers over the API: look at what one would do, begin it, follow it, take it back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.timezone import now
from ninja import Query, Router
from pydantic import Field, JsonValue

from zhike.accounts.idempotency import idempotent
from zhike.bulk import saying, selectors
from zhike.bulk.models import Act, Verb
from zhike.bulk.services import carrying, direct, undoing
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import BIGGEST_ID, After, Id, Input, Limit, Moment, Output, PageOf, Text
from zhike.core.http import ActorRequest
from zhike.core.paging import Page

router = Router(tags=["changes of many customers"])

Action = Literal["edit", "assign", "tag", "delete"]
CustomerIds = Annotated[list[Annotated[int, Field(ge=1, le=BIGGEST_ID)]], Field(max_length=5000)]
TagWords = Annotated[list[Annotated[Text, Field(min_length=1, max_length=50)]], Field(max_length=50)]
Became = Annotated[
    Literal["changed", "closed", "guest", "required", "many", "gone", "undone", "edited", "left", "collides"],
    Query(description="What became of them."),
]
SENT: Mapping[str, str] = {"owner_id": "owner", "team_id": "team"}
NAMED: Mapping[str, str] = {"owner": "owner_id", "team": "team_id"}


class BulkChangeIn(Input):
    """list: the address of the customer list behind its "?", as a browser shows it: filter and search; empty means
    everybody in reach. customer_ids: instead, at most 5,000. fields: as of a customer, for "edit" and "assign", the
    company's own as custom.key; null empties. add_tags, remove_tags: for "tag". "delete" moves into the recycle bin."""

    action: Action
    list: Annotated[Text, Field(max_length=8000)] | None = None
    customer_ids: CustomerIds | None = None
    fields: Annotated[dict[str, JsonValue], Field(max_length=100)] = {}
    add_tags: TagWords = []
    remove_tags: TagWords = []

    def wanted(self) -> direct.Wanted:
        return direct.Wanted(
            verb=Verb(self.action),
            query=self.list,
            ids=self.customer_ids,
            fields={SENT.get(name, name): value for name, value in self.fields.items()},
            add=self.add_tags,
            remove=self.remove_tags,
        )


class SaidOut(Output):
    """One value that is put in, in words, where the key's owner reads the field."""

    field: str
    after: str
    before: str


class BulkRefusalOut(Output):
    reason: str
    count: int


class BulkPreviewOut(Output):
    """What it would do now. unchanged: they are so already. is_given_away: the key's owner sees them no more."""

    total: int
    changed: int
    unchanged: int
    refused: list[BulkRefusalOut]
    is_given_away: bool


class BulkChangeOut(Output):
    """How far it is. total is null until the set is laid down; refused: could not be changed; undone, kept: as before,
    and edited since, once it is taken back. error: why it stopped. may_undo: there is still something to take back."""

    id: int
    action: Action
    status: Literal["running", "done", "cancelled", "failed", "undoing", "undone"]
    change: list[SaidOut]
    user_id: int | None
    total: int | None
    done: int
    changed: int
    unchanged: int
    refused: int
    undone: int
    kept: int
    error: str
    may_undo: bool
    started_at: Moment
    finished_at: Moment | None
    undone_at: Moment | None


class BulkCustomerOut(Output):
    """A customer of the change. name is null for whoever is out of reach."""

    customer_id: int
    name: str | None
    outcome: str


@router.post(
    "/bulk-changes/preview",
    response=BulkPreviewOut,
    operation_id="preview_bulk_change",
    summary="Preview a change of many customers",
)
def preview_bulk_change(request: ActorRequest, wanted: BulkChangeIn) -> HttpResponse:
    """Counts of what it would do now; nothing is done."""
    with _named_as_sent():
        found = direct.look(actor=request.actor, wanted=wanted.wanted(), at=now())
    return answer(
        {
            "total": found.total,
            "changed": found.changed,
            "unchanged": found.same,
            "refused": [{"reason": reason, "count": count} for reason, count in found.refused],
            "is_given_away": found.is_given_away,
        }
    )


@router.post(
    "/bulk-changes",
    response={201: BulkChangeOut},
    operation_id="start_bulk_change",
    summary="Change many customers",
)
@idempotent
def start_bulk_change(request: ActorRequest, wanted: BulkChangeIn) -> HttpResponse:
    """A few customer_ids are done at once; many, and lists, in the background: ask until the status is "done"."""
    with _named_as_sent():
        act = direct.begin(actor=request.actor, wanted=wanted.wanted(), at=now())
    return answer(_row(request, act), status=201, location=f"/api/v1/bulk-changes/{act.pk}")


@router.get(
    "/bulk-changes",
    response=PageOf[BulkChangeOut],
    operation_id="list_bulk_changes",
    summary="List changes of many customers",
)
def list_bulk_changes(request: ActorRequest, limit: Limit = 50, after: After = "") -> HttpResponse:
    """One's own, or everybody's for those who see every customer; the latest first."""
    found = selectors.page_acts(actor=request.actor, page=Page(size=limit, after=after))
    return answer_page([_row(request, one) for one in found.items], found.next_cursor)


@router.get(
    "/bulk-changes/{change_id}",
    response=BulkChangeOut,
    operation_id="get_bulk_change",
    summary="Get a change of many customers",
)
def get_bulk_change(request: ActorRequest, change_id: Id) -> HttpResponse:
    """How far it is, and what became of it."""
    return answer(_row(request, selectors.get_act(actor=request.actor, act_id=change_id)))


@router.get(
    "/bulk-changes/{change_id}/customers",
    response=PageOf[BulkCustomerOut],
    operation_id="list_bulk_customers",
    summary="List the customers of a change",
)
def list_bulk_customers(
    request: ActorRequest, change_id: Id, outcome: Became = "changed", limit: Limit = 50, after: After = ""
) -> HttpResponse:
    """Those of whom this became; those that were so already stand nowhere."""
    act = selectors.get_act(actor=request.actor, act_id=change_id)
    page = Page(size=limit, after=after)
    found = selectors.page_records(actor=request.actor, act=act, outcome=outcome, page=page)
    rows = [
        {"customer_id": one.record_id, "name": one.name if one.url else None, "outcome": one.code}
        for one in found.items
    ]
    return answer_page(rows, found.next_cursor)


@router.post(
    "/bulk-changes/{change_id}/cancel",
    response=BulkChangeOut,
    operation_id="cancel_bulk_change",
    summary="Cancel a change of many customers",
)
@idempotent
def cancel_bulk_change(request: ActorRequest, change_id: Id) -> HttpResponse:
    """Stop after what is being done at this moment; what is done can be taken back."""
    return answer(_row(request, carrying.cancel_act(actor=request.actor, act_id=change_id, at=now())))


@router.post(
    "/bulk-changes/{change_id}/undo",
    response=BulkChangeOut,
    operation_id="undo_bulk_change",
    summary="Take a change of many customers back",
)
@idempotent
def undo_bulk_change(request: ActorRequest, change_id: Id) -> HttpResponse:
    """Whatever was edited since stays. Many are taken back in the background: ask until the status is "undone"."""
    return answer(_row(request, undoing.start_undo(actor=request.actor, act_id=change_id, at=now())))


def _row(request: ActorRequest, act: Act) -> dict[str, Any]:
    said = saying.say_change(request.actor, act.change)
    return {
        "id": act.pk,
        "action": act.verb,
        "status": _status(act),
        "change": [{"field": one.label, "after": one.after, "before": one.before} for one in said],
        "user_id": act.user_id,
        "total": act.total,
        "done": act.done_count,
        "changed": act.changed_count,
        "unchanged": act.same_count,
        "refused": act.refused_count,
        "undone": act.undone_count,
        "kept": act.kept_count,
        "error": act.failure,
        "may_undo": undoing.is_possible(act, at=now()),
        "started_at": act.made_at,
        "finished_at": act.finished_at,
        "undone_at": act.undone_at,
    }


def _status(act: Act) -> str:
    if act.finished_at is None:
        return "running"
    if act.undone_at is not None:
        return "undone"
    if act.is_undoing:
        return "undoing"
    if act.failure:
        return "failed"
    return "cancelled" if act.is_cancelled else "done"


@contextmanager
def _named_as_sent() -> Iterator[None]:
    """Refusals under the names of the request."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            raise
        raise ValidationError({_pointed(name): found for name, found in error.error_dict.items()}) from error


def _pointed(name: str) -> str:
    """Where in the request it stands."""
    if name in ("add", "remove"):
        return f"{name}_tags"
    return name if name in BulkChangeIn.model_fields else f"fields/{NAMED.get(name, name)}"
