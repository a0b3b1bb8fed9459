"""The request desk and consents over the API."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import BIGGEST_ID, After, Day, Flag, Id, Input, Limit, Moment, Output, PageOf, Text
from zhike.core.http import ActorRequest
from zhike.core.paging import Page
from zhike.customers.models import Customer
from zhike.customers.services.reveals import LONGEST_REASON, SHORTEST_REASON
from zhike.privacy.api_answers import Kind, RequestDetailOut, RequestOut, State, answer_request, shown_request
from zhike.privacy.models import Consent, Purpose
from zhike.privacy.selectors import consents as consent_rows
from zhike.privacy.selectors import requests as selectors
from zhike.privacy.services import consents, handing_over
from zhike.privacy.services import requests as services

router = Router(tags=["personal information"])

ChannelName = Literal["sms", "phone", "email", "wechat", "post"]
Source = Literal["form", "call", "shop", "web"]
Reference = Annotated[int, Field(ge=1, le=BIGGEST_ID)]
Long = Annotated[Text, Field(max_length=2000)]
ARCHIVE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "A ZIP file: data.json and a page for people; to be taken elsewhere, its schema, CSV, vCard",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


class RequestFilterIn(Input):
    state: State | None = None


class RequestIn(Input):
    """received_on: today if left out; what the deadline counts from."""

    customer_id: Reference
    kind: Kind
    received_on: Day | None = None
    wish: Long = ""


class IdentityIn(Input):
    identity: Annotated[Text, Field(min_length=1, max_length=500)]


class CopyIn(Input):
    """reason: why the data is taken out now; it stays in the history."""

    reason: Annotated[Text, Field(min_length=SHORTEST_REASON, max_length=LONGEST_REASON)]


class ErasureIn(Input):
    """confirmed: the customer's name."""

    confirmed: Annotated[Text, Field(min_length=1, max_length=200)]


class DecisionIn(Input):
    """outcome: what the person was told; a refusal needs it."""

    is_refused: Flag = False
    outcome: Long = ""


class ConsentOut(Output):
    """The latest word on a purpose and channel. withdraw_path: the person's own link, which needs no log-in."""

    id: int
    purpose_id: int
    purpose: str
    channel: ChannelName
    is_given: bool
    at: Moment
    source: Literal["form", "call", "shop", "web", "link"]
    wording: str
    evidence: str
    withdraw_path: str


class ConsentsOut(Output):
    items: list[ConsentOut]


class ConsentIn(Input):
    """is_given: false withdraws. A consent needs wording and evidence."""

    purpose_id: Reference
    channel: ChannelName
    is_given: Flag
    source: Source
    wording: Annotated[Text, Field(max_length=200)] = ""
    evidence: Annotated[Text, Field(max_length=300)] = ""


@router.get(
    "/privacy/requests", response=PageOf[RequestOut], operation_id="list_requests", summary="List persons' requests"
)
def list_requests(
    request: ActorRequest, where: Query[RequestFilterIn], limit: Limit = 50, after: After = ""
) -> HttpResponse:
    """What persons asked for, the latest first."""
    found = selectors.page_requests(
        actor=request.actor, page=Page(size=limit, after=after), state=where.state or "", today=timezone.localdate()
    )
    return answer_page([shown_request(request.actor, row) for row in found.items], found.next_cursor)


@router.post(
    "/privacy/requests",
    response={201: RequestDetailOut},
    operation_id="take_request",
    summary="Put a request on the desk",
)
@idempotent
def take_request(request: ActorRequest, asked: RequestIn) -> HttpResponse:
    """Keep what a person asks for, with the day by which it has to be answered."""
    made = services.take_request(
        actor=request.actor,
        customer_id=asked.customer_id,
        kind=asked.kind,
        received_on=asked.received_on or timezone.localdate(),
        wish=asked.wish,
    )
    return answer_request(request, made.pk, status=201)


@router.get(
    "/privacy/requests/{request_id}",
    response=RequestDetailOut,
    operation_id="get_request",
    summary="Get a person's request",
)
def get_request(request: ActorRequest, request_id: Id) -> HttpResponse:
    """One request with what came of it."""
    return answer_request(request, request_id)


@router.put(
    "/privacy/requests/{request_id}/identity",
    response=RequestDetailOut,
    operation_id="check_identity",
    summary="Note how the identity was checked",
)
def check_identity(request: ActorRequest, request_id: Id, told: IdentityIn) -> HttpResponse:
    """Nothing is carried out before this."""
    services.note_identity(actor=request.actor, request_id=request_id, identity=told.identity)
    return answer_request(request, request_id)


@router.post(
    "/privacy/requests/{request_id}/copy",
    operation_id="copy_person",
    summary="Take out a person's data",
    openapi_extra=ARCHIVE,
)
def copy_person(request: ActorRequest, request_id: Id, told: CopyIn) -> HttpResponse:
    """What a request for a copy or a transfer asks for. It is made for this answer, and no file stays on the server."""
    content = handing_over.hand_over(actor=request.actor, request_id=request_id, reason=told.reason)
    response = HttpResponse(content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="personal-data-{request_id}.zip"'
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post(
    "/privacy/requests/{request_id}/erasure",
    response=RequestDetailOut,
    operation_id="erase_person",
    summary="Erase the person",
)
@idempotent
def erase_person(request: ActorRequest, request_id: Id, told: ErasureIn) -> HttpResponse:
    """Erase everything about the person and close the request. It cannot be taken back; files follow within minutes."""
    services.carry_out_erasure(actor=request.actor, request_id=request_id, confirmed=told.confirmed, at=timezone.now())
    return answer_request(request, request_id)


@router.post(
    "/privacy/requests/{request_id}/decision",
    response=RequestDetailOut,
    operation_id="close_request",
    summary="Decide a request",
)
@idempotent
def close_request(request: ActorRequest, request_id: Id, decision: DecisionIn) -> HttpResponse:
    """Close it as carried out, or refuse it with reasons."""
    services.close_request(
        actor=request.actor,
        request_id=request_id,
        is_refused=decision.is_refused,
        outcome=decision.outcome,
        at=timezone.now(),
    )
    return answer_request(request, request_id)


@router.get(
    "/customers/{customer_id}/consents",
    response=ConsentsOut,
    operation_id="list_consents",
    summary="List what a customer agreed to",
)
def list_consents(request: ActorRequest, customer_id: Id) -> HttpResponse:
    """The latest word on every purpose and channel."""
    Customer.objects.visible_to(request.actor).only("pk").get(pk=customer_id)
    return answer({"items": [_consent(one) for one in consent_rows.list_standing(customer_id=customer_id)]})


@router.post(
    "/customers/{customer_id}/consents",
    response={201: ConsentOut},
    operation_id="record_consent",
    summary="Record or withdraw consent",
)
@idempotent
def record_consent(request: ActorRequest, customer_id: Id, told: ConsentIn) -> HttpResponse:
    """Keep that the customer agrees, with the proof, or withdraws; a withdrawal shuts the address itself."""
    Customer.objects.visible_to(request.actor).only("pk").get(pk=customer_id)
    made = consents.record_consent(
        actor=request.actor,
        customer_id=customer_id,
        purpose=Purpose.objects.get(pk=told.purpose_id),
        channel=told.channel,
        is_given=told.is_given,
        source=told.source,
        wording=told.wording,
        evidence=told.evidence,
        at=timezone.now(),
    )
    return answer(_consent(consent_rows.standing_of(made)), status=201)


def _consent(standing: consent_rows.Standing) -> dict[str, Any]:
    one: Consent = standing.consent
    names = ("id", "purpose_id", "channel", "is_given", "at", "source", "wording", "evidence")
    told = {name: getattr(one, name) for name in names}
    return {**told, "purpose": standing.purpose, "withdraw_path": standing.link}
