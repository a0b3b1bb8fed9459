"""Brings an order and its lines back to what they were, so that its total stays the sum of its lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Max, Sum
from django.utils.translation import gettext_lazy as _

from zhike.audit.models import Entry
from zhike.audit.selectors.changes import changes_by_record
from zhike.commerce import guarded
from zhike.commerce.models import Order, OrderLine, OrderQuerySet, Product
from zhike.commerce.services import bin as bins
from zhike.commerce.services.orders import CustomerUnknown, refund_key, refunded_by
from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.models import Customer
from zhike.customers.services.holding import hold_customer
from zhike.recovery.kinds import Back, Kind, Restorable

EDIT = "commerce.edit_order"
ORDER, LINE = Order._meta.db_table, OrderLine._meta.db_table


class OrderRefunded(DomainError):
    """An order and its refund cancel each other out; what one of them says cannot change alone."""

    code = "order_refunded"

    def __init__(self) -> None:
        super().__init__(
            _("This order was refunded, or is a refund. Delete the refund first and put the order back then.")
        )


class OrderEmpty(DomainError):
    code = "order_empty"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("An order keeps at least one line. Delete the order instead."))


def may_put_back(actor: Actor, back: Back, now: Mapping[str, Any] | None) -> bool:
    """That orders let go of a deleted customer, and take hold of it again, is no edit of theirs."""
    if None in (back.then.get("customer_id", 0), back.expected.get("customer_id", 0)):
        back.then.pop("customer_id", None)
    return True


RESTORABLE = {
    ORDER: Restorable(
        columns=("customer_id", "placed_at", "currency", "channel", "store"), names=("number",), may=may_put_back
    ),
    LINE: Restorable(columns=("quantity", "unit_price", "amount"), names=("product_id", "quantity", "amount")),
}


def get_for_edit(*, actor: Actor, order_id: int) -> Order:
    """The order, locked; refuses those the actor may see but not put back.

    :raises Order.DoesNotExist: there is none, or not for this actor
    """
    order = Order.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=order_id)
    require(actor, EDIT, record=order)
    return order


def put_back(actor: Actor, order_id: int, backs: Sequence[Back], at: datetime) -> None:
    """Its own columns, then its lines; the total and the number of lines follow.

    :raises OrderRefunded: it is refunded, or a refund
    :raises OrderEmpty: no line would be left
    :raises CustomerUnknown: the customer it had is nobody the actor can give it to
    """
    order = get_for_edit(actor=actor, order_id=order_id)
    own = {column: value for back in backs if back.table == ORDER for column, value in back.then.items()}
    lines = [back for back in backs if back.table == LINE]
    _require_writing(actor, own, lines)
    if (lines or own.keys() & {"customer_id", "currency"}) and _is_refunded(order):
        raise OrderRefunded
    if own.get("customer_id") is not None:
        _take_customer(actor, own["customer_id"])
    for back in lines:
        _line(order_id, back)
    if lines:
        own |= sums_of(order)
        if not own["line_count"]:
            raise OrderEmpty
    with seeing_everything():
        Order.objects.filter(pk=order_id).update(**own, version=F("version") + 1)
    bins.tell([order_id])


def _require_writing(actor: Actor, own: Mapping[str, Any], lines: Sequence[Back]) -> None:
    keys = {guarded.ORDER_COLUMNS[column] for column in own if column in guarded.ORDER_COLUMNS}
    columns = {column for back in lines for column in (back.then if back.action == "change" else guarded.LINE_COLUMNS)}
    keys |= {guarded.LINE_COLUMNS[column] for column in columns if column in guarded.LINE_COLUMNS}
    for key in sorted(keys):
        fields.require_write(actor, key)


def _is_refunded(order: Order) -> bool:
    with seeing_everything():
        return refunded_by(order.key) is not None or Order.objects.filter(key=refund_key(order.pk)).exists()


def _take_customer(actor: Actor, customer_id: int) -> None:
    if not Customer.objects.visible_to(actor).within(actor, EDIT).filter(pk=customer_id).exists():
        raise CustomerUnknown
    try:
        hold_customer(customer_id=customer_id)
    except Customer.DoesNotExist:
        raise CustomerUnknown from None


def _line(order_id: int, back: Back) -> None:
    lines = OrderLine.objects.filter(pk=back.row_id, order=order_id)
    if back.action == "remove":
        lines.delete()
    elif back.action == "change":
        lines.update(**back.then, version=F("version") + 1)
    else:
        put_line(order_id, back.row_id, back.then)


def put_line(order_id: int, line_id: int, was: Mapping[str, Any]) -> None:
    """A line again, under its old number, so that what else speaks of it still does."""
    product_id = product_again(was.get("product_id"))
    alike = OrderLine.objects.filter(order=order_id, product=product_id)
    occurrence = was.get("occurrence", 1)
    if alike.filter(occurrence=occurrence).exists():
        occurrence = 1 + (alike.aggregate(latest=Max("occurrence"))["latest"] or 0)
    row = {**was, "id": line_id, "order_id": order_id, "product_id": product_id, "occurrence": occurrence}
    OrderLine(**row).save(force_insert=True)


def product_again(product_id: int | None) -> int | None:
    """The product, made again from its history where the undo of an import has taken it away meanwhile."""
    if product_id is None or Product.objects.filter(pk=product_id).exists():
        return product_id
    table = Product._meta.db_table
    entries = Entry.objects.filter(table_name=table, action="delete", ids__contains=[product_id]).order_by("-pk")
    told = changes_by_record(list(entries[:1]), table=table, only={product_id}).by_record.get(product_id, [])
    if not told:
        return None
    was = dict(told[0].before)
    same = Product.objects.filter(source=was["source"], code=was["code"]).first()
    return (same or Product.objects.create(**{**was, "id": product_id})).pk


def sums_of(order: Order) -> dict[str, Any]:
    rows = OrderLine.objects.filter(order=order)
    total: Decimal = rows.aggregate(total=Sum("amount"))["total"] or Decimal()
    kind = Order.Kind.REFUND if total < 0 else Order.Kind.SALE if total > 0 else order.kind
    return {"total_amount": total, "line_count": rows.count(), "kind": kind}


ORDERS = Kind(
    code=bins.CODE,
    model=Order,
    label=_("order"),
    view_permission=OrderQuerySet.view_permission,
    edit_permission=EDIT,
    url_name="show_order",
    name="number",
    guard=guarded.NUMBER,
    lock=lambda actor, pk: get_for_edit(actor=actor, order_id=pk),
    restorable=RESTORABLE,
    put_back=put_back,
    bin=bins.BIN,
)
