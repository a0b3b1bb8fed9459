"""Orders as the pages about customers show them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Q, Sum, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from zhike.commerce.guarded import AMOUNT, LINE_COLUMNS, PRODUCT, conceal, withheld
from zhike.commerce.models import Order, OrderLine
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows
from zhike.customers.guarded import shown_name
from zhike.customers.permissions import REVEAL
from zhike.customers.timeline import Entry, Request, Source, behind
from zhike.ui import formatting

SOURCE = "order"


@dataclass(frozen=True, kw_only=True)
class Total:
    """A customer's orders in one currency, refunds negative. amount: text where it is masked, None where hidden."""

    currency: str
    amount: Decimal | str | None
    order_count: int
    refund_count: int
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class Line:
    """One product on an order. Amounts: text where they are masked, None where hidden."""

    id: int
    product: str
    code: str
    quantity: Decimal | None
    unit_price: Decimal | str | None
    amount: Decimal | str | None


@dataclass(frozen=True, kw_only=True)
class OrderPage:
    """An order with its lines, without what the reader does not see; customer_name: empty where it is anonymous or
    out of sight. hidden: names of hidden fields. reveal_urls: where a masked field is shown in full, by its name.
    may_edit: whether the actor may put it back to what it was.
    """

    order: Order
    lines: list[Line]
    hidden: set[str]
    reveal_urls: dict[str, str]
    customer_id: int | None
    customer_name: str
    may_edit: bool
    may_delete: bool

    @property
    def shows_lines(self) -> bool:
        return not {"product", "quantity", "amount"} <= self.hidden


def list_orders(*, actor: Actor, customer_id: int, page: Page) -> Rows[Order]:
    """A customer's orders the actor may see, newest first; for showing, never for saving."""
    orders = Order.objects.visible_to(actor).filter(customer=customer_id)
    found = page.of(orders, by=("-placed_at", "-pk"))
    return Rows(items=[conceal(actor, order) for order in found.items], next_cursor=found.next_cursor)


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
    cover = fields.covering(actor, AMOUNT)
    if cover is None:
        return [Total(**row) for row in sums.order_by("-amount")]
    masked = cover("0") or None
    return [replace(Total(**row), amount=masked) for row in sums.order_by("currency")]


def get_order(*, actor: Actor, order_id: int) -> OrderPage:
    """An order with its lines in the source's sequence.

    :raises Order.DoesNotExist: there is none, or not for this actor
    """
    order = Order.objects.visible_to(actor).select_related("customer").get(pk=order_id)
    rows = (
        OrderLine.objects.filter(order=order)
        .order_by("pk")
        .values(
            "id",
            "quantity",
            "unit_price",
            "amount",
            product_text=Coalesce("product__name", Value("")),
            code=Coalesce("product__code", Value("")),
        )
    )
    closed = withheld(actor)
    return OrderPage(
        order=conceal(actor, order),
        lines=[_line(row, masks) for masks in [fields.covers(actor, _LINE_READS)] for row in rows[:1000]],
        hidden={name for name, level in closed.items() if level == "hidden"},
        reveal_urls={
            name: reverse("reveal_order_field", args=[order.pk, name])
            for name, level in closed.items()
            if level == "masked" and actor.may(REVEAL)
        },
        customer_id=order.customer_id,
        customer_name=shown_name(actor, order.customer.name) if order.customer else "",
        may_edit=_may(actor, "commerce.edit_order", order_id),
        may_delete=_may(actor, "commerce.delete_order", order_id),
    )


def _may(actor: Actor, permission: str, order_id: int) -> bool:
    return actor.may(permission) and Order.objects.within(actor, permission).filter(pk=order_id).exists()


_LINE_READS = {**LINE_COLUMNS, "product_text": PRODUCT, "code": PRODUCT}


def _line(found: Mapping[str, Any], masks: dict[str, fields.Mask]) -> Line:
    row = dict(found)
    fields.cover_row(row, masks)
    return Line(product=row.pop("product_text"), **row)


def _entries(asked: Request) -> list[Entry]:
    orders = Order.objects.visible_to(asked.actor).filter(
        behind(asked.before, source=SOURCE, at="placed_at"), customer=asked.customer_id
    )
    if asked.kinds:
        kinds = {"order": Order.Kind.SALE, "refund": Order.Kind.REFUND}
        orders = orders.filter(kind__in=[kinds[kind] for kind in asked.kinds])
    found = orders.order_by("-placed_at", "-pk")[: asked.limit]
    return [_entry(conceal(asked.actor, order)) for order in found]


def _entry(order: Order) -> Entry:
    is_refund = order.kind == Order.Kind.REFUND
    where = " · ".join(part for part in (order.channel, order.store) if part)
    number = _("No. %(number)s") % {"number": order.number} if order.number else ""
    return Entry(
        at=order.placed_at,
        source=SOURCE,
        key=order.pk,
        kind="refund" if is_refund else "order",
        title=_title(order),
        icon="receipt-refund" if is_refund else "shopping-cart",
        lines=[" · ".join(part for part in (number, where) if part)],
        url=reverse("show_order", args=[order.pk]),
    )


def _title(order: Order) -> str:
    is_refund = order.kind == Order.Kind.REFUND
    amount: Decimal | str | None = order.total_amount
    if amount is None:
        return _("Refund") if is_refund else pgettext("purchase", "Order")
    if isinstance(amount, Decimal):
        amount = formatting.money(amount, currency=order.currency, language=get_language() or "zh-hans")
    return (_("Refund %(amount)s") if is_refund else _("Order %(amount)s")) % {"amount": amount}


def source() -> Source:
    """Orders as a source of the time line. The icons: icon="receipt-refund" and icon="shopping-cart"."""
    return Source(
        key=SOURCE,
        kinds=[("order", pgettext_lazy("purchase", "Order")), ("refund", gettext_lazy("Refund"))],
        permission="commerce.view_order",
        entries=_entries,
    )
