"""Customers and their identifiers over the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field, JsonValue

from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import (
    BIGGEST_ID,
    After,
    Day,
    Exact,
    Flag,
    Id,
    Input,
    Limit,
    Moment,
    Name,
    Output,
    PageOf,
    Short,
    Text,
)
from zhike.core.http import ActorRequest
from zhike.core.lists import registry
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import read_state
from zhike.core.paging import Page
from zhike.customers import own_fields
from zhike.customers.listing import KEY
from zhike.customers.selectors import find_customers, records
from zhike.customers.services import bin as bin_kind
from zhike.customers.services import identifiers, people, tags
from zhike.recovery import services as recovery

router = Router(tags=["customers"])

Kind = Literal["person", "organisation"]
Relation = Literal[
    "suspect", "prospect", "disqualified", "first_time", "repeat", "client", "advocate", "partner", "former", ""
]
IdentifierKind = Literal["phone", "email", "wechat", "address", "uscc", "external"]
Reference = Annotated[int, Field(ge=1, le=BIGGEST_ID)]
Place = Annotated[Text, Field(max_length=60)]
Value = Annotated[Text, Field(min_length=1, max_length=500)]
OwnValues = Annotated[
    dict[str, JsonValue],
    Field(max_length=1000, description="The company's own fields by their keys; null takes a value away."),
]
TagName = Annotated[Text, Field(min_length=1, max_length=50)]


class IdentifierOut(Output):
    """Something a customer is recognised or reached by. system: the source system of an external id."""

    id: int
    kind: IdentifierKind
    system: str
    value: str
    source: str
    is_primary: bool
    created_at: Moment


class FactsOut(Output):
    """Figures of the latest scoring run. amount: in the company's currency, refunds subtracted.

    Those that the key's owner does not read, as `withheld` says, are null, or empty where they are text.
    """

    as_of: Day
    grade: str
    stage: str
    relationship: str
    r: int | None
    f: int | None
    m: int | None
    order_count: int | None
    amount: Exact | None
    first_order_on: Day | None
    last_order_on: Day | None


class CustomerOut(Output):
    """version grows with every edit; send it with a change to be refused if somebody was quicker.

    withheld: fields that the key's owner does not read; a hidden one is empty here, a masked one has its middle left
    out. Identifiers go by their kind. custom: the company's own fields by their keys, without those that are empty;
    numbers and amounts as text. They are called custom.key elsewhere.
    """

    id: int
    kind: Kind
    name: str
    owner_id: int | None
    team_id: int | None
    channel: str
    relationship: Relation
    country: str
    province: str
    city: str
    birthday_on: Day | None
    id_number: str
    note: str
    custom: dict[str, Any]
    created_at: Moment
    updated_at: Moment
    version: int
    identifiers: list[IdentifierOut]
    tags: list[str]
    facts: FactsOut | None
    withheld: dict[str, Literal["hidden", "masked"]]


class IdentifierIn(Input):
    """system: the source system of an external id, empty for every other kind."""

    kind: IdentifierKind
    value: Value
    system: Short = ""
    is_primary: Flag = False

    def new(self) -> identifiers.NewIdentifier:
        return identifiers.NewIdentifier(**dict(self))


class CustomerFields(Input):
    kind: Kind = "person"
    owner_id: Reference | None = None
    team_id: Reference | None = None
    channel: Short = ""
    relationship: Relation = ""
    country: Place = ""
    province: Place = ""
    city: Place = ""
    birthday_on: Day | None = None
    note: Annotated[Text, Field(max_length=100_000)] = ""
    custom: OwnValues = {}

    def changes(self, *, but: tuple[str, ...] = ()) -> dict[str, Any]:
        """What was sent, under the names that the services use."""
        return {name.removesuffix("_id"): value for name, value in self.given().items() if name not in (*but, "custom")}

    def own(self) -> dict[str, Any]:
        return {f"{own_fields.PREFIX}{key}": value for key, value in self.custom.items()}


class CustomerIn(CustomerFields):
    """Without an owner it is the key owner's, in their team."""

    name: Name
    identifiers: Annotated[list[IdentifierIn], Field(max_length=100)] = []
    tags: Annotated[list[TagName], Field(max_length=50)] = []


class CustomerPatch(CustomerFields):
    """Only what is sent changes. version: refused if the customer was edited since."""

    name: Name = ""
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class IdentifierPatch(Input):
    value: Value | None = None
    is_primary: Literal[True] | None = None


class TagsIn(Input):
    tags: Annotated[list[TagName], Field(max_length=50)]


class TagsOut(Output):
    tags: list[str]


class IdentifiersOut(Output):
    items: list[IdentifierOut]


class CustomerFilterIn(Input):
    """identifier, identifier_kind, identifier_system: exactly this one, in whatever spelling; alone."""

    q: Annotated[Text, Field(max_length=100, description="Name, pinyin, phone fragment, e-mail, external id.")] = ""
    f: Annotated[
        Text,
        Field(
            max_length=4000,
            description="The filter as in the browser's address, for example `grade:is:top,high;city:is:上海`.",
        ),
    ] = ""
    sort: Annotated[
        Text, Field(max_length=40, description="newest, name, created, amount, orders, last_order, grade; - descends.")
    ] = ""
    identifier: Value | None = None
    identifier_kind: IdentifierKind = "phone"
    identifier_system: Short = ""


@router.get("/customers", response=PageOf[CustomerOut], operation_id="list_customers", summary="List customers")
def list_customers(
    request: ActorRequest, where: Query[CustomerFilterIn], limit: Limit = 50, after: After = ""
) -> HttpResponse:
    """Customers that the key may see, latest added first."""
    actor = request.actor
    if where.identifier is not None:
        keys = records.find_by_identifier(
            actor=actor, kind=where.identifier_kind, value=where.identifier, system=where.identifier_system
        )
        return answer_page(records.list_records(actor=actor, keys=keys), "")
    asking = Asking(actor=actor, now=timezone.now(), zone=timezone.get_current_timezone())
    state = read_state({"q": where.q, "f": where.f, "sort": where.sort}, of=registry.get(KEY))
    found = find_customers(actor=actor, asking=asking, state=state, page=Page(size=limit, after=after))
    return answer_page(records.list_records(actor=actor, keys=found.items), found.next_cursor)


@router.get("/customers/{customer_id}", response=CustomerOut, operation_id="get_customer", summary="Get a customer")
def get_customer(request: ActorRequest, customer_id: Id) -> HttpResponse:
    """One customer with identifiers, tags and figures."""
    return answer(records.get_record(actor=request.actor, customer_id=customer_id))


@router.post("/customers", response={201: CustomerOut}, operation_id="create_customer", summary="Create a customer")
@idempotent
def create_customer(request: ActorRequest, customer: CustomerIn) -> HttpResponse:
    """Add a customer. A unique identifier that is known already is refused with the id of its customer."""
    with _named_as_sent():
        made = people.add_customer(
            actor=request.actor,
            at=timezone.now(),
            source="api",
            identifiers=[one.new() for one in customer.identifiers],
            tags=customer.tags,
            custom=customer.own(),
            **customer.changes(but=("identifiers", "tags")),
        )
    row = records.record_of_new(
        made.customer, actor=request.actor, identifiers=made.identifiers, has_tags=bool(customer.tags)
    )
    return answer(row, status=201, location=f"/api/v1/customers/{made.customer.pk}")


@router.patch(
    "/customers/{customer_id}", response=CustomerOut, operation_id="edit_customer", summary="Change a customer"
)
def edit_customer(request: ActorRequest, customer_id: Id, changes: CustomerPatch) -> HttpResponse:
    """Change the fields that are sent; the time line records it."""
    with _named_as_sent():
        people.edit_customer(
            actor=request.actor,
            customer_id=customer_id,
            changes=changes.changes(but=("version",)) | changes.own(),
            version=changes.version,
            at=timezone.now(),
        )
    return answer(records.get_record(actor=request.actor, customer_id=customer_id))


@router.delete(
    "/customers/{customer_id}", response={204: None}, operation_id="delete_customer", summary="Delete a customer"
)
def delete_customer(request: ActorRequest, customer_id: Id) -> HttpResponse:
    """Move it to the recycle bin with all that belongs to it; its orders stay, without a customer."""
    recovery.bin_records(actor=request.actor, kind=bin_kind.CODE, record_ids=[customer_id], at=timezone.now())
    return HttpResponse(status=204)


@router.put("/customers/{customer_id}/tags", response=TagsOut, operation_id="set_tags", summary="Set the tags")
def set_tags(request: ActorRequest, customer_id: Id, wanted: TagsIn) -> HttpResponse:
    """Give the customer exactly these tags; new words are created."""
    tags.set_tags(actor=request.actor, customer_id=customer_id, names=wanted.tags, at=timezone.now())
    return answer({"tags": records.get_record(actor=request.actor, customer_id=customer_id)["tags"]})


@router.get(
    "/customers/{customer_id}/identifiers",
    response=IdentifiersOut,
    operation_id="list_identifiers",
    summary="List the identifiers",
)
def list_identifiers(request: ActorRequest, customer_id: Id) -> HttpResponse:
    """All phones, e-mails, addresses and ids of a customer."""
    return answer({"items": records.list_identifiers(actor=request.actor, customer_id=customer_id)})


@router.post(
    "/customers/{customer_id}/identifiers",
    response={201: IdentifierOut},
    operation_id="add_identifier",
    summary="Add an identifier",
)
@idempotent
def add_identifier(request: ActorRequest, customer_id: Id, identifier: IdentifierIn) -> HttpResponse:
    """Give the customer another identifier."""
    added, _change = identifiers.add_identifier(
        actor=request.actor, customer_id=customer_id, new=identifier.new(), at=timezone.now()
    )
    row = records.get_identifier(actor=request.actor, customer_id=customer_id, identifier_id=added.pk)
    return answer(row, status=201)


@router.patch(
    "/customers/{customer_id}/identifiers/{identifier_id}",
    response=IdentifierOut,
    operation_id="change_identifier",
    summary="Correct an identifier",
)
def change_identifier(
    request: ActorRequest, customer_id: Id, identifier_id: Id, changes: IdentifierPatch
) -> HttpResponse:
    """Correct its value, or put it first among those of its kind."""
    actor = request.actor
    records.get_identifier(actor=actor, customer_id=customer_id, identifier_id=identifier_id)
    if changes.value is not None:
        identifiers.change_identifier(actor=actor, identifier_id=identifier_id, value=changes.value, at=timezone.now())
    if changes.is_primary:
        identifiers.make_primary(actor=actor, identifier_id=identifier_id)
    return answer(records.get_identifier(actor=actor, customer_id=customer_id, identifier_id=identifier_id))


@router.delete(
    "/customers/{customer_id}/identifiers/{identifier_id}",
    response={204: None},
    operation_id="remove_identifier",
    summary="Remove an identifier",
)
def remove_identifier(request: ActorRequest, customer_id: Id, identifier_id: Id) -> HttpResponse:
    """Take an identifier away; the time line remembers it."""
    records.get_identifier(actor=request.actor, customer_id=customer_id, identifier_id=identifier_id)
    identifiers.remove_identifier(actor=request.actor, identifier_id=identifier_id, at=timezone.now())
    return HttpResponse(status=204)


@contextmanager
def _named_as_sent() -> Iterator[None]:
    """Refusals under the names of the request: services say owner and team where clients send owner_id and team_id."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            raise
        sent = {"owner": "owner_id", "team": "team_id"}
        raise ValidationError({sent.get(name, name): found for name, found in error.error_dict.items()}) from error
