"""Reads about orders and products, ready to leave as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, Sum
from django.utils.translation import gettext as _

from zhike.commerce import guarded
from zhike.commerce.models import Order, OrderLine, OrderQuerySet, Product
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.money import plain
from zhike.core.paging import Page, Rows
from zhike.customers.models import Customer

type Row = dict[str, Any]

ORDER_FIELDS = (
    "id",
    "customer_id",
    "source",
    "number",
    "kind",
    "placed_at",
    "currency",
    "total_amount",
    "line_count",
    "channel",
    "store",
    "created_at",
)
_READS = {name: guarded.ORDER_COLUMNS[name] for name in ORDER_FIELDS if name in guarded.ORDER_COLUMNS}
_LINE_READS = {**guarded.LINE_COLUMNS, "product_code": guarded.PRODUCT, "product_name": guarded.PRODUCT}
PRODUCT_FIELDS = ("id", "source", "code", "name", "category")


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    """Which orders to list; what is None does not narrow. placed_before: that moment excluded."""

    customer_id: int | None = None
    source: str | None = None
    number: str | None = None
    kind: str | None = None
    placed_from: datetime | None = None
    placed_before: datetime | None = None

    def of(self, orders: OrderQuerySet) -> OrderQuerySet:
        wanted = {
            "customer_id": self.customer_id,
            "source": self.source,
            "number": self.number,
            "kind": self.kind,
            "placed_at__gte": self.placed_from,
            "placed_at__lt": self.placed_before,
        }
        return orders.filter(**{name: value for name, value in wanted.items() if value is not None})


def list_orders(*, actor: Actor, where: OrderFilter, page: Page) -> Rows[Row]:
    """Orders, latest first.

    :raises FilterInvalid: it asks for a field that the actor does not read
    """
    if where.number is not None and not fields.reads(actor, [guarded.NUMBER]):
        raise FilterInvalid(_("There is no field “%(field)s” to filter by.") % {"field": "number"})
    orders = where.of(Order.objects.visible_to(actor)).values(*ORDER_FIELDS)
    found = page.of(orders, by=("-placed_at", "-id"))
    return Rows(items=_orders(actor, found.items), next_cursor=found.next_cursor)


def get_order(*, actor: Actor, order_id: int, permission: str = OrderQuerySet.view_permission) -> Row:
    """One order with its lines.

    permission: the grant whose scope must reach it.

    :raises Order.DoesNotExist: not there, or out of reach
    """
    [order] = _orders(actor, [Order.objects.within(actor, permission).values(*ORDER_FIELDS).get(pk=order_id)])
    lines = OrderLine.objects.filter(order_id=order_id).order_by("id")
    columns = ("id", "product_id", "quantity", "unit_price", "amount")
    named = lines.values(*columns, product_code=F("product__code"), product_name=F("product__name"))
    closed = [name for name, key in _LINE_READS.items() if not fields.reads(actor, [key])]
    shown = [_plainly(line, "quantity", "unit_price", "amount") | dict.fromkeys(closed) for line in named]
    return {**order, "lines": shown}


def list_products(*, actor: Actor, page: Page, source: str | None = None, code: str | None = None) -> Rows[Row]:
    """Products in the order they became known."""
    require(actor, OrderQuerySet.view_permission)
    wanted = {"source": source, "code": code}
    products = Product.objects.filter(**{name: value for name, value in wanted.items() if value is not None})
    return page.of(products.values(*PRODUCT_FIELDS), by=("id",))


def get_product(*, actor: Actor, product_id: int) -> Row:
    """One product.

    :raises Product.DoesNotExist: not there
    """
    require(actor, OrderQuerySet.view_permission)
    product: Row = Product.objects.values(*PRODUCT_FIELDS).get(pk=product_id)
    return product


def _orders(actor: Actor, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """As the actor sees them: an amount is there in full or not at all."""
    masks = fields.covers(actor, _READS)
    closed = guarded.withheld(actor)
    found = []
    for one in rows:
        row = _plainly(one, "total_amount") | {"withheld": closed}
        fields.cover_row(row, masks)
        if "total_amount" in masks:
            row["total_amount"] = None
        found.append(row)
    return found


def _plainly(row: Mapping[str, Any], *names: str) -> Row:
    return {**row, **{name: plain(row[name]) for name in names}}


def get_totals(*, actor: Actor) -> Row:
    """How much there is within the actor's scope. amount: in the company's currency, exact; others by currency."""
    orders, customers = Order.objects.visible_to(actor), Customer.objects.visible_to(actor)
    found = orders.aggregate(
        orders=Count("pk"),
        anonymous_orders=Count("pk", filter=Q(customer=None)),
        refunds=Count("pk", filter=Q(kind=Order.Kind.REFUND)),
        first_order_at=Min("placed_at"),
        last_order_at=Max("placed_at"),
    )
    amounts = {
        row["currency"]: row["amount"]
        for row in orders.values("currency").annotate(amount=Sum("total_amount")).order_by("currency")
    }
    # The only currency, where the company's own does not occur: a shop's file may be in another one throughout.
    currency = settings.COMPANY_CURRENCY if len(amounts) != 1 else next(iter(amounts))
    return {
        "customers": customers.count(),
        "orders": found["orders"],
        "amount": plain(amounts.get(currency, Decimal(0))),
        "currency": currency,
        "amounts": {code: plain(amount) for code, amount in amounts.items()},
        "lines": OrderLine.objects.visible_to(actor).count(),
        "products": Product.objects.count(),
        "anonymous_orders": found["anonymous_orders"],
        "refunds": found["refunds"],
        "first_order_at": found["first_order_at"],
        "last_order_at": found["last_order_at"],
    }
