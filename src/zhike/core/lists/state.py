"""What a list shows, as its address says it: search, filter, order, columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from zhike.core.actor import Actor
from zhike.core.lists import grammar
from zhike.core.lists.grammar import EVERYTHING, Condition, FilterInvalid, Group
from zhike.core.lists.registry import Column, List, Sort
from zhike.core.masking import ID_NUMBERS

MAX_SEARCH = 100
SHAPES = ("board", "chart")
COUNT = "count"
DENSITIES = ("normal", "compact")
MOST_FROZEN = 3
_READABLE = "():;,"


@dataclass(frozen=True, kw_only=True)
class State:
    """One way to look at a list. sort: empty for the list's first order; columns: empty for the default ones.

    shape: empty for a table, "board" or "chart". group: the field by which rows stand together. summed: the field
    that is added up, or COUNT for none; empty for what the shape adds up unasked. density: of a table's rows; empty
    as each browser remembers. frozen: how many of the first columns stay in sight.
    """

    search: str = ""
    tree: Group = EVERYTHING
    sort: str = ""
    is_descending: bool = True
    columns: tuple[str, ...] = ()
    shape: str = ""
    group: str = ""
    summed: str = ""
    density: str = ""
    frozen: int = 1

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.tree.items)

    def with_tree(self, tree: Group) -> "State":
        return replace(self, tree=tree)

    def query(self, **more: str) -> str:
        """The part of the address behind "?", with further parameters."""
        parts = {
            "q": self.search,
            "f": grammar.write(self.tree),
            "sort": f"{'-' if self.is_descending else ''}{self.sort}" if self.sort else "",
            "cols": ",".join(self.columns),
            "as": self.shape,
            "by": self.group,
            "sum": self.summed,
            "rows": self.density,
            "freeze": str(self.frozen) if self.frozen > 1 else "",
            **more,
        }
        return urlencode({key: value for key, value in parts.items() if value}, safe=_READABLE)


def read_state(parameters: Mapping[str, str], *, of: List) -> State:
    """The state that an address spells; fields and values are checked when it is compiled.

    :raises FilterInvalid: the filter or the order cannot be understood, or an ID number is typed into the search
    """
    sort = parameters.get("sort", "")
    key = sort.removeprefix("-")
    if key and key not in of.sorts:
        raise FilterInvalid(_("There is no order “%(sort)s” here.") % {"sort": key[:40]})
    known = of.columns
    columns = tuple(name for name in parameters.get("cols", "").split(",") if name in known)
    search = parameters.get("q", "").replace("\0", "").strip()[:MAX_SEARCH]
    if ID_NUMBERS.search(search.replace(" ", "")):
        raise FilterInvalid(_("ID numbers stand in no address. Use the search box, or “Find by ID number”."))
    return State(
        search=search,
        tree=grammar.read(parameters.get("f", "")),
        sort=key,
        is_descending=sort.startswith("-"),
        columns=columns,
        shape=_one_of(SHAPES, parameters.get("as", "")),
        group=_one_of(of.groupings, parameters.get("by", "")),
        summed=_one_of((COUNT, *of.sums), parameters.get("sum", "")),
        density=_one_of(DENSITIES, parameters.get("rows", "")),
        frozen=int(_one_of(map(str, range(2, MOST_FROZEN + 1)), parameters.get("freeze", "")) or 1),
    )


def _one_of(known: Iterable[str], text: str) -> str:
    """What is not known is as good as not said: it asks for nothing that one must not see."""
    return text if text in known else ""


def order_of(state: State, *, of: List, actor: Actor) -> tuple[Sort, bool]:
    """The order to show and whether it descends.

    :raises FilterInvalid: the order tells of a field that the actor does not read
    """
    if state.sort:
        sorts = of.sorts_for(actor)
        if state.sort not in sorts:
            raise FilterInvalid(_("There is no order “%(sort)s” here.") % {"sort": state.sort})
        return sorts[state.sort], state.is_descending
    first = next(iter(of.sorts.values()))
    return first, first.first_descending


def columns_of(state: State, *, of: List, actor: Actor) -> list[Column]:
    """The columns to show: the chosen ones, else the default ones."""
    open_columns = of.columns_for(actor)
    chosen = [open_columns[key] for key in state.columns if key in open_columns]
    return chosen or [column for column in open_columns.values() if column.is_default]


def tree_of(**conditions: object) -> Group:
    """A filter from plain values, for links: a value is “is”, a list or set “is one of”, a pair a range.

    A pair's missing end is None: `amount=(1000, None)` is “≥ 1000”.
    """
    return Group("all", tuple(_condition(key, value) for key, value in conditions.items()))


def _condition(key: str, value: object) -> Condition:
    match value:
        case (low, None):
            return Condition(key, "from", (str(low),))
        case (None, high):
            return Condition(key, "to", (str(high),))
        case (low, high) if isinstance(value, tuple):
            return Condition(key, "between", (str(low), str(high)))
        case list() | set() | frozenset():
            return Condition(key, "is", tuple(sorted(map(str, value))))
        case None | "":
            return Condition(key, "empty")
        case _:
            return Condition(key, "is", (str(value),))
