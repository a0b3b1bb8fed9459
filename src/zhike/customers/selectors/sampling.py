"""Some customers of a group, drawn so that each is as likely as any other, and the same again next time."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import BigIntegerField, F, Func, Value

from zhike.core.access import IsAnyOf, Keys
from zhike.core.acting import seeing_everything
from zhike.core.lists import registry
from zhike.core.lists.conditions import compile_tree, is_dear
from zhike.core.lists.grammar import Group
from zhike.core.lists.operators import Asking
from zhike.core.lists.patience import find_at_once, find_in_time
from zhike.core.paging import Count, count_up_to
from zhike.customers.listing import KEY
from zhike.customers.models import Customer, CustomerQuerySet

CEILING = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Sample:
    """ids: all of the group, or as many as were asked for. count: how many there are."""

    ids: list[int]
    count: Count


def draw(*, asking: Asking, tree: Group, limit: int) -> Sample:
    """Customers whom the asker sees and of whom the filter holds.

    :raises zhike.core.lists.grammar.FilterInvalid: the filter asks for what does not exist, or takes too long
    """

    def find(sweeps: bool = False) -> Sample:
        rows = Customer.objects.visible_to(asking.actor)
        if tree.items:
            rows = rows.filter(compile_tree(tree, of=registry.get(KEY), asking=asking, sweeps=sweeps))
        with seeing_everything():
            drawn = rows.order_by(_shuffled(), "pk").values_list("pk", flat=True)
            return Sample(ids=list(drawn[:limit]), count=count_up_to(rows, ceiling=CEILING))

    return find_in_time(find) if is_dear(tree, of=registry.get(KEY)) else find_at_once(find)


def among(ids: Sequence[int]) -> CustomerQuerySet:
    """These customers."""
    return Customer.objects.filter(IsAnyOf(F("pk"), Keys(ids)))


def _shuffled() -> Func:
    """An order that has nothing to do with that in which customers were added (Knuth's multiplicative hash)."""
    narrow = Func(F("pk"), Value(2**31), function="MOD", output_field=BigIntegerField())
    return Func(narrow * Value(2_654_435_761), Value(2**32), function="MOD", output_field=BigIntegerField())
