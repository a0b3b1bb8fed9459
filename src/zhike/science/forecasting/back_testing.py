"""Which candidate foretold best on earlier days, and how far from it the truth may lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

import numpy as np
from scipy.special import stdtrit

from zhike.science.forecasting.candidates import CANDIDATES, Candidate, Naive
from zhike.science.forecasting.holidays import guessed_years
from zhike.science.forecasting.series import SEASON, Series, period_starts
from zhike.science.propensity.inputs import Floats

FEWEST = 4  # periods, of which anything is foretold


class SeriesTooShort(ValueError):
    """So few periods are known that not even the naive forecast can be judged."""


class ForecastEndless(ArithmeticError):
    """A candidate foretold what is no number."""


@dataclass(frozen=True, kw_only=True)
class BackTest:
    """mase: mean absolute error by that of the seasonal naive forecast within what was known (of the naive one, where
    no season is known); below 1 is better. coverage: share of the truth within intervals made of the other origins'
    errors; None of a single origin. errors: truth less forecast, a row for each origin."""

    name: str
    mase: float
    coverage: float | None
    errors: Floats


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """mean, low and high of each period from `start` on. conformal: of how many first periods the intervals follow from
    the errors seen alone; those later are of errors taken as normal. reason: why this candidate. guessed: years whose
    public holidays are not announced yet."""

    start: date
    name: str
    mean: Floats
    low: Floats
    high: Floats
    conformal: int
    tests: tuple[BackTest, ...]
    reason: str
    guessed: tuple[int, ...]


def forecast_series(
    series: Series,
    *,
    periods: int,
    level: float = 0.9,
    origins: int = 10,
    candidates: Sequence[Candidate] = CANDIDATES,
) -> Forecast:
    """The candidate that foretold best from earlier origins, and conformal intervals of what it got wrong there.

    Every origin foretells as many periods as are asked for and knows nothing later; the origins lie as far apart as the
    series allows, up to `periods`. A candidate takes part if it knows enough at the first of them. Where none does the
    answer is the naive forecast, by that name. Of a series without anything below 0 nothing goes below 0.

    Each period has an interval of its own, no narrower than that of the period before, which is to hold the truth with
    the chance `level`: of the n errors seen so far ahead it reaches to the one that is the ceil(level (n + 1))-th
    smallest. So many there have to be, at .9 nine; errors of origins closer together than the period lies ahead
    overlap, and count for less. Where they are too few the interval is Student's, of normal errors without bias, or
    reaches to the largest error, whichever is wider; `conformal` and the reason say so. As errors of a series come one
    after another, the chance is that of the method, checked by simulation, and not certain.
    Sources: Hyndman and Koehler (2006); Tashman (2000); Vovk, Gammerman and Shafer (2005); Lei and others,
    Distribution-free predictive inference (2018).

    :raises SeriesTooShort: fewer than four periods beyond those to be foretold are known
    :raises ForecastEndless: a candidate foretold what is no number
    """
    if periods < 1 or origins < 1 or not 0 < level < 1:
        raise ValueError("one period and origin at least, a level between 0 and 1")
    spare = len(series) - periods
    if spare < FEWEST:
        raise SeriesTooShort(f"{len(series)} periods are known: {periods + FEWEST} are needed")
    able = [one for one in candidates if spare >= one.shortest(series)]
    chosen_from: list[Candidate] = able or [Naive()]
    least = max(FEWEST, *(one.shortest(series) for one in chosen_from))
    cuts = _cuts(least, spare, periods, origins)
    tests = tuple(back_test(series, one, cuts=cuts, periods=periods, level=level) for one in chosen_from)
    place = min(range(len(tests)), key=lambda each: tests[each].mase)
    best, model = tests[place], chosen_from[place]
    mean = _foretold(model, series, periods)
    half, conformal = _half_widths(best.errors, level, cuts)
    low = mean - half
    is_positive = bool((series.values >= 0).all())
    later = period_starts(series.start, series.unit, len(series))[-1]
    reason = f"{best.name}: MASE {best.mase:.2f} over {len(cuts)} origins"
    reason += "" if able else f"; {len(series)} periods are too short for {', '.join(one.name for one in candidates)}"
    if conformal < periods:
        reason += f"; intervals of normal errors from period {conformal + 1} on: too few errors were seen so far ahead"
    return Forecast(
        start=later,
        name=best.name,
        mean=mean,
        low=np.maximum(low, 0.0) if is_positive else low,
        high=mean + half,
        conformal=conformal,
        tests=tests,
        reason=reason,
        guessed=tuple(guessed_years(later, series.unit, periods)),
    )


def back_test(series: Series, candidate: Candidate, *, cuts: Sequence[int], periods: int, level: float) -> BackTest:
    """Foretold after each of these numbers of periods, as if no more were known.

    :raises ForecastEndless: the candidate foretold what is no number
    """
    errors, scaled = [], []
    for cut in cuts:
        known = series.until(cut)
        missed = series.values[cut : cut + periods] - _foretold(candidate, known, periods)
        errors.append(missed)
        scaled.append(float(np.abs(missed).mean()) / _scale(known))
    every = np.array(errors)
    inside = [
        np.abs(own) <= _half_widths(np.delete(every, place, axis=0), level, [*cuts[:place], *cuts[place + 1 :]])[0]
        for place, own in enumerate(every)
        if len(every) > 1
    ]
    coverage = float(np.mean(inside)) if inside else None
    return BackTest(name=candidate.name, mase=float(np.mean(scaled)), coverage=coverage, errors=every)


def _foretold(candidate: Candidate, known: Series, periods: int) -> Floats:
    mean = candidate.forecast(known, periods)
    if not np.isfinite(mean).all():
        raise ForecastEndless(f"{candidate.name} after {len(known)} periods")
    return np.maximum(mean, 0.0) if (known.values >= 0).all() else mean


def _cuts(least: int, spare: int, periods: int, origins: int) -> list[int]:
    step = max(1, min(periods, (spare - least) // max(1, origins - 1)))
    return sorted({spare - step * place for place in range(origins) if spare - step * place >= least})


def _scale(known: Series) -> float:
    """Of a series that never changed the scale is 1: its errors are told as they are."""
    season = SEASON[known.unit] if len(known) > SEASON[known.unit] else 1
    changes = np.abs(known.values[season:] - known.values[:-season])
    return float(changes.mean()) or 1.0


def _half_widths(errors: Floats, level: float, cuts: Sequence[int]) -> tuple[Floats, int]:
    """Of each period how far the truth may lie from what was foretold, and of how many this is conformal."""
    count, periods = errors.shape
    sizes = np.sort(np.abs(errors), axis=0)
    apart = int(np.diff(cuts).min()) if count > 1 else periods
    # Errors of origins that lie apart less than the period lies ahead are partly of the same days.
    telling = [1 + int((count - 1) * min(1.0, apart / ahead)) for ahead in range(1, periods + 1)]
    conformal = sum(_rank(own, level) <= own for own in telling)
    normal = stdtrit(telling, (1 + level) / 2) * np.sqrt((sizes**2).mean(axis=0))
    half = np.maximum(sizes[-1], normal)
    half[:conformal] = sizes[min(_rank(count, level), count) - 1, :conformal]
    return np.maximum.accumulate(half), conformal


def _rank(count: int, level: float) -> int:
    return ceil(level * (count + 1) - 1e-9)  # what is a whole number but for rounding
