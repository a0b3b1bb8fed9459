"""Orders and products over the API."""

from typing import Annotated, Literal

from django.http import HttpResponse
from django.utils.timezone import now
from ninja import Query, Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.commerce import selectors, services
from zhike.commerce.services import reveals
from zhike.commerce.services.bin import CODE
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import After, Amount, Exact, Id, Input, Limit, Moment, Output, PageOf, Quantity, Short, Text
from zhike.core.http import ActorRequest
from zhike.core.money import plain
from zhike.core.paging import Page
from zhike.customers.api_sealed import RevealedOut
from zhike.customers.services.reveals import LONGEST_REASON, SHORTEST_REASON
from zhike.recovery import services as recovery

router = Router(tags=["orders"])

Code = Annotated[Text, Field(max_length=100)]
Kind = Literal["sale", "refund"]


class OrderOut(Output):
    """An order without its lines. total_amount: the lines' sum, unrounded; negative for a refund.

    withheld: fields that the key's owner does not read. A hidden one is null, or empty where it is text; of a masked
    number the middle is left out, and a masked amount is null.
    """

    id: int
    customer_id: int | None
    source: str
    number: str
    kind: Kind
    placed_at: Moment
    currency: str
    total_amount: Exact | None
    line_count: int
    channel: str
    store: str
    created_at: Moment
    withheld: dict[str, Literal["hidden", "masked"]]


class LineOut(Output):
    """What the order withholds (`product`, `quantity`, `amount` with the price) is null."""

    id: int
    product_id: int | None
    product_code: str | None
    product_name: str | None
    quantity: Exact | None
    unit_price: Exact | None
    amount: Exact | None


class OrderWithLines(OrderOut):
    lines: list[LineOut]


class LineIn(Input):
    """amount: quantity times unit price if left out. A product not yet known to the source is created."""

    quantity: Quantity
    unit_price: Amount
    amount: Amount | None = None
    product_code: Code = ""
    product_name: Annotated[Text, Field(max_length=300)] = ""
    category: Code = ""

    def draft(self) -> services.LineDraft:
        return services.LineDraft(**dict(self))


class OrderIn(Input):
    """number: unique within the source; the same order sent again changes nothing. customer_id: null if anonymous."""

    source: Annotated[Short, Field(min_length=1)]
    number: Annotated[Code, Field(min_length=1)]
    customer_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    kind: Kind = "sale"
    placed_at: Moment
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    channel: Short = ""
    store: Code = ""
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=1000)]


class RefundIn(Input):
    placed_at: Moment


class RevealOrderIn(Input):
    """field: `amount` for the order's total with the prices of its lines, or `number`."""

    field: Literal["amount", "number"]
    reason: Annotated[Text, Field(min_length=SHORTEST_REASON, max_length=LONGEST_REASON)]


class LinePricesOut(Output):
    """unit_price: null where it would tell the quantity, which the key's owner does not see."""

    id: int
    unit_price: Exact | None
    amount: Exact


class RevealedOrderOut(RevealedOut):
    """lines: prices of the order's lines, with the total."""

    lines: list[LinePricesOut]


class ProductOut(Output):
    id: int
    source: str
    code: str
    name: str
    category: str


class OrderFilterIn(Input):
    customer_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    source: Text | None = None
    number: Text | None = None
    kind: Kind | None = None
    placed_from: Moment | None = None
    placed_before: Moment | None = None


@router.get("/orders", response=PageOf[OrderOut], operation_id="list_orders", summary="List orders")
def list_orders(
    request: ActorRequest, where: Query[OrderFilterIn], limit: Limit = 50, after: After = ""
) -> HttpResponse:
    """Orders that the key may see, latest first."""
    wanted = selectors.OrderFilter(**dict(where))
    page = selectors.list_orders(actor=request.actor, where=wanted, page=Page(size=limit, after=after))
    return answer_page(page.items, page.next_cursor)


@router.get("/orders/{order_id}", response=OrderWithLines, operation_id="get_order", summary="Get an order")
def get_order(request: ActorRequest, order_id: Id) -> HttpResponse:
    """One order with its lines."""
    return answer(selectors.get_order(actor=request.actor, order_id=order_id))


@router.post(
    "/orders",
    response={201: OrderWithLines, 200: OrderWithLines},
    operation_id="create_order",
    summary="Create an order",
)
@idempotent
def create_order(request: ActorRequest, order: OrderIn) -> HttpResponse:
    """Record a purchase: 201 if it is new, 200 if the source's order of this number is already there and the same."""
    drafts = [line.draft() for line in order.lines]
    made, is_new = services.create_order(actor=request.actor, at=now(), **{**dict(order), "lines": drafts})
    return _answer_order(request, made.pk, status=201 if is_new else 200)


@router.delete(
    "/orders/{order_id}",
    response={204: None},
    operation_id="delete_order",
    summary="Delete an order",
)
def delete_order(request: ActorRequest, order_id: Id) -> HttpResponse:
    """Move it to the recycle bin with its lines, and with the refund that took it back."""
    recovery.bin_records(actor=request.actor, kind=CODE, record_ids=[order_id], at=now())
    return HttpResponse(status=204)


@router.post(
    "/orders/{order_id}/refund", response={201: OrderWithLines}, operation_id="refund_order", summary="Refund an order"
)
@idempotent
def refund_order(request: ActorRequest, order_id: Id, refund: RefundIn) -> HttpResponse:
    """Take a whole order back. The answer is the refund: a negative order of the same lines."""
    made = services.refund_order(actor=request.actor, order_id=order_id, placed_at=refund.placed_at, at=now())
    return _answer_order(request, made.pk, status=201)


@router.post(
    "/orders/{order_id}/reveal",
    response=RevealedOrderOut,
    operation_id="reveal_order_field",
    summary="See a masked field of an order",
)
def reveal_order_field(request: ActorRequest, order_id: Id, wanted: RevealOrderIn) -> HttpResponse:
    """The order's total with the prices of its lines, or its number, in full. It needs a reason, counts once against
    the limit of the day and stays in the customer's history."""
    found = reveals.reveal_order_field(
        actor=request.actor, order_id=order_id, name=wanted.field, reason=wanted.reason, at=now()
    )
    lines = [
        {
            "id": line.line_id,
            "unit_price": None if line.unit_price is None else plain(line.unit_price),
            "amount": plain(line.amount),
        }
        for line in found.lines
    ]
    response = answer({"value": found.value, "left_today": found.left, "lines": lines})
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get(
    "/products", response=PageOf[ProductOut], operation_id="list_products", summary="List products", tags=["products"]
)
def list_products(
    request: ActorRequest, source: Text | None = None, code: Text | None = None, limit: Limit = 50, after: After = ""
) -> HttpResponse:
    """Products in the order they became known."""
    page = selectors.list_products(actor=request.actor, source=source, code=code, page=Page(size=limit, after=after))
    return answer_page(page.items, page.next_cursor)


@router.get(
    "/products/{product_id}",
    response=ProductOut,
    operation_id="get_product",
    summary="Get a product",
    tags=["products"],
)
def get_product(request: ActorRequest, product_id: Id) -> HttpResponse:
    """One product."""
    return answer(selectors.get_product(actor=request.actor, product_id=product_id))


def _answer_order(request: ActorRequest, order_id: int, *, status: int) -> HttpResponse:
    # Whoever may create the order is told what was created, even where looking around is not granted.
    order = selectors.get_order(actor=request.actor, order_id=order_id, permission=services.CREATE)
    return answer(order, status=status, location=f"/api/v1/orders/{order_id}")
