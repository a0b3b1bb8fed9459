"""Ways of foretelling a series: naive, seasonal naive, exponential smoothing, a regression with holidays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zhike.science.forecasting.holidays import holiday_figures
from zhike.science.forecasting.series import SEASON, Series
from zhike.science.propensity.inputs import Floats

YEAR = {"day": 365.25, "week": 365.25 / 7, "month": 12.0}
WAVES = {"day": 3, "week": 3, "month": 3}  # of the year; more would learn the holidays by their usual date
SHRINKAGE = 1e-2  # of standardised columns, per row


class Candidate(Protocol):
    """A way of foretelling."""

    @property
    def name(self) -> str: ...
    def shortest(self, series: Series) -> int:
        """How many periods have to be known."""
        ...

    def forecast(self, series: Series, periods: int) -> Floats: ...


@dataclass(frozen=True)
class Naive:
    """As in the last period."""

    name: str = "naive"

    def shortest(self, series: Series) -> int:
        return 1

    def forecast(self, series: Series, periods: int) -> Floats:
        return np.full(periods, series.values[-1])


@dataclass(frozen=True)
class SeasonalNaive:
    """As in the same period of the last season: the week of days, the year of weeks and months."""

    name: str = "seasonal naive"

    def shortest(self, series: Series) -> int:
        return SEASON[series.unit]

    def forecast(self, series: Series, periods: int) -> Floats:
        return np.resize(series.values[-SEASON[series.unit] :], periods)


@dataclass(frozen=True)
class Smoothing:
    """ETS: a level, a damped trend and a season that is added, each weighing the latest most.

    Source: Holt (1957), Winters (1960), Gardner and McKenzie (1985); by statsmodels.
    """

    name: str = "ETS"

    def shortest(self, series: Series) -> int:
        season = SEASON[series.unit]
        return max(2 * season, 10 + 2 * (season // 2))  # the latter: what statsmodels starts from

    def forecast(self, series: Series, periods: int) -> Floats:
        from statsmodels.tsa.holtwinters import ExponentialSmoothing

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it foretells is judged by back-test, not by its optimiser
            fitted = ExponentialSmoothing(
                series.values,
                trend="add",
                damped_trend=True,
                seasonal="add",
                seasonal_periods=SEASON[series.unit],
                initialization_method="heuristic",
            ).fit()
        return np.asarray(fitted.forecast(periods), dtype=np.float64)


@dataclass(frozen=True)
class HolidayRegression:
    """A trend, waves of the year, days of the week and Chinese holidays, on logarithms where nothing is below 0.

    A ridge regression with little shrinkage, so that waves and holidays that tell the same do not cancel out; smeared
    back. Sources: Hoerl and Kennard (1970); Duan, Smearing estimate (1983).
    """

    name: str = "regression with holidays"

    def shortest(self, series: Series) -> int:
        return int(2 * YEAR[series.unit])

    def forecast(self, series: Series, periods: int) -> Floats:
        count = len(series)
        columns = _columns(series, count + periods)
        mean, deviation = columns[:count].mean(axis=0), columns[:count].std(axis=0)
        told = deviation > 0
        rows = (columns[:, told] - mean[told]) / deviation[told]
        is_logged = bool((series.values >= 0).all())
        values = np.log1p(series.values) if is_logged else series.values
        known = rows[:count]
        weights = np.linalg.solve(
            known.T @ known + SHRINKAGE * count * np.eye(known.shape[1]), known.T @ (values - values.mean())
        )
        fitted = values.mean() + rows @ weights
        if not is_logged:
            return np.asarray(fitted[count:])
        smear = float(np.exp(values - fitted[:count]).mean())
        return np.maximum(0.0, np.exp(fitted[count:]) * smear - 1)


def _columns(series: Series, count: int) -> Floats:
    times = np.arange(count, dtype=float)
    waves = [
        turn(2 * np.pi * wave * times / YEAR[series.unit])
        for wave in range(1, WAVES[series.unit] + 1)
        for turn in (np.sin, np.cos)
    ]
    weekday = [(times + series.start.weekday()) % 7 == day for day in range(6)] if series.unit == "day" else []
    holidays = holiday_figures(series.start, series.unit, count)
    return np.column_stack([times, *waves, *weekday, holidays]).astype(float)


CANDIDATES: tuple[Candidate, ...] = (SeasonalNaive(), Smoothing(), HolidayRegression())
