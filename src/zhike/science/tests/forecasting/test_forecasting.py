"""What moves with the moon is foretold, what is too short is said so, and series have no gaps."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.forecasting.back_testing import ForecastEndless, SeriesTooShort, back_test, forecast_series
from zhike.science.forecasting.candidates import HolidayRegression, Naive, SeasonalNaive, Smoothing
from zhike.science.forecasting.holidays import guessed_years, holiday_figures
from zhike.science.forecasting.series import Series, SeriesInvalid, demand, period_starts, series_of
from zhike.science.propensity.inputs import Floats
from zhike.science.tests.tables import orders_table

FESTIVALS = [
    date(2017, 1, 28), date(2018, 2, 16), date(2019, 2, 5), date(2020, 1, 25), date(2021, 2, 12), date(2022, 2, 1),
    date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29),
]  # fmt: skip


def festive_weeks(count: int, *, seed: int) -> Series:
    """A shop that sells twice as much in three weeks before 春节 and hardly anything in the week of it."""
    chance = np.random.default_rng(seed)
    start = date(2017, 1, 2)
    values = []
    for week in range(count):
        days = [start + timedelta(weeks=week, days=n) for n in range(7)]
        near = [min(((day - first).days for first in FESTIVALS), key=abs) for day in days]
        factor = np.mean([2.0 if -21 <= gone < 0 else 0.2 if 0 <= gone < 8 else 1.0 for gone in near])
        values.append(200 * (1 + week / 800) * factor * chance.lognormal(0, 0.05))
    return Series(start=start, unit="week", values=np.array(values))


def mean_error(errors: Floats) -> float:
    return float(np.abs(errors).mean())


def test_a_spring_festival_that_moves_is_foretold_better_than_by_ets() -> None:
    series = festive_weeks(416, seed=1)
    # Before the festivals of 2022, 2023 and 2024.
    cuts = [260, 309, 364]
    tests = {
        one.name: back_test(series, one, cuts=cuts, periods=12, level=0.9)
        for one in (SeasonalNaive(), Smoothing(), HolidayRegression())
    }
    ours = tests["regression with holidays"]
    assert mean_error(ours.errors) < 0.5 * mean_error(tests["ETS"].errors)
    assert ours.mase < 0.5 * tests["seasonal naive"].mase


def test_the_best_is_chosen_and_its_intervals_hold_the_truth() -> None:
    series = festive_weeks(400, seed=2)
    told = forecast_series(series.until(388), periods=12, origins=8)
    assert told.name == "regression with holidays"
    assert told.start == period_starts(series.start, "week", 388)[-1]
    truth = series.values[388:]
    assert ((told.low <= truth) & (truth <= told.high)).mean() >= 0.75
    best = min(told.tests, key=lambda test: test.mase)
    assert best.name == told.name
    assert best.coverage is not None
    assert 0.8 <= best.coverage <= 1
    assert "MASE" in told.reason


@pytest.mark.parametrize("length", [32, 70])
def test_intervals_hold_the_truth_of_every_period_as_often_as_they_say(length: int) -> None:
    """Of a random walk, whose error grows with every period; 90 % of 400 differ by chance by 1.5 %."""
    chance, periods, held = np.random.default_rng(1), 8, []
    for _ in range(400):
        values: Floats = 500 + np.cumsum(chance.normal(size=length + periods), dtype=np.float64)
        series = Series(start=date(2026, 1, 1), unit="day", values=values)
        told = forecast_series(series.until(length), periods=periods, candidates=[Naive()])
        held.append((told.low <= values[length:]) & (values[length:] <= told.high))
        assert (np.diff(told.high - told.low) >= 0).all()
    shares = np.mean(held, axis=0)
    assert shares.min() > 0.86
    assert shares.mean() < 0.98


def test_too_few_errors_are_said_so_and_make_intervals_wider() -> None:
    chance = np.random.default_rng(2)
    series = Series(start=date(2026, 1, 1), unit="day", values=chance.normal(50, 5, 120))
    many = forecast_series(series, periods=6, origins=10, candidates=[SeasonalNaive()])
    assert many.conformal == 6
    assert "normal errors" not in many.reason
    # Of nine errors the largest, of nineteen the second largest: exactly nine in ten are within.
    for origins, place in ((9, -1), (19, -2)):
        told = forecast_series(series, periods=1, origins=origins, candidates=[SeasonalNaive()])
        errors = np.sort(np.abs(told.tests[0].errors[:, 0]))
        assert told.high - told.mean == pytest.approx(errors[place])
    few = forecast_series(series, periods=6, origins=4, candidates=[SeasonalNaive()])
    assert few.conformal == 0
    assert "intervals of normal errors from period 1 on" in few.reason
    errors = few.tests[0].errors[:, 0]
    student = 2.131847 * np.sqrt((errors**2).mean())  # the 95 % quantile of t with four degrees of freedom
    assert few.high[0] - few.mean[0] == pytest.approx(max(student, np.abs(errors).max()))
    # Ten origins of ten days that are one day apart: ten days ahead hardly more than one error was seen.
    close = forecast_series(series.until(36), periods=10, candidates=[SeasonalNaive(), Smoothing()])
    assert 0 < close.conformal < 10


def test_ets_is_not_asked_of_what_it_cannot_begin_with() -> None:
    for days, names in ((18, {"seasonal naive"}), (19, {"seasonal naive"}), (20, {"seasonal naive", "ETS"})):
        series = Series(start=date(2026, 1, 1), unit="day", values=(np.arange(days) % 7).astype(float))
        told = forecast_series(series, periods=4)
        assert {test.name for test in told.tests} == names


def test_short_series_fall_back_by_name() -> None:
    values = np.array([3.0, 4, 5, 6, 5, 4, 3, 4])
    told = forecast_series(Series(start=date(2026, 1, 1), unit="month", values=values), periods=2)
    assert told.name == "naive"
    assert "too short for seasonal naive, ETS" in told.reason
    assert told.mean.tolist() == [4, 4]
    with pytest.raises(SeriesTooShort):
        forecast_series(Series(start=date(2026, 1, 1), unit="month", values=values), periods=5)
    constant = forecast_series(Series(start=date(2026, 1, 1), unit="day", values=np.full(60, 7.0)), periods=3)
    assert constant.mean == pytest.approx([7, 7, 7])


def test_holidays_are_those_of_the_calendar() -> None:
    before, during, after = holiday_figures(date(2024, 2, 1), "day", 28)[:, :3].T
    assert np.flatnonzero(during).tolist() == list(range(9, 17))
    assert before[:9].all()
    assert after[17:24].all()
    months = holiday_figures(date(2023, 1, 1), "month", 2)
    assert months[:, 0].tolist() == [21, 0]
    off = holiday_figures(date(2024, 9, 30), "week", 1)[0, -1]
    assert off == 6  # 1 to 6 October; Sunday the 6th is part of the holiday, Monday 30 September is worked
    assert guessed_years(date(2024, 1, 1), "month", 12) == []
    assert guessed_years(date(2090, 12, 1), "month", 2) == [2090, 2091]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-20, 90)), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_every_period_that_is_over_is_there_once(rows: list[tuple[int, int]]) -> None:
    first, as_of = date(2026, 1, 5), date(2026, 3, 8)
    orders = [(place % 3, first + timedelta(days=day), Decimal(amount)) for place, (day, amount) in enumerate(rows)]
    told = series_of(demand(orders_table(orders), unit="week"), measure="amount", unit="week", as_of=as_of)["all"]
    assert period_starts(told.start, "week", len(told))[-1] == as_of + timedelta(days=1)
    assert told.values.sum() == sum(amount for _, amount in rows)


def test_what_is_not_over_is_left_out_and_segments_start_together() -> None:
    days = [(1, date(2026, 1, 3), Decimal(5)), (2, date(2026, 2, 27), Decimal(7)), (2, date(2026, 3, 2), Decimal(9))]
    orders = orders_table(days)
    rows = demand(orders.mutate(segment=orders.customer_id.cast("string")), unit="month", by="segment")
    told = series_of(rows, measure="customer_count", unit="month", as_of=date(2026, 3, 30), by="segment")
    assert {name: one.values.tolist() for name, one in told.items()} == {"1": [1, 0], "2": [0, 1]}
    with pytest.raises(SeriesInvalid):
        series_of(rows, measure="customer_count", unit="month", as_of=date(2026, 1, 30), by="segment")
    with pytest.raises(SeriesInvalid):
        Series(start=date(2026, 1, 2), unit="month", values=np.array([1.0]))
    with pytest.raises(SeriesInvalid):
        Series(start=date(2026, 1, 1), unit="month", values=np.array([np.nan]))


def test_twice_as_much_is_foretold_of_twice_as_much() -> None:
    series = festive_weeks(160, seed=3)
    twice = Series(start=series.start, unit="week", values=2 * series.values)
    for one in (Naive(), SeasonalNaive(), Smoothing(), HolidayRegression()):
        assert one.forecast(twice, 6) == pytest.approx(2 * one.forecast(series, 6), rel=0.02)


class Endless:
    name = "endless"

    def shortest(self, series: Series) -> int:
        return 1

    def forecast(self, series: Series, periods: int) -> Floats:
        return np.full(periods, np.nan)


def test_what_is_no_number_is_no_forecast() -> None:
    with pytest.raises(ForecastEndless, match="endless"):
        forecast_series(festive_weeks(60, seed=4), periods=2, candidates=[SeasonalNaive(), Endless()])
