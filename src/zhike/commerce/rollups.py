"""Orders and what was in them, as fields of customers can sum them up."""

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.commerce.guarded import AMOUNT, CHANNEL, PRODUCT, QUANTITY, STORE
from zhike.commerce.models import Order, OrderLine
from zhike.core.actor import Actor
from zhike.customers.guarded import RECORD
from zhike.customers.models import VIEW
from zhike.metadata.models import Kind
from zhike.metadata.rollups import Collection, Condition, Figure, Rows

SEE = "commerce.view_order"
PURCHASES = Q(total_amount__gte=0)  # refunds are none
OWN = Q(currency=settings.COMPANY_CURRENCY)  # amounts of other currencies are no part of a sum
OWN_LINES = Q(order__currency=settings.COMPANY_CURRENCY)


def _sees_all(actor: Actor) -> bool:
    return actor.reach_of(SEE).contains(actor.reach_of(VIEW))


def _orders(actor: Actor) -> Rows:
    return Order.objects.all() if _sees_all(actor) else Order.objects.visible_to(actor)


def _lines(actor: Actor) -> Rows:
    return OrderLine.objects.all() if _sees_all(actor) else OrderLine.objects.visible_to(actor)


COLLECTIONS = (
    Collection(
        record=RECORD,
        key="orders",
        label=pgettext_lazy("several", "Orders"),
        permission=SEE,
        seen=_orders,
        by="customer",
        at="placed_at",
        counted=PURCHASES,
        figures={
            "amount": Figure(
                label=_("order amount"),
                column="total_amount",
                kind=Kind.MONEY,
                functions=("sum", "min", "max", "latest"),
                guards=(AMOUNT,),
                only=OWN,
                narrower=dict.fromkeys(("min", "max", "latest"), PURCHASES),  # a sum is less what was given back
            ),
            "day": Figure(
                label=_("order date"),
                column="placed_at",
                kind=Kind.DATE,
                functions=("first", "last"),
                only=PURCHASES,
            ),
            "channel": Figure(
                label=_("Channel"),
                column="channel",
                kind=Kind.TEXT,
                functions=("latest",),
                guards=(CHANNEL,),
                only=PURCHASES,
            ),
            "store": Figure(
                label=_("Store"),
                column="store",
                kind=Kind.TEXT,
                functions=("latest",),
                guards=(STORE,),
                only=PURCHASES,
            ),
        },
        conditions={
            "channel": Condition(label=_("Channel"), column="channel", guards=(CHANNEL,)),
            "store": Condition(label=_("Store"), column="store", guards=(STORE,)),
            "kind": Condition(
                label=_("kind"), column="kind", choices=lambda: [(one.value, str(one.label)) for one in Order.Kind]
            ),
        },
    ),
    Collection(
        record=RECORD,
        key="lines",
        label=_("Order lines"),
        permission=SEE,
        seen=_lines,
        by="order__customer",
        at="order__placed_at",
        guards=(PRODUCT,),
        figures={
            "amount": Figure(
                label=_("line amount"),
                column="amount",
                kind=Kind.MONEY,
                functions=("sum", "min", "max"),
                guards=(AMOUNT,),
                only=OWN_LINES,
            ),
            "quantity": Figure(
                label=_("quantity"),
                column="quantity",
                kind=Kind.NUMBER,
                functions=("sum", "min", "max"),
                guards=(QUANTITY,),
            ),
            "product": Figure(
                label=_("Product"), column="product__name", kind=Kind.TEXT, functions=("latest",), guards=(PRODUCT,)
            ),
        },
        conditions={
            "product": Condition(label=_("Product"), column="product__name", guards=(PRODUCT,)),
            "code": Condition(label=_("Product code"), column="product__code", guards=(PRODUCT,)),
            "category": Condition(label=_("Category"), column="product__category", guards=(PRODUCT,)),
        },
    ),
)
