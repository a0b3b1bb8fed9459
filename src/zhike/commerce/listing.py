"""What orders add to the customer list."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.commerce.guarded import AMOUNT, CHANNEL, PRODUCT, STORE
from zhike.commerce.models import Order, OrderLine, Product
from zhike.core.actor import Actor
from zhike.core.lists.linked import Figure, Linked, Rows, midnight, since
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.registry import Field
from zhike.customers.models import VIEW

SEE = "commerce.view_order"
MOST_SUGGESTED = 200


def _orders(asking: Asking) -> Rows:
    """Those that the asker sees. Whoever sees the orders of every customer that they see needs no second question."""
    if asking.actor.reach_of(SEE).contains(asking.actor.reach_of(VIEW)):
        return Order.objects.all()
    return Order.objects.visible_to(asking.actor)


def _lines(asking: Asking) -> Rows:
    if asking.actor.reach_of(SEE).contains(asking.actor.reach_of(VIEW)):
        return OrderLine.objects.all()
    return OrderLine.objects.visible_to(asking.actor)


def _bought(asking: Asking) -> Rows:
    """Refunds are no purchases."""
    return _orders(asking).filter(total_amount__gte=0)


def _ordered(values: list[Any], asking: Asking, operator: str) -> Rows:
    """Bought between two days, both included."""
    low: date | None
    high: date | None
    match operator:
        case "last" | "idle":
            low, high = asking.today - timedelta(days=values[0]), None
        case "from":
            low, high = values[0], None
        case "to":
            low, high = None, values[0]
        case _:
            low, high = values[0], values[-1]
    bought = _bought(asking)
    if low is not None:
        bought = bought.filter(placed_at__gte=midnight(low, asking))
    if high is not None:
        bought = bought.filter(placed_at__lt=midnight(high + timedelta(days=1), asking))
    return bought


def _ask_ordered(operator: str, values: list[Any], asking: Asking) -> Q:
    return Linked(rows=lambda given, who: _ordered(given, who, operator)).any_of(operator, values, asking)


def _sweep_ordered(operator: str, values: list[Any], asking: Asking) -> Q:
    return Linked(rows=lambda given, who: _ordered(given, who, operator)).any_of_swept(operator, values, asking)


def _recently_bought(values: list[Any], asking: Asking) -> Rows:
    return _bought(asking).filter(placed_at__gte=since(values[0], asking))


def _recently_paid(values: list[Any], asking: Asking) -> Rows:
    """Refunds count against; what was paid in another currency is no part of the sum."""
    return _orders(asking).filter(placed_at__gte=since(values[0], asking), currency=settings.COMPANY_CURRENCY)


def _of_products(wanted: Callable[[Sequence[Any]], Q]) -> Callable[[list[Any], Asking], Rows]:
    def rows(values: list[Any], asking: Asking) -> Rows:
        products = Product.objects.filter(wanted(values)).values("pk")
        # Under the name of a column, as those of orders are.
        bought = _lines(asking).filter(product__in=products, amount__gte=0)
        named: Rows = bought.annotate(customer=F("order__customer_id"))
        return named

    return rows


def _of_products_lately(wanted: Callable[[Sequence[Any]], Q]) -> Callable[[list[Any], Asking], Rows]:
    def rows(values: list[Any], asking: Asking) -> Rows:
        bought: Rows = _of_products(wanted)(values[1:], asking)
        return bought.filter(order__placed_at__gte=since(values[0], asking))

    return rows


def _named(values: Sequence[Any]) -> Q:
    return Q(name__in=values) | Q(code__in=values)


def _in_category(values: Sequence[Any]) -> Q:
    return Q(category__in=values)


def _at(column: str) -> Callable[[list[Any], Asking], Rows]:
    return lambda values, asking: _bought(asking).filter(**{f"{column}__in": values})


def _suggest(column: str) -> Callable[[Actor], Sequence[tuple[str, str]]]:
    def listed(actor: Actor) -> Sequence[tuple[str, str]]:
        found = Product.objects.exclude(**{column: ""}).order_by(column).values_list(column, flat=True).distinct()
        return [(name, name) for name in found[:MOST_SUGGESTED]]

    return listed


_COUNTED = Figure(rows=_recently_bought)
_SUMMED = Figure(rows=_recently_paid, function="SUM", of="total_amount")
_SECTION = pgettext_lazy("filter", "Orders")
_EITHER = ("is", "not")


def _of_things(key: str, label: Any, reads: str, linked: Linked, **more: Any) -> Field:
    """A question of which things there are: one of these, or none of them."""
    return Field(
        key=key,
        reads=(reads,),
        label=label,
        kind=Kind.TEXT,
        compile=linked.any_of,
        sweep=linked.any_of_swept,
        operators=_EITHER,
        permission=SEE,
        section=_SECTION,
        **more,
    )


FIELDS = (
    Field(
        key="ordered",
        reads=(),
        label=_("Ordered"),
        kind=Kind.DATE,
        compile=_ask_ordered,
        sweep=_sweep_ordered,
        operators=("last", "idle", "between", "from", "to"),
        permission=SEE,
        section=_SECTION,
    ),
    Field(
        key="orders_in",
        reads=(),
        label=_("Orders in the last … days"),
        kind=Kind.INTEGER,
        is_within=True,
        compile=_COUNTED.compared,
        sweep=_COUNTED.compared_swept,
        operators=("from", "to", "between"),
        permission=SEE,
        section=_SECTION,
    ),
    Field(
        key="amount_in",
        reads=(AMOUNT,),
        label=_("Amount bought in the last … days"),
        kind=Kind.AMOUNT,
        is_within=True,
        compile=_SUMMED.compared,
        sweep=_SUMMED.compared_swept,
        operators=("from", "to", "between"),
        permission=SEE,
        section=_SECTION,
    ),
    _of_things("bought", _("Product bought"), PRODUCT, Linked(rows=_of_products(_named)), choices=_suggest("name")),
    _of_things(
        "bought_in",
        _("Product bought in the last … days"),
        PRODUCT,
        Linked(rows=_of_products_lately(_named)),
        choices=_suggest("name"),
        is_within=True,
    ),
    _of_things(
        "bought_of",
        _("Category bought"),
        PRODUCT,
        Linked(rows=_of_products(_in_category)),
        choices=_suggest("category"),
    ),
    _of_things("store", _("Store of an order"), STORE, Linked(rows=_at("store"))),
    _of_things("order_channel", _("Channel of an order"), CHANNEL, Linked(rows=_at("channel"))),
)
