"""How well scores put those first whom the treatment moves: the Qini curve and its coefficient.

There are several definitions. This is that of scikit-uplift (`qini_auc_score`, with negative effects): of customers in
the order of their scores, the outcomes of the treated less those of the others times treated by others, so far; the
area between this curve and the straight line to its end, by the same area of the perfect order (treated with an outcome
first, others with an outcome last). Equal scores are one step. 0 is chance, 1 perfection, which no model nears: even
the true uplift is not the perfect order, since nobody is known with and without treatment.
Source: Radcliffe, Using control groups to target on predicted lift (2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from zhike.science.uplift.trial import Floats, NoOutcomes, NotNumbers, Places, TrialInvalid, check_outcomes, flags

type SoFar = tuple[Floats, Floats, Floats, Floats, Floats]  # customers, treated, their outcomes, others, theirs

LEVEL = 0.95


class Curve(NamedTuple):
    """customers: so far, from 0. gain: outcomes brought about among the treated so far, from 0."""

    customers: Floats
    gain: Floats


def qini_curve(scores: Any, treated: Any, outcome: Any) -> Curve:
    """A point after each distinct score, best first."""
    judged = _Judged(scores, treated, outcome)
    return Curve(*judged.curve(np.ones(len(judged.scores))))


def qini(scores: Any, treated: Any, outcome: Any) -> float:
    """The coefficient.

    :raises OneArm, NoOutcomes, NotNumbers: see :mod:`zhike.science.uplift.trial`
    """
    judged = _Judged(scores, treated, outcome)
    return judged.coefficient(np.ones(len(judged.scores)))


def auuc(scores: Any, treated: Any, outcome: Any) -> float:
    """The area under the curve of uplift above that of chance, by customer: the mean, over all shares of customers that
    could be treated, of how many outcomes more a customer of the whole base brings than if chance chose as many.

    The curve is, at each point, the difference of the arms' means so far, times the customers so far. In units of
    the outcome, not normalised. Source: Devriendt, Guns and Verbeke, Learning to rank for uplift modeling (2020).
    """
    judged = _Judged(scores, treated, outcome)
    count, with_it, of_treated, without, of_control = judged.so_far(np.ones(len(judged.scores)))
    gain = (_by(of_treated, with_it) - _by(of_control, without)) * count
    return _area_above_chance(count, gain) / float(count[-1]) ** 2


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """coefficient: Qini's, the mean over repeats. low, high: of the bootstrap over customers, the scores as they are.
    p: of scores in an order of chance that reach as much. level: of both.
    """

    coefficient: float
    low: float
    high: float
    p: float
    level: float

    @property
    def is_told_from_chance(self) -> bool:
        """Whether the scores say more than chance would."""
        return self.p <= 1 - self.level

    def __str__(self) -> str:
        found = "better than random" if self.is_told_from_chance else "not different from random"
        return f"Qini {self.coefficient:.4f} [{self.low:.4f}, {self.high:.4f}], p = {self.p:.4f}: {found}"


def judge(scores: Any, treated: Any, outcome: Any, *, rounds: int = 500, seed: int, level: float = LEVEL) -> Verdict:
    """The coefficient with its interval, and whether the scores are different from random.

    scores: one for each customer, made without the customer's own outcome; or a row for each repeat of that, whose
    coefficients are averaged, in each round of the same customers.
    rounds: of the bootstrap (percentiles), and as many in which customers exchange their scores (one-sided).

    :raises OneArm, NoOutcomes, NotNumbers: see :mod:`zhike.science.uplift.trial`
    """
    several = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    judged = [_Judged(one, treated, outcome) for one in several]
    size = several.shape[1]
    chance = np.random.default_rng(seed)
    everybody = np.ones(size)
    coefficient = float(np.mean([one.coefficient(everybody) for one in judged]))
    again, by_chance = np.zeros(rounds), np.zeros(rounds)
    for place in range(rounds):
        drawn, ideal = _drawn(judged[0], chance)
        # Perfection is the same whatever the scores.
        again[place] = np.mean([one.area(drawn) / ideal for one in judged])
        exchanged = chance.permutation(size)
        by_chance[place] = np.mean([one.exchanged(exchanged) for one in judged])
    low, high = np.quantile(again, [(1 - level) / 2, (1 + level) / 2])
    p = (1 + int((by_chance >= coefficient).sum())) / (1 + rounds)
    return Verdict(coefficient=coefficient, low=float(low), high=float(high), p=p, level=level)


def _drawn(judged: _Judged, chance: np.random.Generator) -> tuple[Floats, float]:
    """How often each customer is in a sample with replacement, and the area of perfection there; a sample in which
    perfection gains nothing is drawn anew."""
    size = len(judged.scores)
    while True:
        drawn = np.bincount(chance.integers(size, size=size), minlength=size).astype(np.float64)
        if ideal := judged.ideal(drawn):
            return drawn, ideal


class _Judged:
    """Customers in the order of their scores, and in that of perfection."""

    def __init__(self, scores: Any, treated: Any, outcome: Any) -> None:
        self.scores = np.asarray(scores, dtype=np.float64)
        self.treated = flags(treated)
        self.outcome: Floats = np.asarray(outcome, dtype=np.float64)
        if not len(self.scores) == len(self.treated) == len(self.outcome):
            raise TrialInvalid("a score, an arm and an outcome for each customer")
        check_outcomes(self.treated, self.outcome)
        if not np.isfinite(self.scores).all():
            raise NotNumbers("a score is no number")
        if not self.outcome.any():
            raise NoOutcomes("nobody has an outcome")
        self.brought = self.outcome * self.treated
        self.order, self.ends = _ranked(self.scores)
        ideal = np.where(self.treated, self.outcome, -self.outcome)
        self.ideal_order, self.ideal_ends = _ranked(ideal)
        self.own, self.perfect = self._columns(self.order), self._columns(self.ideal_order)
        self.ideal_area = self.ideal(np.ones(len(ideal)))

    def coefficient(self, weights: Floats) -> float:
        """With each customer as often as the weights say."""
        return self.area(weights) / self.ideal(weights)

    def area(self, weights: Floats) -> float:
        """That of the curve above chance."""
        return _area(self.so_far(weights))

    def ideal(self, weights: Floats) -> float:
        """The area of perfection."""
        return _area(_so_far(weights[self.ideal_order], self.perfect, self.ideal_ends))

    def exchanged(self, others: Places) -> float:
        """With the scores of others."""
        everybody = np.ones(len(self.scores))
        return _area(_so_far(everybody, self._columns(others[self.order]), self.ends)) / self.ideal_area

    def curve(self, weights: Floats) -> tuple[Floats, Floats]:
        return _curve(self.so_far(weights))

    def so_far(self, weights: Floats) -> SoFar:
        return _so_far(weights[self.order], self.own, self.ends)

    def _columns(self, order: Places) -> tuple[Any, Floats, Floats]:
        """Whether treated, the outcome, and the outcome of the treated, in that order."""
        return self.treated[order], self.outcome[order], self.brought[order]


def _so_far(weight: Floats, columns: tuple[Any, Floats, Floats], ends: Places) -> SoFar:
    treated, outcome, of_treated = columns
    told = (weight, weight * treated, weight * outcome, weight * of_treated)
    count, with_it, brought, by_treated = (np.concatenate([[0.0], np.cumsum(one)[ends]]) for one in told)
    return count, with_it, by_treated, count - with_it, brought - by_treated


def _curve(so_far: SoFar) -> tuple[Floats, Floats]:
    count, with_it, of_treated, without, of_control = so_far
    return count, of_treated - of_control * _by(with_it, without)


def _area(so_far: SoFar) -> float:
    return _area_above_chance(*_curve(so_far))


def _ranked(scores: Floats) -> tuple[Places, Places]:
    """Places, best first, and where in that order each run of equal scores ends."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    return order, ends


def _by(above: Floats, below: Floats) -> Floats:
    """0 where there is nobody yet."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _area_above_chance(count: Floats, gain: Floats) -> float:
    return float(np.trapezoid(gain, count) - count[-1] * gain[-1] / 2)
