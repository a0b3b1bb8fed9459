"""How good probabilities are: whether they rank, whether they hold, what the first tenth is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr
from scipy.stats import rankdata

from zhike.science.propensity.calibration import log_loss
from zhike.science.propensity.inputs import Floats, Integers, OneClass

BINS = 10
Z = 1.959963984540054  # of a 95 % interval


class ProbabilityInvalid(ValueError):
    """Not a number between 0 and 1, or not one for each label."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Customers with neighbouring probabilities: how many, what was told on average, and what happened."""

    customers: int
    told: float
    happened: float


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """The customers ranked highest, up to this share of all: their rate, how many of all to whom it happened are among
    them, and how much likelier it is than on average."""

    share: float
    rate: float
    captured: float
    lift: float


@dataclass(frozen=True, kw_only=True)
class Performance:
    """auc: with its 95 % interval (DeLong, on the logit scale). average_precision: area under precision and recall.
    brier: mean square. log_loss: natural. calibration_error: mean distance of told and happened over ten bins of
    equally many customers, weighted by them; chance_error: what it would be on average if every probability were
    exactly right.
    """

    customers: int
    rate: float
    auc: float
    auc_interval: tuple[float, float]
    average_precision: float
    brier: float
    log_loss: float
    calibration_error: float
    chance_error: float
    bins: tuple[Bin, ...]
    tenths: tuple[Tenth, ...]

    @property
    def lift(self) -> float:
        """Of the first tenth."""
        return self.tenths[0].lift

    def __str__(self) -> str:
        low, high = self.auc_interval
        return (
            f"AUC {self.auc:.4f} [{low:.4f}, {high:.4f}], AP {self.average_precision:.4f}, Brier {self.brier:.4f}, "
            f"calibration error {self.calibration_error:.4f} (by chance {self.chance_error:.4f}), "
            f"lift at 10 % {self.lift:.2f}, rate {self.rate:.4f} of {self.customers:,}"
        )


def measure(probability: Floats, happened: Integers) -> Performance:
    """
    :raises OneClass: it happened to everybody or to nobody, so that no ranking can be judged
    :raises ProbabilityInvalid: a probability is none
    """
    check(probability, happened)
    area, variance = auc(probability, happened)
    bins = calibration_bins(probability, happened)
    return Performance(
        customers=len(happened),
        rate=float(happened.mean()),
        auc=area,
        auc_interval=_interval(area, variance),
        average_precision=average_precision(probability, happened),
        brier=float(np.mean((probability - happened) ** 2)),
        log_loss=log_loss(probability, happened, np.ones(len(happened))),
        calibration_error=calibration_error(bins),
        chance_error=_chance_error(probability),
        bins=bins,
        tenths=gains(probability, happened),
    )


def check(probability: Floats, happened: Integers) -> None:
    """
    :raises OneClass: it happened to everybody or to nobody
    :raises ProbabilityInvalid: a probability is none
    """
    if len(probability) != len(happened):
        raise ProbabilityInvalid(f"{len(probability)} probabilities for {len(happened)} labels")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ProbabilityInvalid("a probability lies between 0 and 1")
    if not 0 < happened.sum() < len(happened):
        raise OneClass(f"it happened to {int(happened.sum())} of {len(happened)}")


def auc(score: Floats, happened: Integers) -> tuple[float, float]:
    """Area under the ROC curve, ties counted half, and its variance.

    Source: DeLong, DeLong and Clarke-Pearson (1988); by ranks as Sun and Xu (2014).
    """
    of_first, of_second = placements(score, happened)
    variance = sum(part.var(ddof=1) / len(part) if len(part) > 1 else 0.0 for part in (of_first, of_second))
    return float(of_first.mean()), float(variance)


def placements(score: Floats, happened: Integers) -> tuple[Floats, Floats]:
    """For each to whom it happened the share of the others below, for each other the share of those above."""
    first, second = score[happened == 1], score[happened == 0]
    together = rankdata(np.concatenate([first, second]))
    of_first = (together[: len(first)] - rankdata(first)) / len(second)
    of_second = 1 - (together[len(first) :] - rankdata(second)) / len(first)
    return of_first, of_second


def average_precision(score: Floats, happened: Integers) -> float:
    """Precision at each threshold, weighted by the recall that it adds; equal scores share a threshold."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(happened[order])
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    gained = np.diff(hits[last], prepend=0)
    return float((gained * hits[last] / (last + 1)).sum() / hits[-1])


def calibration_bins(probability: Floats, happened: Integers, *, bins: int = BINS) -> tuple[Bin, ...]:
    """Of equally many customers, as far as equal probabilities stay together."""
    place = _bin_of(probability, bins)
    found = []
    for each in np.unique(place):
        held = place == each
        found.append(
            Bin(customers=int(held.sum()), told=float(probability[held].mean()), happened=float(happened[held].mean()))
        )
    return tuple(found)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    customers = sum(each.customers for each in bins)
    return sum(each.customers * abs(each.told - each.happened) for each in bins) / customers


def gains(probability: Floats, happened: Integers) -> tuple[Tenth, ...]:
    """By tenths of the customers, the likeliest first; those with equal probabilities share what happened to them."""
    _, group = np.unique(-probability, return_inverse=True)
    shared = (np.bincount(group, happened) / np.bincount(group))[group]
    met = np.concatenate([[0.0], np.cumsum(shared[np.argsort(group, kind="stable")])])
    rate, count = float(happened.mean()), len(happened)
    told = []
    for tenth in range(1, 11):
        reached = float(np.interp(count * tenth / 10, np.arange(count + 1), met))
        within = reached / (count * tenth / 10)
        told.append(Tenth(share=tenth / 10, rate=within, captured=reached / met[-1], lift=within / rate))
    return tuple(told)


def _bin_of(probability: Floats, bins: int) -> Integers:
    middle = rankdata(probability) - 0.5
    return np.asarray(np.minimum((middle / len(probability) * bins).astype(np.int64), bins - 1))


def _chance_error(probability: Floats) -> float:
    """The mean distance of a bin's share from its probability is √(2/π) standard deviations."""
    spread = np.bincount(_bin_of(probability, BINS), probability * (1 - probability))
    return float(np.sqrt(2 / np.pi * spread).sum() / len(probability))


def _interval(area: float, variance: float) -> tuple[float, float]:
    if not 0 < area < 1 or not variance:
        return area, area
    half = Z * np.sqrt(variance) / (area * (1 - area))
    return float(expit(logit(area) - half)), float(expit(logit(area) + half))


def two_sided(z: float) -> float:
    """The p-value of a standard normal."""
    return float(2 * ndtr(-abs(z)))
