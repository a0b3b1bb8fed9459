"""Customers of a list that stand together, with their number and what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

from django.db.models import Count as CountRows
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext as _

from zhike.core.acting import seeing_everything
from zhike.core.lists import registry
from zhike.core.lists.conditions import conditions_of
from zhike.core.lists.grammar import MAX_CONDITIONS, Condition, Group
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.patience import FilterTooDear, within
from zhike.core.lists.registry import Field, Grouping, Total
from zhike.core.lists.state import COUNT, State
from zhike.core.paging import Count, count_up_to
from zhike.customers.listing import KEY
from zhike.customers.selectors.listing import choose_customers

MOST_GROUPS = 50
MOST_FOUND = 5_000
EXACT_MS = 1_500
# Nobody knows which cities there are but by this: there is nothing quicker to fall back on.
OPEN_MS = 6_000
EACH_MS = 400
TOGETHER_S = 3
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
    """stands: the largest, of months the latest, and those who say nothing; in the field's own order, else the largest
    first. number: how many groups there are. whole: how many customers they hold. total: what was added up; None where
    nothing was.
    """

    grouping: Grouping
    label: str
    stands: list[Stand]
    number: int
    whole: Count
    total: Total | None


def grouping_of(state: State, *, asking: Asking) -> Grouping | None:
    """What the list is grouped by, as far as the actor may ask; a board and a chart are by something in any case."""
    offered = registry.get(KEY).groupings_for(asking.actor)
    if state.group in offered:
        return offered[state.group]
    return next(iter(offered.values()), None) if state.shape else None


def total_of(state: State, *, asking: Asking) -> Total | None:
    """What is added up of each group: what the state says; unasked, a chart counts and the others add up amounts."""
    return registry.get(KEY).sums_for(asking.actor).get(state.summed or (COUNT if state.shape == "chart" else "amount"))


def label_of(grouping: Grouping) -> str:
    label = str(registry.get(KEY).fields[grouping.key].label)
    return _("%(field)s, by month") % {"field": label} if grouping.is_monthly else label


def list_groups(*, asking: Asking, state: State, grouping: Grouping, with_empty: bool = False) -> Groups:
    """Counted and added up exactly where that ends in time; else each counted up to a ceiling, and not added up.

    with_empty: also values that the field offers and nobody has.

    :raises zhike.core.lists.grammar.FilterInvalid: the filter asks for what does not exist
    :raises FilterTooDear: there is no counting in time, and no telling which groups there are
    """
    spec, actor = registry.get(KEY), asking.actor
    field, total = spec.fields_for(actor)[grouping.key], total_of(state, asking=asking)
    offered = [value for value, _label in field.choices(actor)] if _is_closed(field) else []
    try:
        found = within(EXACT_MS if offered else OPEN_MS, lambda: _aggregate(asking, state, grouping, total))
    except FilterTooDear:
        if not offered:
            raise
        found, total = _count_each(asking, state, grouping, offered), None
    held = {value for value, _count, _total in found}
    if with_empty and _is_closed(field):
        found += [(value, Count(0, False), Decimal(0) if total else None) for value in offered if value not in held]
    kept = _largest(found, grouping, offered)
    labels = field.labels([value for value, _count, _total in kept if value], actor)
    return Groups(
        grouping=grouping,
        label=label_of(grouping),
        stands=[
            Stand(
                value=value,
                label=labels.get(value, value),
                count=count,
                total=summed,
                state=narrowed(state, grouping, value),
            )
            for value, count, summed in kept
        ],
        number=len(found),
        whole=Count(sum(count.value for _v, count, _t in found), any(count.is_capped for _v, count, _t in found)),
        total=total,
    )


type _Found = list[tuple[str, Count, Decimal | None]]


def _aggregate(asking: Asking, state: State, grouping: Grouping, total: Total | None) -> _Found:
    rows: QuerySet[Any, Any] = choose_customers(actor=asking.actor, asking=asking, state=state)
    figures: dict[str, Any] = {"_count": CountRows("pk")}
    if total is not None:
        figures["_total"] = Sum(total.of)
    grouped = rows.annotate(_stand=grouping.expression(asking)).order_by().values("_stand").annotate(**figures)
    # Of many months the latest, of many others the largest.
    grouped = grouped.order_by(F("_stand").desc(nulls_first=True) if grouping.is_monthly else "-_count")
    with seeing_everything():
        found = list(grouped[:MOST_FOUND])
    merged: dict[str, tuple[int, Decimal | None]] = {}
    for row in found:
        # Nothing said is nothing said, whether the column is empty or not there.
        stand = row["_stand"]
        value = "" if stand is None else f"{stand:%Y-%m}" if isinstance(stand, date) else str(stand)
        count, summed = merged.get(value, (0, None if total is None else Decimal(0)))
        if summed is not None:
            summed += Decimal(row["_total"] or 0)
        merged[value] = (count + row["_count"], summed)
    return [(value, Count(count, False), summed) for value, (count, summed) in merged.items()]


def _count_each(asking: Asking, state: State, grouping: Grouping, offered: Sequence[str]) -> _Found:
    found: _Found = []
    ends_at = monotonic() + TOGETHER_S
    for value in (*offered, ""):
        one = narrowed(state, grouping, value)
        if one is None:
            continue
        if monotonic() > ends_at:
            raise FilterTooDear
        count = _count_one(asking, one)
        if count.value:
            found.append((value, count, None))
    return found


def _count_one(asking: Asking, state: State) -> Count:
    rows = choose_customers(actor=asking.actor, asking=asking, state=state, sweeps=False)
    with seeing_everything():
        return within(EACH_MS, lambda: count_up_to(rows, ceiling=CEILING))


def narrowed(state: State, grouping: Grouping, value: str) -> State | None:
    """The list of those alone who stand together, as a table; None where no filter asks for them."""
    condition = _asking_for(grouping, value)
    if condition is None or len(conditions_of(state.tree)) >= MAX_CONDITIONS:
        return None
    tree = state.tree
    items = tree.items if tree.joiner == "all" else (tree,)
    return replace(state, tree=Group("all", (*items, condition)), shape="", group="", summed="")


def _asking_for(grouping: Grouping, value: str) -> Condition | None:
    if not value:
        can_be_empty = "empty" in registry.get(KEY).fields[grouping.key].allowed
        return Condition(grouping.key, "empty") if can_be_empty else None
    if not grouping.is_monthly:
        return Condition(grouping.key, "is", (value,))
    try:
        first = date.fromisoformat(f"{value}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return Condition(grouping.key, "between", (first.isoformat(), last.isoformat()))


def _is_closed(field: Field) -> bool:
    """Whether its choices are all that it can be."""
    return field.kind is Kind.CHOICE and field.key != "channel"


def _largest(found: _Found, grouping: Grouping, offered: Sequence[str]) -> _Found:
    """Nobody's groups have what room is left, and those who say nothing are many where data are poor: they stay."""

    def rank(one: tuple[str, Count, Decimal | None]) -> tuple[int, int, int]:
        value, count, _total = one
        place, number = _place(one, grouping, offered)
        if not value:
            return (0, 0, 0)
        return (1, place, number) if grouping.is_monthly else (1, -count.value, place)

    kept = sorted(found, key=rank)[:MOST_GROUPS]
    return sorted(kept, key=lambda one: _place(one, grouping, offered))


def _place(one: tuple[str, Count, Decimal | None], grouping: Grouping, offered: Sequence[str]) -> tuple[int, int]:
    """The latest month first, choices as they are offered, others by their number; last those who say nothing."""
    value, count, _total = one
    if not value:
        return (len(offered) + 1, 0)
    if grouping.is_monthly:
        return (0, -int(value.replace("-", "")))
    return (offered.index(value), 0) if value in offered else (len(offered), -count.value)
