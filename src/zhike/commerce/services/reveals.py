"""Seeing a masked field of an order in full."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from zhike.commerce.guarded import AMOUNT, NUMBER, QUANTITY
from zhike.commerce.models import Order, OrderLine
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor, Sight
from zhike.core.fields import FieldClosed
from zhike.core.money import plain
from zhike.customers.permissions import REVEAL
from zhike.customers.services.reveals import Revealed, reveal

KEYS = {"amount": AMOUNT, "number": NUMBER}
MOST_LINES = 1000


@dataclass(frozen=True, kw_only=True)
class LinePrices:
    """unit_price: None where it would tell the quantity, which the actor does not see."""

    line_id: int
    unit_price: Decimal | None
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class RevealedOrder(Revealed):
    """lines: with the total, what it is the sum of."""

    lines: list[LinePrices] = field(default_factory=list)


@transaction.atomic
def reveal_order_field(*, actor: Actor, order_id: int, name: str, reason: str, at: datetime) -> RevealedOrder:
    """The order's total with the prices of its lines, or its number, once, in full: one act, which stands in the
    history of its customer.

    :raises Order.DoesNotExist: there is none, or not for this actor, or it has no such field or no customer
    :raises PermissionDenied: the actor may not, or the field is hidden from them
    :raises ValidationError: no reason is given
    :raises zhike.accounts.services.reveals.RevealsSpent: the limit of the day is reached
    """
    order = Order.objects.visible_to(actor).select_related("customer").get(pk=order_id)
    if name not in KEYS or order.customer is None:
        raise Order.DoesNotExist(order_id)
    require(actor, REVEAL, record=order.customer)
    if fields.sight(actor, KEYS[name]) is Sight.HIDDEN:
        raise FieldClosed(fields.get(KEYS[name]))
    lines = _prices(actor, order) if name == "amount" else []
    found = reveal(
        actor=actor,
        field=KEYS[name],
        value=order.number if name == "number" else plain(order.total_amount),
        customer_id=order.customer.pk,
        reason=reason,
        at=at,
        told={"order": order_id, **({"order_lines": len(lines)} if lines else {})},
    )
    return RevealedOrder(value=found.value, left=found.left, lines=lines)


def _prices(actor: Actor, order: Order) -> list[LinePrices]:
    tells_quantity = fields.reads(actor, [QUANTITY])
    rows = OrderLine.objects.filter(order=order).order_by("pk").values_list("pk", "unit_price", "amount")[:MOST_LINES]
    return [
        LinePrices(line_id=pk, unit_price=price if tells_quantity else None, amount=told) for pk, price, told in rows
    ]
