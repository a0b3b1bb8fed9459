"""Customers of a list that stand together, with their number and what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

from django.db.models import Count as CountRows
from django.db.models import F, QuerySet, Sum
from django.db.models.lookups import IsNull
from django.utils.translation import gettext as _

from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.lists import registry
from zhike.core.lists.conditions import conditions_of
from zhike.core.lists.grammar import MAX_CONDITIONS, Condition, FilterInvalid, Group, bounded
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.patience import FilterTooDear, within
from zhike.core.lists.registry import Field, Grouping, Total
from zhike.core.lists.state import COUNT, State
from zhike.core.paging import Count, count_up_to
from zhike.customers.listing import KEY
from zhike.customers.listing.fields import MOST_CHOICES
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
    first. others: those of all further groups; None of months, and where there are no more. number: how many
    groups there are. whole: how many customers they hold, each counted once. total: what was added up; None where
    nothing was.
    """

    grouping: Grouping
    label: str
    stands: list[Stand]
    others: Stand | None
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
    offered = _offered(field, actor)
    # What is frequent among all customers need not be so among those of a filter.
    is_quicker = bool(offered) or (grouping.likely is not None and not state.is_filtered)
    try:
        counted = within(EXACT_MS if is_quicker else OPEN_MS, lambda: _aggregate(asking, state, grouping, total))
    except FilterTooDear:
        if not offered and grouping.likely is None:
            raise
        counted, total = _count_likely(asking, state, grouping, offered), None
    found = list(counted.found)
    held = {value for value, _count, _total in found}
    if with_empty:
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
        others=_others(asking, state, grouping, counted, kept) if max(counted.number, len(found)) > len(kept) else None,
        number=max(counted.number, len(found)),
        whole=counted.whole,
        total=total,
    )


def list_lanes(*, asking: Asking, state: State, grouping: Grouping, values: Sequence[str]) -> Groups:
    """Groups of some values alone, each counted and added up; up to a ceiling, and not added up, where that takes long.

    :raises zhike.core.lists.grammar.FilterInvalid: the filter asks for what does not exist
    :raises FilterTooDear: there is no counting in time
    """
    total = total_of(state, asking=asking)
    labels = registry.get(KEY).fields[grouping.key].labels([value for value in values if value], asking.actor)
    stands = []
    for value in values:
        one = narrowed(state, grouping, value)
        if one is not None:
            count, summed = _figures_of(asking, one, total)
            label = labels.get(value, value)
            stands.append(Stand(value=value, label=label, count=count, total=summed, state=one))
    return Groups(
        grouping=grouping,
        label=label_of(grouping),
        stands=stands,
        others=None,
        number=len(stands),
        whole=Count(max((one.count.value for one in stands), default=0), True),
        total=total,
    )


def _figures_of(asking: Asking, state: State, total: Total | None) -> tuple[Count, Decimal | None]:
    rows = choose_customers(actor=asking.actor, asking=asking, state=state)
    figures: dict[str, Any] = {"_count": CountRows("pk"), **({"_total": Sum(total.of)} if total else {})}
    try:
        with seeing_everything():
            found = within(EXACT_MS, lambda: rows.aggregate(**figures))
    except FilterTooDear:
        return _count_one(asking, state), None
    return Count(found["_count"], False), Decimal(found["_total"] or 0) if total else None


type _Found = list[tuple[str, Count, Decimal | None]]


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """found: the groups, or the largest of very many. number: of all of them. whole: the customers in them."""

    found: _Found
    number: int
    whole: Count


def _counted(found: _Found) -> _Counted:
    counts = [count for _value, count, _total in found]
    whole = Count(sum(count.value for count in counts), any(count.is_capped for count in counts))
    return _Counted(found=found, number=len(found), whole=whole)


def _aggregate(asking: Asking, state: State, grouping: Grouping, total: Total | None) -> _Counted:
    rows: QuerySet[Any, Any] = choose_customers(actor=asking.actor, asking=asking, state=state)
    figures: dict[str, Any] = {"_count": CountRows("pk")}
    if total is not None:
        figures["_total"] = Sum(total.of)
    stands = rows.annotate(_stand=grouping.expression(asking)).order_by().values("_stand")
    # Of many months the latest, of many others the largest, and in any case those who say nothing.
    largest = (IsNull(F("_stand"), True).desc(), "-_count", "_stand")
    by = (F("_stand").desc(nulls_first=True),) if grouping.is_monthly else largest
    with seeing_everything():
        found = list(stands.annotate(**figures).order_by(*by)[: MOST_FOUND + 1])
        is_cut = len(found) > MOST_FOUND
        number = stands.distinct().count() if is_cut else 0
        whole = rows.count() if is_cut or grouping.is_many else None
    merged: dict[str, tuple[int, Decimal | None]] = {}
    for row in found[:MOST_FOUND]:
        # Nothing said is nothing said, whether the column is empty or not there.
        stand = row["_stand"]
        value = "" if stand is None else f"{stand:%Y-%m}" if isinstance(stand, date) else str(stand)
        count, summed = merged.get(value, (0, None if total is None else Decimal(0)))
        if summed is not None:
            summed += Decimal(row["_total"] or 0)
        merged[value] = (count + row["_count"], summed)
    counted = _counted([(value, Count(count, False), summed) for value, (count, summed) in merged.items()])
    return replace(
        counted,
        number=max(number, counted.number),
        whole=counted.whole if whole is None else Count(whole, False),
    )


def _others(
    asking: Asking,
    state: State,
    grouping: Grouping,
    counted: _Counted,
    kept: Sequence[tuple[str, Count, Decimal | None]],
) -> Stand | None:
    """Those who say something else than what is shown; of tags also who stands there as well."""
    if grouping.is_monthly:
        return None
    shown = [value for value, _count, _total in kept if value]
    one = beside(state, grouping, shown)
    if grouping.is_many:
        try:
            return Stand(value="", label="", count=_count_one(asking, one), total=None, state=one) if one else None
        except FilterTooDear:
            return None
    rest = [total for value, _count, total in counted.found if value and value not in shown]
    is_summed = counted.number == len(counted.found) and None not in rest
    return Stand(
        value="",
        label="",
        count=Count(max(0, counted.whole.value - sum(count.value for _v, count, _t in kept)), counted.whole.is_capped),
        total=sum((total for total in rest if total is not None), Decimal(0)) if is_summed else None,
        state=one,
    )


def _count_likely(asking: Asking, state: State, grouping: Grouping, offered: Sequence[str]) -> _Counted:
    if not grouping.is_many:
        return _counted(_count_each(asking, state, grouping, offered))
    likely = within(EXACT_MS, grouping.likely) if grouping.likely else offered
    found = _counted(_count_each(asking, state, grouping, likely[:MOST_GROUPS]))
    try:
        whole = _count_one(asking, replace(state, shape="", group="", summed=""))
    except FilterTooDear:
        whole = Count(max((count.value for _value, count, _total in found.found), default=0), True)
    return replace(found, number=max(found.number, len(likely)), whole=whole)


def _count_each(asking: Asking, state: State, grouping: Grouping, offered: Sequence[str]) -> _Found:
    found: _Found = []
    ends_at = monotonic() + TOGETHER_S
    for value in (*offered, ""):
        one = narrowed(state, grouping, value)
        if one is None:
            continue
        left = int((ends_at - monotonic()) * 1_000)
        if left <= 0:
            raise FilterTooDear
        count = _count_one(asking, one, milliseconds=left)
        if count.value:
            found.append((value, count, None))
    return found


def _count_one(asking: Asking, state: State, *, milliseconds: int = EACH_MS) -> Count:
    rows = choose_customers(actor=asking.actor, asking=asking, state=state, sweeps=False)
    with seeing_everything():
        return within(milliseconds, lambda: count_up_to(rows, ceiling=CEILING))


def narrowed(state: State, grouping: Grouping, value: str) -> State | None:
    """The list of those alone who stand together, as a table; None where no filter asks for them."""
    condition = _asking_for(grouping, value)
    if condition is None or len(conditions_of(state.tree)) >= MAX_CONDITIONS:
        return None
    return _with(state, condition)


def beside(state: State, grouping: Grouping, values: Sequence[str]) -> State | None:
    """The list of those who say something else, as a table; None where no filter asks for them."""
    if len(conditions_of(state.tree)) + 2 > MAX_CONDITIONS:
        return None
    if grouping.is_many:
        found = _with(state, Condition(grouping.key, "besides", tuple(values)))
    else:
        others = Group("none", (Condition(grouping.key, grouping.operator, tuple(values)),))
        found = _with(state, Condition(grouping.key, "filled"), others)
    try:
        bounded(found.tree)
    except FilterInvalid:
        return None
    return found


def _with(state: State, *more: Condition | Group) -> State:
    tree = state.tree
    items = tree.items if tree.joiner == "all" else (tree,)
    return replace(state, tree=Group("all", (*items, *more)), shape="", group="", summed="")


def _asking_for(grouping: Grouping, value: str) -> Condition | None:
    if not value:
        can_be_empty = "empty" in registry.get(KEY).fields[grouping.key].allowed
        return Condition(grouping.key, "empty") if can_be_empty else None
    if not grouping.is_monthly:
        return Condition(grouping.key, grouping.operator, (value,))
    try:
        first = date.fromisoformat(f"{value}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return Condition(grouping.key, "between", (first.isoformat(), last.isoformat()))


def _offered(field: Field, actor: Actor) -> list[str]:
    """All that the field can be, in its order; nothing where that is not known, or too many to ask for each."""
    if field.key != "team" and (field.kind is not Kind.CHOICE or field.key == "channel"):
        return []
    offered = [value for value, _label in field.choices(actor)]
    return offered if len(offered) < MOST_CHOICES else []


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
