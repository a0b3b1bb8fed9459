"""The fields of an order and its lines that a role can be kept from, and where each of them stands."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.commerce.models import Order, OrderLine
from zhike.core import fields, masking
from zhike.core.actor import Actor, Sight
from zhike.core.fields import Place, RecordField, RecordKind
from zhike.customers import guarded as of_customers
from zhike.exchange.models import Import

RECORD = "commerce.order"
KIND = RecordKind(
    key=RECORD,
    label=pgettext_lazy("purchase", "Order"),
    permission="commerce.view_order",
    also=("commerce.create_order",),
)


def key(name: str) -> str:
    return f"{RECORD}.{name}"


NUMBER, AMOUNT, CHANNEL, STORE, PRODUCT, QUANTITY = (
    key(name) for name in ("number", "amount", "channel", "store", "product", "quantity")
)
FIELDS = (
    RecordField(record=RECORD, name="number", label=_("Order number"), mask=masking.code),
    # One field: prices times quantities are amounts, lines add up to orders, orders to what a customer bought.
    RecordField(
        record=RECORD,
        name="amount",
        label=_("Amounts and prices"),
        mask=masking.amount,
        tells=(of_customers.AMOUNT,),
    ),
    RecordField(record=RECORD, name="channel", label=_("Channel")),
    RecordField(record=RECORD, name="store", label=_("Store")),
    RecordField(record=RECORD, name="product", label=_("Products")),
    RecordField(record=RECORD, name="quantity", label=_("Quantities")),
)
# What an order cannot be shown without (whose it is, from where, when, of what kind, in which currency), and what
# says nothing of it.
_PLAIN = ("id", "version", "import_id", "changed_xid")
UNGUARDED = (*_PLAIN, "customer_id", "source", "kind", "placed_at", "currency", "line_count", "created_at")
ORDER_COLUMNS: Mapping[str, str] = {
    "number": NUMBER,
    # Where the source has no number, it is made of customer, time and amount.
    "key": AMOUNT,
    "total_amount": AMOUNT,
    "channel": CHANNEL,
    "store": STORE,
}
LINE_UNGUARDED = (*_PLAIN, "order_id", "occurrence")
LINE_COLUMNS: Mapping[str, str] = {
    "product_id": PRODUCT,
    "quantity": QUANTITY,
    "unit_price": AMOUNT,
    "amount": AMOUNT,
}


def conceal(actor: Actor, order: Order) -> Order:
    """The order without what the actor does not see; for showing, never for saving.

    An amount is then the text of its mask, or None where not even that is to be seen.
    """
    for column, cover in fields.covers(actor, ORDER_COLUMNS).items():
        value: Any = getattr(order, column)
        shown = cover(str(value)) if value is not None and value != "" else ""
        setattr(order, column, shown or ("" if isinstance(value, str) else None))
    return order


def withheld(actor: Actor) -> dict[str, str]:
    """Which fields the actor does not read, and whether they are hidden or masked."""
    words = {Sight.HIDDEN: "hidden", Sight.MASKED: "masked"}
    levels = {field.name: fields.sight(actor, field.key) for field in FIELDS}
    return {name: words[level] for name, level in levels.items() if level in words}


def register() -> None:
    fields.register(KIND, FIELDS)
    fields.place(Order._meta.db_table, Place(columns=ORDER_COLUMNS))
    fields.place(OrderLine._meta.db_table, Place(columns=LINE_COLUMNS))
    fields.place(Import._meta.db_table, Place(columns={"amount": AMOUNT}))
