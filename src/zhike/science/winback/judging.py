"""Whether one ranking of lost customers is better than another, on customers of whom it is known what they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from zhike.science.clv.histories import Floats


class NothingToJudge(ValueError):
    """Nobody returned, everybody did, or a score is no number."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """With the 95 % percentile interval of the bootstrap over customers."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """auc: the chance that one who returned stood before one who did not. captured: share of what all spent that the
    first ones spent; of equal scores as many on average. auc_lead, captured_lead: how much less the ranking has than
    the first one that was handed in, on the same drawn customers; 0 for that itself."""

    auc: Figure
    captured: Figure
    auc_lead: Figure
    captured_lead: Figure


def judge_rankings(
    scores: Mapping[str, Any], spent: Any, *, share: float = 0.1, rounds: int = 500, seed: int
) -> dict[str, Ranking]:
    """Each ranking, and how far the first one leads it.

    scores: of each customer, higher first. spent: what they spent afterwards, 0 who did not return. share: of the
    customers who are first, rounded down.

    :raises NothingToJudge: see there
    """
    amounts = np.asarray(spent, dtype=np.float64)
    ranked = {name: np.asarray(each, dtype=np.float64) for name, each in scores.items()}
    if not (amounts > 0).any() or not (amounts == 0).any() or not np.isfinite(amounts).all() or (amounts < 0).any():
        raise NothingToJudge("some have to have returned, and some not")
    if any(len(each) != len(amounts) or not np.isfinite(each).all() for each in ranked.values()):
        raise NothingToJudge("a score for each customer, and each a number")
    chance = np.random.default_rng(seed)
    known = _figures(ranked, amounts, share)
    drawn: list[Floats] = []
    while len(drawn) < rounds:
        again = chance.integers(len(amounts), size=len(amounts))
        if 0 < (amounts[again] > 0).sum() < len(amounts):
            drawn.append(_figures({name: each[again] for name, each in ranked.items()}, amounts[again], share))
    samples = np.array(drawn)  # rounds, rankings, the two figures
    found = {}
    for place, name in enumerate(ranked):
        figures = [_figure(known[place, which], samples[:, place, which]) for which in (0, 1)]
        leads = [
            _figure(known[0, which] - known[place, which], samples[:, 0, which] - samples[:, place, which])
            for which in (0, 1)
        ]
        found[name] = Ranking(auc=figures[0], captured=figures[1], auc_lead=leads[0], captured_lead=leads[1])
    return found


def _figures(ranked: Mapping[str, Floats], amounts: Floats, share: float) -> Floats:
    returned, count = amounts > 0, int(len(amounts) * share + 1e-9)
    found = []
    for scores in ranked.values():
        ones = int(returned.sum())
        above = rankdata(scores)[returned].sum() - ones * (ones + 1) / 2
        found.append((above / (ones * (len(amounts) - ones)), _first(scores, amounts, count) / amounts.sum()))
    return np.array(found)


def _first(scores: Floats, amounts: Floats, count: int) -> float:
    """What those with the highest scores spent; of equal scores at the end as many on average as there is room for."""
    if not count:
        return 0.0
    last = np.partition(scores, len(scores) - count)[len(scores) - count]
    higher, equal = scores > last, scores == last
    return float(amounts[higher].sum() + amounts[equal].mean() * (count - int(higher.sum())))


def _figure(value: float, samples: Floats) -> Figure:
    low, high = np.quantile(samples, [0.025, 0.975])
    return Figure(value=float(value), low=float(low), high=float(high))
