"""Seeing a masked field of an order in full."""

from datetime import datetime

from django.db import transaction

from zhike.commerce.guarded import AMOUNT, NUMBER
from zhike.commerce.models import Order
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor, Sight
from zhike.core.fields import FieldClosed
from zhike.core.money import plain
from zhike.customers.permissions import REVEAL
from zhike.customers.services.reveals import Revealed, reveal

KEYS = {"amount": AMOUNT, "number": NUMBER}


@transaction.atomic
def reveal_order_field(*, actor: Actor, order_id: int, name: str, reason: str, at: datetime) -> Revealed:
    """The order's total or its number, once, in full; it stands in the history of its customer.

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
    return reveal(
        actor=actor,
        field=KEYS[name],
        value=order.number if name == "number" else plain(order.total_amount),
        customer_id=order.customer.pk,
        reason=reason,
        at=at,
        told={"order": order_id},
    )
