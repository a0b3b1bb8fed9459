"""Reads about orders and products, ready to leave as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, Sum

from zhike.commerce.models import Order, OrderLine, OrderQuerySet, Product
from zhike.core.access import require
from zhike.core.actor import Actor
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
    """Orders, latest first."""
    orders = where.of(Order.objects.visible_to(actor)).values(*ORDER_FIELDS)
    found = page.of(orders, by=("-placed_at", "-id"))
    return Rows(items=[_order(row) for row in found.items], next_cursor=found.next_cursor)


def get_order(*, actor: Actor, order_id: int, permission: str = OrderQuerySet.view_permission) -> Row:
    """One order with its lines.

    permission: the grant whose scope must reach it.

    :raises Order.DoesNotExist: not there, or out of reach
    """
    order = _order(Order.objects.within(actor, permission).values(*ORDER_FIELDS).get(pk=order_id))
    lines = OrderLine.objects.filter(order_id=order_id).order_by("id")
    fields = ("id", "product_id", "quantity", "unit_price", "amount")
    named = lines.values(*fields, product_code=F("product__code"), product_name=F("product__name"))
    return {**order, "lines": [_plainly(line, "quantity", "unit_price", "amount") for line in named]}


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


def _order(row: Mapping[str, Any]) -> Row:
    return _plainly(row, "total_amount")


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
