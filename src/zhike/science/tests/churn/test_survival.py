"""How long customers stay: published shares, known hazards, and curves that are those of their definition."""

from __future__ import annotations

from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.science.churn.hazard import PeriodCounts, fit_discrete_hazard
from zhike.science.churn.survival import DurationInvalid, Durations, concordance, kaplan_meier
from zhike.science.propensity.inputs import InputsInvalid
from zhike.science.tests.propensity.customers import telco

# Freireich and others (1963), remission in weeks with 6-mercaptopurine; Kalbfleisch and Prentice print the curve.
REMISSION = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]

stays = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1)), min_size=1, max_size=40)


def subscribers(trial_data: Path) -> pa.Table:
    rows = telco(trial_data)
    return pa.table(
        {
            "duration": rows["tenure"],
            "left": rows["Churn"].cast(pa.int64()),
            "contract": rows["Contract"],
            "internet": rows["InternetService"],
        }
    )


def test_the_curve_of_remission_is_the_published_one() -> None:
    found = kaplan_meier(Durations.of_customers(REMISSION, ENDED))
    shares = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    assert {duration: found.at(duration) for duration in shares} == pytest.approx(shares, abs=5e-5)
    assert (found.median, found.at(3)) == (23, 1.0)
    place = list(found.duration).index(10)
    assert (found.low[place], found.high[place]) == pytest.approx((0.5032, 0.8894), abs=5e-4)


def test_subscribers_stay_as_long_as_the_research_found(trial_data: Path) -> None:
    durations = Durations.of_table(ibis.memtable(subscribers(trial_data)))
    found = kaplan_meier(durations)
    assert [round(found.at(months), 4) for months in (12, 24, 72)] == [0.8432, 0.7887, 0.5928]
    assert found.at_risk[0] == 7_043


@given(stays)
def test_the_curve_is_the_product_of_its_definition(rows: list[tuple[int, int]]) -> None:
    found = kaplan_meier(Durations.of_customers(*zip(*rows, strict=True)))
    share = 1.0
    for duration in sorted({duration for duration, _ in rows}):
        risk = sum(each >= duration for each, _ in rows)
        share *= 1 - sum(each == duration and left for each, left in rows) / risk
        assert found.at(duration) == pytest.approx(share)
    assert (found.low <= found.share + 1e-12).all()
    assert (found.share <= found.high + 1e-12).all()
    assert np.isfinite(found.low).all()


def pairs_counted(rows: list[tuple[int, int, int]]) -> tuple[float, int]:
    met, pairs = 0.0, 0
    for duration, left, risk in rows:
        for other, other_left, other_risk in rows:
            if left and (duration < other or (duration == other and not other_left)):
                pairs += 1
                met += 1 if risk > other_risk else 0.5 if risk == other_risk else 0
    return met, pairs


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(-9, 9)), min_size=1, max_size=30))
def test_concordance_counts_pairs(rows: list[tuple[int, int, int]]) -> None:
    duration, left, risk = (np.array(column) for column in zip(*rows, strict=True))
    met, pairs = pairs_counted(rows)
    if pairs:
        assert concordance(risk / 7, duration.astype(float), left) == met / pairs
    else:
        with pytest.raises(DurationInvalid, match="no two"):
            concordance(risk / 7, duration.astype(float), left)


def test_concordance_of_many_customers_is_counted_at_once() -> None:
    """Every pair of 100,000 customers, looked at, is 80 GB of comparisons."""
    chance = np.random.default_rng(3)
    risk = chance.normal(size=100_000)
    duration = chance.exponential(np.exp(-risk))
    told = concordance(risk, duration, np.ones(100_000, np.int64))
    # Of two customers the riskier leaves first with the chance expit(|difference|).
    one, other = chance.normal(size=(2, 100_000))
    assert told == pytest.approx(float((1 / (1 + np.exp(-np.abs(one - other)))).mean()), abs=0.004)
    with pytest.raises(InputsInvalid):
        concordance(np.where(risk > 3, np.nan, risk), duration, np.ones(100_000, np.int64))


def test_half_is_half_whatever_the_product_rounds_to() -> None:
    """Of 2n customers who leave one by one, half have left after n."""
    for half in range(1, 120):
        durations = Durations.of_customers(range(1, 2 * half + 1), np.ones(2 * half))
        assert kaplan_meier(durations).median == half


@pytest.mark.parametrize(
    ("duration", "left"),
    [([-1], [0]), ([None], [0]), ([1], [2]), ([1], [None]), ([], []), ([1, 2], [1, 0.5]), ([1], [np.nan])],
)
def test_stays_that_nobody_can_have_are_refused(duration: list[int], left: list[int]) -> None:
    with pytest.raises(DurationInvalid):
        kaplan_meier(Durations.of_customers(duration, left))


def test_periods_are_counted_as_one_would_by_hand() -> None:
    rows = pa.table({"duration": [1, 2, 2, 3, 0], "left": [1, 0, 1, 1, 0], "plan": ["a", "a", "a", "b", "a"]})
    found = PeriodCounts.of_table(ibis.memtable(rows), by=["plan"])
    counted = zip(found.pattern, found.period, found.at_risk, found.happened, strict=True)
    assert sorted(counted) == [
        (("a",), 1, 3, 1),
        (("a",), 2, 2, 1),
        (("b",), 1, 1, 0),
        (("b",), 2, 1, 0),
        (("b",), 3, 1, 1),
    ]


def test_hazards_that_are_known_are_found() -> None:
    chance, size = np.random.default_rng(2), 20_000
    plan = np.where(chance.random(size) < 0.5, "month", "year")
    duration, left = np.full(size, 24), np.zeros(size, np.int64)

    def hazard(name: str, period: np.ndarray) -> np.ndarray:
        return 0.15 / np.sqrt(period) if name == "month" else 0.01 + 0.001 * period

    here = np.ones(size, bool)
    for period in range(1, 25):
        by_month, by_year = (hazard(name, np.array(period)) for name in ("month", "year"))
        leaves = here & (chance.random(size) < np.where(plan == "month", by_month, by_year))
        duration[leaves], left[leaves] = period, 1
        here &= ~leaves
    rows = ibis.memtable(pa.table({"duration": duration, "left": left, "plan": plan}))
    model = fit_discrete_hazard(PeriodCounts.of_table(rows, by=["plan"]))
    for name in ("month", "year"):
        true = np.cumprod(1 - hazard(name, np.arange(1, 25)))
        assert model.survival([name], periods=24) == pytest.approx(true, abs=0.02)
    after = 1 - true[11] / true[5]
    assert model.within(["year"], after=6, periods=6) == pytest.approx(after, abs=0.01)
    with pytest.raises(InputsInvalid):
        model.hazard([], [1])


def test_the_hazard_of_subscribers_follows_their_curve(trial_data: Path) -> None:
    rows = ibis.memtable(subscribers(trial_data))
    model = fit_discrete_hazard(PeriodCounts.of_table(rows, by=["contract"]))
    for contract in ("Month-to-month", "One year", "Two year"):
        own = kaplan_meier(Durations.of_table(rows.filter(rows.contract == contract)))
        told = model.survival([contract], periods=72)
        assert [told[months - 1] for months in (12, 24, 48)] == pytest.approx(
            [own.at(months) for months in (12, 24, 48)], abs=0.03
        )


def test_periods_without_an_end_or_with_broken_durations_are_refused() -> None:
    for duration, left in (([1.5], [1]), ([-1], [1]), ([0], [0]), ([np.nan], [1]), ([np.inf], [1])):
        rows = ibis.memtable(pa.table({"duration": duration, "left": left}))
        with pytest.raises(DurationInvalid):
            PeriodCounts.of_table(rows, by=[])
    nobody = PeriodCounts.of_table(ibis.memtable(pa.table({"duration": [3, 4], "left": [0, 0]})), by=[])
    with pytest.raises(DurationInvalid, match="nobody"):
        fit_discrete_hazard(nobody)
