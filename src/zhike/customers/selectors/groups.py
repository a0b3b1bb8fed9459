"""Customers of a list that stand together, with their number and what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Count as CountRows
from django.db.models import QuerySet, Sum

from zhike.core.acting import seeing_everything
from zhike.core.lists import registry
from zhike.core.lists.grammar import Condition, Group
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.patience import FilterTooDear, within
from zhike.core.lists.registry import Field, Grouping, Total
from zhike.core.lists.state import State
from zhike.core.paging import Count, count_up_to
from zhike.customers.listing import KEY
from zhike.customers.selectors.listing import choose_customers

MOST_GROUPS = 50
EXACT_MS = 1_500
EACH_MS = 400
CEILING = 10_000


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Customers who stand together. value: empty for those of whom nothing is said. total: None where it was not
    added up in time, or is not the actor's to see. state: the list of these alone; None where no filter asks for them.
    """

    value: str
    label: str
    count: Count
    total: Decimal | None
    state: State | None


@dataclass(frozen=True, kw_only=True)
class Groups:
    """key: the field. stands: in the field's own order, else the largest first. is_cut: whether there are more.

    total: what was added up; None where nothing was.
    """

    grouping: Grouping
    label: str
    stands: list[Stand]
    is_cut: bool
    total: Total | None


def grouping_of(state: State, *, asking: Asking) -> Grouping | None:
    """What the list is grouped by, as far as the actor may ask; a board and a chart are by something in any case."""
    offered = registry.get(KEY).groupings_for(asking.actor)
    if state.group in offered:
        return offered[state.group]
    return next(iter(offered.values()), None) if state.shape else None


def list_groups(*, asking: Asking, state: State, grouping: Grouping, with_empty: bool = False) -> Groups:
    """Counted and added up exactly where that ends in time; else each counted up to a ceiling, and not added up.

    with_empty: also values that the field offers and nobody has.

    :raises zhike.core.lists.grammar.FilterInvalid: the filter asks for what does not exist
    :raises FilterTooDear: there is no counting in time, and no telling which groups there are
    """
    spec, actor = registry.get(KEY), asking.actor
    field, sums = spec.fields_for(actor)[grouping.key], spec.sums_for(actor)
    total = sums.get(state.summed or ("" if state.shape == "chart" else "amount"))
    offered = [value for value, _label in field.choices(actor)] if _is_closed(field) else []
    try:
        found = within(EXACT_MS, lambda: _aggregate(asking, state, grouping, total))
    except FilterTooDear:
        if not offered:
            raise
        found, total = _count_each(asking, state, field, offered), None
    held = {value for value, _count, _total in found}
    if with_empty and _is_closed(field):
        found += [(value, Count(0, False), Decimal(0) if total else None) for value in offered if value not in held]
    kept = sorted(found, key=lambda one: _place(one, offered))[:MOST_GROUPS]
    labels = field.labels([value for value, _count, _total in kept if value], actor)
    return Groups(
        grouping=grouping,
        label=str(field.label),
        stands=[
            Stand(
                value=value,
                label=labels.get(value, value),
                count=count,
                total=summed,
                state=narrowed(state, field, value),
            )
            for value, count, summed in kept
        ],
        is_cut=len(found) > MOST_GROUPS,
        total=total,
    )


type _Found = list[tuple[str, Count, Decimal | None]]


def _aggregate(asking: Asking, state: State, grouping: Grouping, total: Total | None) -> _Found:
    rows: QuerySet[Any, Any] = choose_customers(actor=asking.actor, asking=asking, state=state)
    figures: dict[str, Any] = {"_count": CountRows("pk")}
    if total is not None:
        figures["_total"] = Sum(total.path)
    grouped = rows.annotate(_stand=grouping.of).order_by().values("_stand").annotate(**figures).order_by("-_count")
    with seeing_everything():
        found = list(grouped[: 4 * MOST_GROUPS])
    merged: dict[str, tuple[int, Decimal | None]] = {}
    for row in found:
        # Nothing said is nothing said, whether the column is empty or not there.
        value = "" if row["_stand"] is None else str(row["_stand"])
        count, summed = merged.get(value, (0, None if total is None else Decimal(0)))
        if summed is not None:
            summed += Decimal(row["_total"] or 0)
        merged[value] = (count + row["_count"], summed)
    return [(value, Count(count, False), summed) for value, (count, summed) in merged.items()]


def _count_each(asking: Asking, state: State, field: Field, offered: Sequence[str]) -> _Found:
    found: _Found = []
    for value in (*offered, ""):
        one = narrowed(state, field, value)
        if one is None:
            continue
        count = _count_one(asking, one)
        if count.value:
            found.append((value, count, None))
    return found


def _count_one(asking: Asking, state: State) -> Count:
    rows = choose_customers(actor=asking.actor, asking=asking, state=state, sweeps=False)
    with seeing_everything():
        return within(EACH_MS, lambda: count_up_to(rows, ceiling=CEILING))


def narrowed(state: State, field: Field, value: str) -> State | None:
    """The list of those alone who stand together, as a table; None where no filter asks for them."""
    if value:
        condition = Condition(field.key, "is", (value,))
    elif "empty" in field.allowed:
        condition = Condition(field.key, "empty")
    else:
        return None
    tree = state.tree
    items = tree.items if tree.joiner == "all" else (tree,)
    return replace(state, tree=Group("all", (*items, condition)), shape="", group="", summed="")


def _is_closed(field: Field) -> bool:
    """Whether its choices are all that it can be."""
    return field.kind is Kind.CHOICE and field.key != "channel"


def _place(one: tuple[str, Count, Decimal | None], offered: Sequence[str]) -> tuple[int, int]:
    value, count, _total = one
    if not value:
        return (len(offered) + 1, 0)
    return (offered.index(value), 0) if value in offered else (len(offered), -count.value)
