"""From log odds that rank well to probabilities that hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.special import expit, logit

from zhike.science.propensity.inputs import Floats, Integers

GROUPS = 200  # of equal scores at most, in Venn-Abers predictors
FOLDS = 5
STEPS, TINY, RIDGE = 100, 1e-9, 1e-3


class Calibration(Protocol):
    @property
    def name(self) -> str: ...

    def __call__(self, log_odds: Floats) -> Floats: ...


@dataclass(frozen=True)
class AsIs:
    name: str = "as is"

    def __call__(self, log_odds: Floats) -> Floats:
        return np.asarray(expit(log_odds))


@dataclass(frozen=True, kw_only=True)
class Platt:
    """The log odds stretched and moved."""

    slope: float
    intercept: float
    name: str = "Platt"

    def __call__(self, log_odds: Floats) -> Floats:
        return np.asarray(expit(self.slope * log_odds + self.intercept))


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Isotonic: a probability at each of some log odds, straight lines between them."""

    log_odds: Floats
    probability: Floats
    name: str = "isotonic"

    def __call__(self, log_odds: Floats) -> Floats:
        return np.asarray(np.interp(log_odds, self.log_odds, self.probability))


@dataclass(frozen=True, kw_only=True)
class VennAbers:
    """log_odds: of the groups, ascending. low, high: the probability of one more customer at each of them, were it
    known not to happen and to happen."""

    log_odds: Floats
    low: Floats
    high: Floats
    name: str = "Venn-Abers"

    def interval(self, log_odds: Floats) -> tuple[Floats, Floats]:
        return np.interp(log_odds, self.log_odds, self.low), np.interp(log_odds, self.log_odds, self.high)

    def __call__(self, log_odds: Floats) -> Floats:
        low, high = self.interval(log_odds)
        return np.asarray(high / (1 - low + high))


type Fit = Callable[[Floats, Integers, Floats], Calibration]


def fit_as_is(log_odds: Floats, happened: Integers, weight: Floats) -> AsIs:
    return AsIs()


def fit_platt(log_odds: Floats, happened: Integers, weight: Floats) -> Platt:
    """By Newton's method; a ridge so slight that it only matters where the classes do not overlap keeps it finite. The
    order of the scores is kept: where the best slope were negative, everybody gets the share of all.

    Source: Platt, Probabilistic outputs for support vector machines (1999), without his prior.
    """
    middle, scale = float(log_odds.mean()), float(log_odds.std()) or 1.0
    columns = np.column_stack([(log_odds - middle) / scale, np.ones(len(log_odds))])
    found = np.zeros(2)
    for _ in range(STEPS):
        told = expit(columns @ found)
        gradient = columns.T @ (weight * (happened - told)) - RIDGE * found
        curvature = (columns * (weight * told * (1 - told))[:, None]).T @ columns + RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found = found + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < TINY:
            break
    if found[0] < 0:  # scores upside down say nothing of anybody; turned round, reasons would point the wrong way
        return Platt(slope=0.0, intercept=float(logit(np.average(happened, weights=weight))))
    slope, intercept = float(found[0] / scale), float(found[1] - found[0] * middle / scale)
    return Platt(slope=slope, intercept=intercept)


def fit_isotonic(log_odds: Floats, happened: Integers, weight: Floats) -> Steps:
    """Rising steps; never nearer to 0 and 1 than half a customer of all. Source: Zadrozny and Elkan, Transforming
    classifier scores into accurate multiclass probability estimates (2002)."""
    from sklearn.isotonic import IsotonicRegression

    edge = 0.5 / len(happened)
    model = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
    model.fit(log_odds, happened, sample_weight=weight)
    return Steps(log_odds=model.X_thresholds_.copy(), probability=model.y_thresholds_.copy())


def fit_venn_abers(log_odds: Floats, happened: Integers, weight: Floats) -> VennAbers:
    """Inductive Venn-Abers predictors, on at most two hundred groups of neighbouring scores.

    Source: Vovk, Petej and Fedorova, Large-scale probabilistic predictors with and without guarantees of validity
    (2015). With a customer more in group k, the isotonic fit there is the greatest, over where a step may begin, of the
    least, over where it may end, of the step's share.
    """
    places, count, hits = _groups(log_odds, happened, weight)
    held, met = np.concatenate([[0.0], np.cumsum(count)]), np.concatenate([[0.0], np.cumsum(hits)])
    unit = float(weight.mean())
    # Rows: where a step begins; columns: where it ends, which is of use beyond its beginning alone.
    of = held[None, 1:] - held[:-1, None] + unit
    of = np.where(of > 0, of, 1.0)
    answers = []
    for one_more in (0.0, unit):
        share = (met[None, 1:] - met[:-1, None] + one_more) / of
        least = np.minimum.accumulate(share[:, ::-1], axis=1)[:, ::-1]
        answers.append(np.where(np.tri(len(places), dtype=bool).T, least, -np.inf).max(axis=0))
    return VennAbers(log_odds=places, low=answers[0], high=answers[1])


def _groups(log_odds: Floats, happened: Integers, weight: Floats) -> tuple[Floats, Floats, Floats]:
    places, group = np.unique(log_odds, return_inverse=True)
    count, hits = np.bincount(group, weight), np.bincount(group, weight * happened)
    if len(places) <= GROUPS:
        return places, count, hits
    bins = np.minimum((np.cumsum(count) - count / 2) / count.sum() * GROUPS, GROUPS - 1).astype(int)
    _, bins = np.unique(bins, return_inverse=True)
    total = np.bincount(bins, count)
    return np.bincount(bins, count * places) / total, total, np.bincount(bins, hits)


FITS: Mapping[str, Fit] = MappingProxyType(
    {"as is": fit_as_is, "Platt": fit_platt, "isotonic": fit_isotonic, "Venn-Abers": fit_venn_abers}
)


class Calibrated(NamedTuple):
    """calibration: fitted to all. log_losses: of each kind, cross-validated. held_back: each customer's probability by
    the same kind, fitted to the folds without them."""

    calibration: Calibration
    log_losses: dict[str, float]
    held_back: Floats


def calibrate(
    log_odds: Floats, happened: Integers, *, weight: Floats, seed: int, fits: Mapping[str, Fit] = FITS
) -> Calibrated:
    """The calibration with the least cross-validated log loss.

    log_odds: of customers from whom the model did not learn.
    """
    fold = folds(happened, count=FOLDS, seed=seed)
    loss, held_back = {}, {}
    for name, fit in fits.items():
        told = held_back[name] = np.empty(len(happened))
        for each in range(FOLDS):
            rest = fold != each
            told[~rest] = fit(log_odds[rest], happened[rest], weight[rest])(log_odds[~rest])
        loss[name] = log_loss(told, happened, weight)
    best = min(loss, key=lambda name: (loss[name], name))
    return Calibrated(fits[best](log_odds, happened, weight), loss, held_back[best])


def log_loss(probability: Floats, happened: Integers, weight: Floats) -> float:
    """Mean, of natural logarithms; a probability of 0 or 1 counts as half a customer of all away from it,
    and at most a thousandth."""
    edge = min(0.5 / len(happened), 1e-3)
    held = np.clip(probability, edge, 1 - edge)
    return float(np.average(-np.where(happened == 1, np.log(held), np.log1p(-held)), weights=weight))


def folds(happened: Integers, *, count: int, seed: int) -> Any:
    """A fold for each example, with equal shares of each class."""
    chance = np.random.default_rng(seed)
    fold = np.empty(len(happened), dtype=np.int64)
    for each in (0, 1):
        places = np.flatnonzero(happened == each)
        fold[chance.permutation(places)] = np.arange(len(places)) % count
    return fold
