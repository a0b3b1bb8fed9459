"""Orders as the pages about customers show them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from zhike.commerce.models import Order, OrderLine
from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows
from zhike.customers.guarded import shown_name
from zhike.customers.timeline import Entry, Request, Source, behind
from zhike.ui import formatting

SOURCE = "order"


@dataclass(frozen=True, kw_only=True)
class Total:
    """A customer's orders in one currency, refunds negative."""

    currency: str
    amount: Decimal
    order_count: int
    refund_count: int
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class Line:
    """One product on an order."""

    product: str
    code: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class OrderPage:
    """An order with its lines; customer_name: empty where it is anonymous or out of sight."""

    order: Order
    lines: list[Line]
    customer_id: int | None
    customer_name: str


def list_orders(*, actor: Actor, customer_id: int, page: Page) -> Rows[Order]:
    """A customer's orders the actor may see, newest first."""
    orders = Order.objects.visible_to(actor).filter(customer=customer_id)
    return page.of(orders, by=("-placed_at", "-pk"))


def sum_orders(*, actor: Actor, customer_id: int) -> list[Total]:
    """What a customer bought, for each currency, the largest first."""
    orders = Order.objects.visible_to(actor).filter(customer=customer_id)
    is_refund = Q(kind=Order.Kind.REFUND)
    sums = orders.values("currency").annotate(
        amount=Sum("total_amount"),
        order_count=Count("pk", filter=~is_refund),
        refund_count=Count("pk", filter=is_refund),
        last_at=Max("placed_at"),
    )
    return [Total(**row) for row in sums.order_by("-amount")]


def get_order(*, actor: Actor, order_id: int) -> OrderPage:
    """An order with its lines in the source's sequence.

    :raises Order.DoesNotExist: there is none, or not for this actor
    """
    order = Order.objects.visible_to(actor).select_related("customer").get(pk=order_id)
    rows = OrderLine.objects.filter(order=order).select_related("product").order_by("pk")[:1000]
    return OrderPage(
        order=order,
        lines=[
            Line(
                product=line.product.name if line.product else "",
                code=line.product.code if line.product else "",
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=line.amount,
            )
            for line in rows
        ],
        customer_id=order.customer_id,
        customer_name=shown_name(actor, order.customer.name) if order.customer else "",
    )


def _entries(asked: Request) -> list[Entry]:
    orders = Order.objects.visible_to(asked.actor).filter(
        behind(asked.before, source=SOURCE, at="placed_at"), customer=asked.customer_id
    )
    if asked.kinds:
        kinds = {"order": Order.Kind.SALE, "refund": Order.Kind.REFUND}
        orders = orders.filter(kind__in=[kinds[kind] for kind in asked.kinds])
    return [_entry(order) for order in orders.order_by("-placed_at", "-pk")[: asked.limit]]


def _entry(order: Order) -> Entry:
    is_refund = order.kind == Order.Kind.REFUND
    amount = formatting.money(order.total_amount, currency=order.currency, language=get_language() or "zh-hans")
    where = " · ".join(part for part in (order.channel, order.store) if part)
    number = _("No. %(number)s") % {"number": order.number} if order.number else ""
    return Entry(
        at=order.placed_at,
        source=SOURCE,
        key=order.pk,
        kind="refund" if is_refund else "order",
        title=(_("Refund %(amount)s") if is_refund else _("Order %(amount)s")) % {"amount": amount},
        icon="receipt-refund" if is_refund else "shopping-cart",
        lines=[" · ".join(part for part in (number, where) if part)],
        url=reverse("show_order", args=[order.pk]),
    )


def source() -> Source:
    """Orders as a source of the time line. The icons: icon="receipt-refund" and icon="shopping-cart"."""
    return Source(
        key=SOURCE,
        kinds=[("order", pgettext_lazy("purchase", "Order")), ("refund", gettext_lazy("Refund"))],
        permission="commerce.view_order",
        entries=_entries,
    )
