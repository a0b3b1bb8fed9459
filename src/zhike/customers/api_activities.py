"""What is written into a customer's time line, over the API."""

from typing import Annotated, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import After, Id, Input, Limit, Moment, Output, PageOf, Text
from zhike.core.http import ActorRequest
from zhike.core.paging import Page
from zhike.customers.selectors import records
from zhike.customers.services import activities

router = Router(tags=["activities"])

ActivityKind = Literal["note", "follow_up", "call", "visit", "mail"]


class ActivityChangeOut(Output):
    field: str
    before: str
    after: str


class ActivityFileOut(Output):
    """size: in bytes; null once the file is no longer kept. is_open: whether the key's owner may fetch it."""

    name: str
    media_type: str
    size: int | None
    is_open: bool


class ActivityOut(Output):
    """changes: of kind "change", what an edit replaced; text is empty there. file: beside it, null where there is
    none."""

    id: int
    customer_id: int
    kind: str
    happened_at: Moment
    text: str
    author_id: int | None
    is_pinned: bool
    created_at: Moment
    changes: list[ActivityChangeOut]
    file: ActivityFileOut | None


class ActivityIn(Input):
    """happened_at: now if left out."""

    kind: ActivityKind
    text: Annotated[Text, Field(min_length=1, max_length=10_000)]
    happened_at: Moment | None = None


@router.get(
    "/customers/{customer_id}/activities",
    response=PageOf[ActivityOut],
    operation_id="list_activities",
    summary="List the activities",
)
def list_activities(request: ActorRequest, customer_id: Id, limit: Limit = 50, after: After = "") -> HttpResponse:
    """What was written into the customer's time line, latest first."""
    page = records.list_activities(actor=request.actor, customer_id=customer_id, page=Page(size=limit, after=after))
    return answer_page(page.items, page.next_cursor)


@router.post(
    "/customers/{customer_id}/activities",
    response={201: ActivityOut},
    operation_id="add_activity",
    summary="Add an activity",
)
@idempotent
def add_activity(request: ActorRequest, customer_id: Id, activity: ActivityIn) -> HttpResponse:
    """Write a follow-up, note, call, visit or mail into the time line."""
    added = activities.add_activity(actor=request.actor, customer_id=customer_id, at=timezone.now(), **dict(activity))
    return answer(records.get_activity(actor=request.actor, activity_id=added.pk), status=201)
