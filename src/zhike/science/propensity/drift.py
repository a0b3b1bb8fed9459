"""Whether customers are still those that were learnt from, and whether what is told still holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zhike.science.propensity.inputs import Floats, Inputs, Integers, OneClass
from zhike.science.propensity.performance import Performance, auc, measure, two_sided

GROUPS = 10
MODERATE, LARGE = 0.1, 0.25
ALPHA = 0.01


class PeriodEmpty(ValueError):
    """There is nobody to compare."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """psi: population stability index; by custom, from 0.1 on moderate and from 0.25 on large. missing: the share of
    missing values before and now. unseen: the share of names now that were not there before."""

    feature: str
    psi: float
    missing: tuple[float, float]
    unseen: float

    @property
    def strength(self) -> str:
        return "large" if self.psi >= LARGE else "moderate" if self.psi >= MODERATE else "none"


def feature_shifts(before: Inputs, now: Inputs, *, raw_names: Mapping[str, Sequence[str]] | None = None) -> list[Shift]:
    """Each feature then and now, the most shifted first. Names that were not there before are missing in `now`.

    raw_names: of features that are names, what they are now, so that those that were not there before can be counted.
    Source of the index: Siddiqi, Credit Risk Scorecards (2006).

    :raises zhike.science.propensity.inputs.InputsInvalid: other features than before
    :raises PeriodEmpty: nobody before or now
    """
    now.check_like(before)
    _check_any(len(before), len(now))
    told = []
    for place, name in enumerate(before.names):
        was, is_ = before.values[:, place], now.values[:, place]
        index = _level_psi(was, is_, len(before.levels[name])) if name in before.levels else psi(was, is_)
        known = set(before.levels.get(name, ()))
        raw = [each for each in (raw_names or {}).get(name, ()) if each is not None]
        told.append(
            Shift(
                feature=name,
                psi=index,
                missing=(float(np.isnan(was).mean()), float(np.isnan(is_).mean())),
                unseen=sum(each not in known for each in raw) / len(raw) if raw else 0.0,
            )
        )
    return sorted(told, key=lambda shift: (-shift.psi, shift.feature))


def psi(before: Floats, now: Floats) -> float:
    """Of numbers, over the tenths of `before` and the missing. Equal samples have 0. Half a customer is added to each
    group, so that an empty one does not make it endless.

    :raises PeriodEmpty: nobody before or now
    """
    _check_any(len(before), len(now))
    there = before[~np.isnan(before)]
    edges = np.unique(np.quantile(there, np.linspace(0, 1, GROUPS + 1)[1:-1])) if len(there) else np.array([])
    return _index(_places(before, edges), _places(now, edges), len(edges) + 2)


def _check_any(before: int, now: int) -> None:
    if not before or not now:
        raise PeriodEmpty(f"{before} before and {now} now: nobody to compare")


def _places(values: Floats, edges: Floats) -> Integers:
    missing = np.isnan(values)
    return np.where(missing, 0, np.searchsorted(edges, np.where(missing, 0, values), side="right") + 1)


def _level_psi(before: Floats, now: Floats, levels: int) -> float:
    def places(values: Floats) -> Integers:
        return np.where(np.isnan(values), levels, values).astype(np.int64)

    return _index(places(before), places(now), levels + 1)


def _index(before: Integers, now: Integers, groups: int) -> float:
    was, is_ = (np.bincount(each, minlength=groups) for each in (before, now))
    held = (was + is_) > 0
    one, other = ((each[held] + 0.5) / (each.sum() + 0.5 * held.sum()) for each in (was, is_))
    return float(((other - one) * np.log(other / one)).sum())


@dataclass(frozen=True, kw_only=True)
class Period:
    """result: None where it happened to everybody or nobody. worse: significantly (1 %) worse ranking than at first.
    off: what happened is significantly (1 %) away from what was told. score_psi: of probabilities, against those at
    first; None of a period without customers, which is neither worse nor off."""

    name: str
    customers: int
    result: Performance | None
    score_psi: float | None
    worse: bool
    off: bool


def watch(
    periods: Sequence[tuple[str, Floats, Integers]], *, first: tuple[Floats, Integers], alpha: float = ALPHA
) -> list[Period]:
    """How a model does over time, against how it did when it was tried.

    periods: name, probabilities as they were told, what happened. first: probabilities and what happened in the trial.

    :raises OneClass: in the trial it happened to everybody or to nobody
    :raises zhike.science.propensity.performance.ProbabilityInvalid: a probability is none
    """
    measure(*first)
    area, variance = auc(*first)
    told = []
    for name, probability, happened in periods:
        try:
            result = measure(probability, happened)
        except OneClass:
            result = None
        worse = False
        if result is not None:
            now, now_variance = auc(probability, happened)
            spread = (variance + now_variance) ** 0.5
            worse = now < area and (not spread or two_sided((area - now) / spread) < alpha)
        residual = float(np.sum(happened - probability))
        deviation = float(np.sum(probability * (1 - probability))) ** 0.5
        off = bool(residual) if not deviation else two_sided(residual / deviation) < alpha
        told.append(
            Period(
                name=name,
                customers=len(happened),
                result=result,
                score_psi=psi(first[0], probability) if len(probability) else None,
                worse=worse,
                off=off,
            )
        )
    return told
