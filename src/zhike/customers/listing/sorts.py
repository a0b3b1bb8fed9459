"""Orders of the customer list; each is one index range, or a few one after another."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.core.lists.registry import Sort
from zhike.core.paging import Phase
from zhike.customers.guarded import AMOUNT, GRADE, LAST_ORDER, NAME, key
from zhike.customers.models import Grade

NEWEST = "newest"


def _of_facts(field: str) -> tuple[tuple[Phase, ...], tuple[Phase, ...]]:
    """Customers without the fact come last, whichever way the others run."""
    path, tie = f"facts__{field}", "facts__customer_id"
    known = Q(**{f"{path}__isnull": False})
    rest = Phase(where=~known, by=("-pk",))
    return (Phase(where=known, by=(f"-{path}", f"-{tie}")), rest), (Phase(where=known, by=(path, tie)), rest)


def _of_grades() -> tuple[tuple[Phase, ...], tuple[Phase, ...]]:
    layers = [Phase(where=Q(facts__grade=grade), by=("-facts__customer_id",)) for grade in Grade.values]
    rest = Phase(where=Q(facts__isnull=True) | Q(facts__grade=""), by=("-pk",))
    return (*layers, rest), (*reversed(layers), rest)


_amount, _orders, _last_order = map(_of_facts, ("amount", "order_count", "last_order_on"))
_grades = _of_grades()

SORTS = (
    Sort(key=NEWEST, reads=(), label=_("Latest added"), descending=("-pk",), ascending=("pk",)),
    Sort(
        key="name",
        reads=(NAME,),
        label=pgettext_lazy("customer", "Name"),
        descending=("-name_pinyin", "-pk"),
        ascending=("name_pinyin", "pk"),
        first_descending=False,
    ),
    Sort(
        key="created", reads=(), label=_("Created"), descending=("-created_at", "-pk"), ascending=("created_at", "pk")
    ),
    Sort(key="amount", reads=(AMOUNT,), label=_("Amount bought"), descending=_amount[0], ascending=_amount[1]),
    Sort(key="orders", reads=(key("order_count"),), label=_("Orders"), descending=_orders[0], ascending=_orders[1]),
    Sort(
        key="last_order",
        reads=(LAST_ORDER,),
        label=_("Last order"),
        descending=_last_order[0],
        ascending=_last_order[1],
    ),
    Sort(key="grade", reads=(GRADE,), label=_("Grade"), descending=_grades[0], ascending=_grades[1]),
)
