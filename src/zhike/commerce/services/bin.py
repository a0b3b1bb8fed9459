"""How orders go into the recycle bin and come back: with their lines, and with the refund that took them back."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhike.audit.wording import table_label
from zhike.commerce.events import OrdersChanged
from zhike.commerce.guarded import NUMBER
from zhike.commerce.models import Order, OrderLine, OrderQuerySet
from zhike.commerce.services.orders import refund_key, refunded_by
from zhike.core import fields, merging
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.events import publish
from zhike.customers.models import Customer, CustomerScopedQuerySet
from zhike.recovery.kinds import Bin, Collision
from zhike.recovery.models import Binned

CODE = "commerce.order"
DELETE = "commerce.delete_order"


class RefundWithoutOrder(DomainError):
    code = "refund_without_order"

    def __init__(self) -> None:
        super().__init__(_("This refund belongs to an order that is deleted. Restore the order first."))


class RefundOutdated(DomainError):
    code = "refund_outdated"

    def __init__(self) -> None:
        super().__init__(_("The order was changed since this refund was deleted. Refund it anew."))


class OrdersCustomers(CustomerScopedQuerySet[Customer]):
    """Customers as far as somebody reaches their orders."""

    view_permission = OrderQuerySet.view_permission


def scope(actor: Actor, permission: str) -> Q:
    """Rows of the bin by the customer of the order, as `Order.objects.within` says it of those that are there."""
    reach, seen = actor.reach_of(permission), Customer.objects.visible_to(actor)
    if reach.is_all and actor.reach_of("customers.view_customer").is_all:
        return Q()
    reached = OrdersCustomers(Customer).within(actor, permission)
    found = Q(above_id__in=reached.values("pk")) & Q(above_id__in=seen.values("pk"))
    return found | Q(above_id=None) if reach.is_all else found


def refunds_of(ids: Sequence[int]) -> dict[int, int]:
    """The refunds of these orders, and of which order each is."""
    with seeing_everything():
        rows = Order.objects.filter(kind=Order.Kind.REFUND, key__in=[refund_key(pk) for pk in ids])
        return {pk: refunded_by(key) or 0 for pk, key in rows.values_list("pk", "key")}


def follow_merges(binned_ids: Sequence[int]) -> None:
    """Orders of customers that were merged meanwhile come back to the one that is left."""
    for row in Binned.objects.filter(pk__in=binned_ids).exclude(above_id=None):
        successor = merging.successor_of(row.above_id or 0)
        if successor is not None:
            for order in row.rows[Order._meta.db_table]:
                order["customer_id"] = successor
            row.above_id = successor
            row.save(update_fields=["rows", "above_id"])


def restored(ids: Sequence[int]) -> None:
    """
    :raises RefundWithoutOrder: a refund would stand alone
    :raises RefundOutdated: a refund would not take back what the order is now
    """
    refunds = Order.objects.filter(pk__in=ids, kind=Order.Kind.REFUND)
    by_sale = {sale: refund for refund in refunds if (sale := refunded_by(refund.key))}
    sales = Order.objects.in_bulk(by_sale)
    if len(sales) < len(by_sale):
        raise RefundWithoutOrder
    for pk, refund in by_sale.items():
        if (refund.total_amount, refund.currency) != (-sales[pk].total_amount, sales[pk].currency):
            raise RefundOutdated
    tell(ids)


def tell(ids: Sequence[int]) -> None:
    publish(OrdersChanged(order_ids=tuple(ids)))


def collided(actor: Actor, table: str, row: Mapping[str, Any]) -> Collision:
    """An order that came in again, in words."""
    if table != Order._meta.db_table:
        said = gettext("%(part)s %(id)s is there already.") % {"part": table_label(table), "id": row["id"]}
        return Collision(said=said)
    holder = Order.objects.visible_to(actor).filter(source=row["source"], key=row["key"]).first()
    url = reverse("show_order", args=[holder.pk]) if holder else ""
    if refunded_by(row["key"]):
        return Collision(said=gettext("The order was refunded once more since this refund was deleted."), url=url)
    number = fields.shown(actor, NUMBER, row["number"]) if row["number"] else f"#{row['id']}"
    said = gettext("Order %(number)s came in again from %(source)s since it was deleted.")
    return Collision(said=said % {"number": number, "source": row["source"]}, url=url)


def products_in_bin() -> set[int]:
    """Products on orders that may come back."""
    lines = Binned.objects.filter(kind=CODE).values_list(f"rows__{OrderLine._meta.db_table}", flat=True)
    return {line["product_id"] for rows in lines.iterator() for line in rows if line["product_id"]}


def forget_buyer(customer_id: int) -> int:
    """Orders in the bin of somebody who is erased become nobody's; how many that were."""
    rows = list(Binned.objects.filter(kind=CODE, above_id=customer_id).select_for_update())
    for row in rows:
        for order in row.rows[Order._meta.db_table]:
            order["customer_id"] = None
            if order["key"].startswith(f"#{customer_id}|"):
                order["key"] = f"#erased|{order['id']}"
        row.above_id = None
        row.save(update_fields=["rows", "above_id"])
    return len(rows)


BIN = Bin(
    delete_permission=DELETE,
    above="customer_id",
    scope=scope,
    along=refunds_of,
    binned=tell,
    returning=follow_merges,
    restored=restored,
    collided=collided,
)
