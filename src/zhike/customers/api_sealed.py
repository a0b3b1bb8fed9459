"""Masked and encrypted fields of customers over the API."""

from typing import Annotated

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import Id, Input, Output, PageOf, Short, Text
from zhike.core.http import ActorRequest
from zhike.customers.api import CustomerOut, Reference
from zhike.customers.sealed import ID_NUMBER
from zhike.customers.selectors import records, sealed_values
from zhike.customers.services import reveals, sealing

router = Router(tags=["customers"])


class IdNumberIn(Input):
    value: Short


class SealedIn(Input):
    """field: one of those that are stored encrypted, "custom.key" of the company's own."""

    field: Short = ID_NUMBER
    value: Short


class RevealIn(Input):
    """field: as in withheld; of an identifier, its kind and its id."""

    field: Short
    identifier_id: Reference | None = None
    reason: Annotated[Text, Field(min_length=reveals.SHORTEST_REASON, max_length=reveals.LONGEST_REASON)]


class RevealedOut(Output):
    """left_today: how many more may be seen today; null where the field was not masked."""

    value: str
    left_today: int | None


@router.post(
    "/customers/{customer_id}/reveal", response=RevealedOut, operation_id="reveal_field", summary="See a masked value"
)
def reveal_field(request: ActorRequest, customer_id: Id, wanted: RevealIn) -> HttpResponse:
    """A masked field in full. It needs a reason, counts against the limit of the day and stays in the history."""
    found = reveals.reveal_field(
        actor=request.actor,
        customer_id=customer_id,
        name=wanted.field,
        reason=wanted.reason,
        at=timezone.now(),
        identifier_id=wanted.identifier_id,
    )
    response = answer({"value": found.value, "left_today": found.left})
    response.headers["Cache-Control"] = "no-store"
    return response


@router.put(
    "/customers/{customer_id}/id-number",
    response=CustomerOut,
    operation_id="put_id_number",
    summary="Set the ID number",
)
def put_id_number(request: ActorRequest, customer_id: Id, wanted: IdNumberIn) -> HttpResponse:
    """Keep a person's ID number, encrypted; an empty one takes it away."""
    sealing.put_id_number(actor=request.actor, customer_id=customer_id, value=wanted.value, at=timezone.now())
    return answer(records.get_record(actor=request.actor, customer_id=customer_id))


@router.post(
    "/customers-by-id-number",
    response=PageOf[CustomerOut],
    operation_id="find_by_id_number",
    summary="Find by ID number",
)
def find_by_id_number(request: ActorRequest, wanted: SealedIn) -> HttpResponse:
    """Customers with exactly this number, or this value of another encrypted field. It is a POST so that the value
    stands in no address and no log."""
    keys = sealed_values.find_by_value(actor=request.actor, field=wanted.field, value=wanted.value)
    return answer_page(records.list_records(actor=request.actor, keys=keys), "")
