"""Which offer to make to whom, within a budget.

Source: Sinha and Zoltners, The multiple-choice knapsack problem (1979); solved by a price on the budget, which for many
customers leaves less than one offer on the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zhike.science.clv.histories import Floats, Integers

NONE = -1
_STEPS = 80


class OffersInvalid(ValueError):
    """Chances, values or costs that contradict each other."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """contact: cost of making it, whoever returns. given: what it costs with everybody who returns, also with those who
    would have returned without it."""

    name: str
    contact: float
    given: float

    def __post_init__(self) -> None:
        if not (0 <= self.contact < np.inf and 0 <= self.given < np.inf):
            raise OffersInvalid(f"costs of 0 or more: {self}")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """offers: for each customer the place of the offer, or -1 for none. cost: expected, of all. gain: expected
    second-life value that the offers bring, less their cost."""

    offers: Integers
    cost: float
    gain: float


def choose_offers(p_return: Any, uplift: Any, value: Any, *, offers: list[Offer], budget: float) -> Choice:
    """The offer for each customer that brings most beyond its cost, all together within the budget.

    p_return: of each customer without an offer. uplift: customers × offers, how much each offer adds to it, which may
    be negative; of learners fitted to trials of the offers (:mod:`zhike.science.uplift`). value: second-life, of each
    customer who returns.

    Nobody gets an offer that costs more than it is expected to bring, however large the budget.

    :raises OffersInvalid: not numbers, chances beyond 0 and 1, a negative budget
    """
    chance, worth = (np.asarray(each, dtype=np.float64) for each in (p_return, value))
    added = np.asarray(uplift, dtype=np.float64).reshape(len(chance), len(offers))
    if not (np.isfinite(added).all() and np.isfinite(worth).all() and len(worth) == len(chance)):
        raise OffersInvalid("an uplift for each offer and a value for each customer, all numbers")
    if not ((chance >= 0) & (chance <= 1)).all() or not budget >= 0:
        raise OffersInvalid("chances between 0 and 1, and a budget of 0 or more")
    with_offer = np.clip(chance[:, None] + added, 0, 1)
    cost = np.array([offer.contact for offer in offers]) + with_offer * np.array([offer.given for offer in offers])
    gain = (with_offer - chance[:, None]) * worth[:, None] - cost
    # The first column is no offer at all.
    cost, gain = (np.column_stack([np.zeros(len(chance)), each]) for each in (cost, gain))
    best = _within(cost, gain, budget)
    rows = np.arange(len(chance))
    return Choice(offers=best - 1, cost=float(cost[rows, best].sum()), gain=float(gain[rows, best].sum()))


def _within(cost: Floats, gain: Floats, budget: float) -> Integers:
    rows = np.arange(len(cost))

    def chosen(price: float) -> Integers:
        found: Integers = np.argmax(gain - price * cost, axis=1)
        return found

    dear = chosen(0.0)
    if cost[rows, dear].sum() <= budget:
        return dear
    low, high = 0.0, 1.0
    while cost[rows, chosen(high)].sum() > budget:
        low, high = high, high * 2
    for _step in range(_STEPS):
        middle = (low + high) / 2
        if cost[rows, chosen(middle)].sum() > budget:
            low = middle
        else:
            high = middle
    found, dearer = chosen(high), chosen(low)
    # At this price some customers are on the edge between two offers: as many of them as the rest of the budget pays.
    more = cost[rows, dearer] - cost[rows, found]
    edge = np.flatnonzero((dearer != found) & (gain[rows, dearer] > gain[rows, found]))
    edge = edge[np.argsort(-(gain[edge, dearer[edge]] - gain[edge, found[edge]]) / more[edge], kind="stable")]
    paid = np.cumsum(more[edge]) <= budget - cost[rows, found].sum()
    found[edge[paid]] = dearer[edge[paid]]
    return found
