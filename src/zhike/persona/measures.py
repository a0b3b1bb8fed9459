"""From groups of customers to what is characteristic of the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from zhike.core.lists.operators import Asking
from zhike.core.lists.patience import Budget
from zhike.persona import features
from zhike.persona.features import Quality, Quantity
from zhike.science.contrast import Contrast, adjust, compare_shares, compare_values, strength

FEWEST = 30  # customers in each group; of fewer nothing is said
FEWEST_VALUES = 20  # known values of a quantity in each group
FEWEST_HITS = 5  # customers in both groups together
CERTAIN = 0.05  # the share of false findings among all that are shown
WORTH = 0.1  # of |effect|: half of what is called small
SECONDS = 20.0  # for all features together


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One feature in which the groups differ, or do not.

    first, second: shares of a quality, medians of a quantity. q: the p-value after control of all that were tested.
    """

    feature: Quality | Quantity
    first: Any
    second: Any
    contrast: Contrast
    q: float

    @property
    def strength(self) -> str:
        return strength(self.contrast.effect)

    @property
    def is_shown(self) -> bool:
        return self.q <= CERTAIN and abs(self.contrast.effect) >= WORTH


def contrast_groups(
    asking: Asking, *, first: list[int], second: list[int], without: set[str], tags: set[int]
) -> list[Finding]:
    """Every feature tested, the most characteristic first. without, tags: fields and tags that the groups were made by.

    :raises zhike.core.lists.patience.FilterTooDear: there are too many, or what is computed takes too long
    """
    budget = Budget(seconds=SECONDS)
    drafts: list[tuple[Quality | Quantity, Any, Any, Contrast]] = []
    said: set[tuple[str, int, int]] = set()
    for qualities in features.iter_qualities(asking, without=without, tags=tags, ids=first + second, budget=budget):
        counted = [features.count_with(asking, qualities, ids, budget) for ids in (first, second)]
        by_more = sorted(
            zip(qualities, *counted, strict=True), key=lambda told: told[2] / len(second) - told[1] / len(first)
        )
        for quality, one, other in by_more:
            # What hardly anybody has, or everybody, is no feature of a group.
            is_rare = min(one + other, len(first) + len(second) - one - other) < FEWEST_HITS
            # Of two values, one says what the other does; and fields that are known together are known once.
            about = "" if quality.condition.operator == "filled" else quality.field.key
            if not is_rare and (about, one, other) not in said:
                said |= {(about, one, other), (about, len(first) - one, len(second) - other)}
                shares = one / len(first), other / len(second)
                drafts.append((quality, *shares, compare_shares(one, len(first), other, len(second))))
    for quantity in features.list_quantities(asking, without=without):
        values = _known(quantity, first, budget), _known(quantity, second, budget)
        if min(map(len, values)) >= FEWEST_VALUES:
            middles = (_middle(found) for found in values)
            drafts.append((quantity, *middles, compare_values(*map(_numbers, values))))
    certain = adjust([draft[3].p for draft in drafts])
    found = [
        Finding(feature=feature, first=one, second=other, contrast=contrast, q=q)
        for (feature, one, other, contrast), q in zip(drafts, certain, strict=True)
    ]
    return sorted(found, key=lambda one: -abs(one.contrast.effect))


def _known(quantity: Quantity, ids: list[int], budget: Budget) -> list[Any]:
    found = features.list_values(quantity, ids, budget)
    return [date.fromisoformat(value) if isinstance(value, str) else value for value in found]


def _numbers(values: Sequence[Any]) -> list[float]:
    return [float(value.toordinal()) if isinstance(value, date) else float(value) for value in values]


def _middle(values: Sequence[Any]) -> Any:
    """Half of the values lie on either side of it."""
    if isinstance(values[0], date):
        return date.fromordinal(round(median(value.toordinal() for value in values)))
    return median(values)
