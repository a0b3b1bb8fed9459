"""What orders add to the customer list."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from zhike.commerce.models import Order
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.registry import Field


def _ordered(operator: str, values: list[Any], asking: Asking) -> Q:
    """Bought between two days, both included; refunds are no purchases."""
    low: date | None
    high: date | None
    match operator:
        case "last":
            low, high = asking.today - timedelta(days=values[0]), None
        case "from":
            low, high = values[0], None
        case "to":
            low, high = None, values[0]
        case _:
            low, high = values[0], values[-1]
    bought = Order.objects.filter(customer=OuterRef("pk"), total_amount__gte=0)
    if low is not None:
        bought = bought.filter(placed_at__gte=_midnight(low, asking))
    if high is not None:
        bought = bought.filter(placed_at__lt=_midnight(high + timedelta(days=1), asking))
    return Q(Exists(bought))


def _midnight(day: date, asking: Asking) -> datetime:
    return datetime.combine(day, time(), asking.zone)


FIELDS = (
    Field(
        key="ordered",
        reads=(),
        label=_("Ordered"),
        kind=Kind.DATE,
        compile=_ordered,
        operators=("between", "from", "to", "last"),
        permission="commerce.view_order",
    ),
)
