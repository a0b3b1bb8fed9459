"""Forecasts: how often intervals hold the truth, what a festival that moves costs each candidate, and what it takes."""

import sys
import time
from collections.abc import Iterator
from datetime import date

import numpy as np

from harness import emit, missed
from zhike.science.forecasting.back_testing import back_test, forecast_series
from zhike.science.forecasting.candidates import CANDIDATES, Naive, SeasonalNaive
from zhike.science.forecasting.holidays import holiday_figures
from zhike.science.forecasting.series import Series
from zhike.science.propensity.inputs import Booleans, Floats

COMPANIES, PERIODS, LEVEL = 300, 8, 0.9
LENGTHS = (32, 60, 150)
PLAIN = (SeasonalNaive(), Naive())
START = date(2018, 1, 1)  # a Monday


def processes(chance: np.random.Generator, size: int) -> Iterator[tuple[str, Floats]]:
    """Days that a company may have: around a week that repeats itself, or wherever they were the day before."""
    week = 5 * np.sin(2 * np.pi * np.arange(size) / 7)
    noise = chance.normal(size=size)
    yield "independent", 50 + week + noise
    yield "heavy tails", 50 + week + chance.standard_t(3, size=size)
    yield "random walk", 500 + np.cumsum(noise)
    lasting = np.zeros(size)
    for day in range(1, size):
        lasting[day] = 0.8 * lasting[day - 1] + noise[day]
    yield "autoregressive", 50 + week + lasting


def coverage() -> None:
    """Of so many companies a share of nine in ten varies by 1.7 % (one standard error)."""
    least = LEVEL - 4 * (LEVEL * (1 - LEVEL) / COMPANIES) ** 0.5
    for length in LENGTHS:
        chance = np.random.default_rng(1)
        held: dict[str, list[Booleans]] = {}
        conformal: dict[str, list[int]] = {}
        for _ in range(COMPANIES):
            for name, values in processes(chance, length + PERIODS):
                series = Series(start=START, unit="day", values=values)
                told = forecast_series(series.until(length), periods=PERIODS, level=LEVEL, candidates=PLAIN)
                inside = (told.low <= values[length:]) & (values[length:] <= told.high)
                held.setdefault(name, []).append(inside)
                conformal.setdefault(name, []).append(told.conformal)
        for name, rows in held.items():
            shares = np.mean(rows, axis=0)
            emit(
                f"forecast_coverage_{name.replace(' ', '_')}_{length}",
                float(shares.min()),
                "share",
                target=f">= {least:.3f}",
                level=LEVEL,
                by_period=[round(float(share), 3) for share in shares],
                conformal=float(np.median(conformal[name])),
                companies=COMPANIES,
            )


def festival() -> None:
    """Weeks of a shop that sells twice as much before 春节 and hardly anything in it."""
    chance, weeks = np.random.default_rng(1), 416
    before, during = holiday_figures(START, "week", weeks)[:, :2].T / 7
    values = 200 * (1 + np.arange(weeks) / 800) * (1 + before) * (1 - 0.8 * during) * chance.lognormal(0, 0.05, weeks)
    series = Series(start=START, unit="week", values=values)
    # Before the festivals of 2023, 2024 and 2025.
    tests = {one.name: back_test(series, one, cuts=[257, 311, 363], periods=12, level=LEVEL) for one in CANDIDATES}
    errors = {name: round(float(np.abs(test.errors).mean()), 1) for name, test in tests.items()}
    ours = tests["regression with holidays"]
    ratio = float(np.abs(ours.errors).mean()) / min(error for name, error in errors.items() if name != ours.name)
    emit("forecast_festival_ratio", ratio, "of the others' least error", target="<= 0.5", errors=errors)
    began = time.process_time()
    told = forecast_series(series, periods=12)
    emit(
        "forecast_416_weeks_cpu_s", time.process_time() - began, "CPU s", candidate=told.name, conformal=told.conformal
    )


def main() -> int:
    coverage()
    festival()
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
