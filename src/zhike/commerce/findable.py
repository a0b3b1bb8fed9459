"""Orders in the search box, by number: the whole of it or how it begins. Products, by name and code."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.commerce.guarded import NUMBER, PRODUCT
from zhike.commerce.models import Order, OrderQuerySet, Product
from zhike.core import fields
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.finder import Asked, Found, Kind, Rank, rank_of
from zhike.core.text import grams
from zhike.customers.guarded import shown_name

SHORTEST = 3
SHORTEST_NAME = 2
MOST_PRODUCTS = 50
LAST = "\U0010ffff"
# One step in the index for each source, of which there are few.
_SOURCES = """
    WITH RECURSIVE step AS (
        (SELECT source FROM commerce_order ORDER BY source, key LIMIT 1)
        UNION ALL
        SELECT (SELECT source FROM commerce_order WHERE source > step.source ORDER BY source, key LIMIT 1)
        FROM step WHERE step.source IS NOT NULL
    ) SELECT source FROM step WHERE source IS NOT NULL
"""


def find(asked: Asked) -> list[Found]:
    typed = asked.typed
    if len(typed) < SHORTEST or not any(map(str.isdigit, typed)) or not fields.reads(asked.actor, [NUMBER]):
        return []
    begins = Q()
    for number in {typed, typed.upper()}:
        begins |= Q(key__gte=number, key__lt=number + LAST)
    # Comparisons of text tell nothing, so the index by source and key serves under the policy as well.
    rows = Order.objects.visible_to(asked.actor).filter(begins, source__in=_sources())
    told = _told(asked.actor, rows.exclude(number="").select_related("customer").order_by("key")[: asked.limit + 1])
    return [one for one in told if one.title.upper().startswith(typed.upper())]


def called(rows: "QuerySet[Any, Any]", number: str) -> "QuerySet[Any, Any]":
    """Orders of just this number, by the index of their keys."""
    return rows.filter(source__in=_sources(), key=number).exclude(number="")


def recall(actor: Actor, ids: Sequence[int]) -> list[Found]:
    rows: OrderQuerySet = Order.objects.visible_to(actor).filter(pk__in=ids).select_related("customer")
    return list(_told(actor, rows))


def _sources() -> tuple[str, ...]:
    """The systems orders come from, whoever's they are."""
    with seeing_everything(), connection.cursor() as cursor:
        cursor.execute(_SOURCES)
        return tuple(source for (source,) in cursor.fetchall())


def _told(actor: Actor, orders: Iterable[Order]) -> Iterable[Found]:
    for order in orders:
        name = shown_name(actor, order.customer.name) if order.customer else ""
        on = timezone.localtime(order.placed_at).date().isoformat()
        yield Found(
            title=fields.shown(actor, NUMBER, order.number) or f"#{order.pk}",
            detail=" · ".join(part for part in (name, on) if part),
            url=reverse("show_order", args=[order.pk]),
            rank=Rank.START,
            record_id=order.pk,
        )


def find_products(asked: Asked) -> list[Found]:
    folded = asked.folded
    is_short = len(folded) < SHORTEST_NAME and folded.isascii()  # 茶 is a word
    if is_short or not fields.reads(asked.actor, [PRODUCT]):
        return []
    wanted = Q()
    for text in {asked.typed, folded}:
        wanted |= Q(name__icontains=text) | Q(code__istartswith=text)
    found = []
    for product in Product.objects.visible_to(asked.actor).filter(wanted).order_by("-pk")[:MOST_PRODUCTS]:
        rank = rank_of(folded, [grams.fold(product.name), grams.fold(product.code)])
        found.append(_product(product, Rank.WITHIN if rank is None else rank))
    return found


def recall_products(actor: Actor, ids: Sequence[int]) -> list[Found]:
    if not fields.reads(actor, [PRODUCT]):
        return []
    return [_product(one, Rank.WITHIN) for one in Product.objects.visible_to(actor).filter(pk__in=ids)]


def _product(product: Product, rank: Rank) -> Found:
    detail = " · ".join(part for part in (product.code, product.category) if part and part != str(product))
    url = reverse("show_product", args=[product.pk])
    return Found(title=str(product), detail=detail, url=url, rank=rank, record_id=product.pk)


PRODUCTS = Kind(
    key="commerce.product",
    label=_("Products"),
    icon="package",
    order=35,
    permission="commerce.view_order",
    find=find_products,
    recall=recall_products,
    page="show_product",
)
KIND = Kind(
    key="commerce.order",
    label=pgettext_lazy("purchases", "Orders"),
    icon="receipt",
    order=30,
    permission="commerce.view_order",
    find=find,
    recall=recall,
    page="show_order",
)
