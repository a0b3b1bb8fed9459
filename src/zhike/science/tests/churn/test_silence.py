"""Silence is judged by the customer's own rhythm, as often rightly as promised."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import ibis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betaprime, kstest

from zhike.science.churn.hazard import PeriodCounts, fit_discrete_hazard, purchase_silences
from zhike.science.churn.silence import Gaps, Rhythm, RhythmInvalid, fit_rhythm, purchase_gaps, score_silence
from zhike.science.clv.histories import NotIdentified
from zhike.science.tests.tables import Order, by_customer, orders_table, rows_of

START = date(2025, 1, 1)
TRUE = Rhythm(shape=2.5, r=4.0, alpha=40.0, log_likelihood=0.0)


def gaps_of(rows: list[np.ndarray]) -> Gaps:
    return Gaps(
        count=np.array([len(row) for row in rows]),
        total=np.array([row.sum() for row in rows]),
        log_total=np.array([np.log(row).sum() for row in rows]),
    )


def company(size: int, *, seed: int) -> tuple[Gaps, np.ndarray]:
    """Customers with none to eight gaps, and the next gap of each."""
    chance = np.random.default_rng(seed)
    pace = chance.gamma(TRUE.r, 1 / TRUE.alpha, size)
    rows = [chance.gamma(TRUE.shape, 1 / each, chance.integers(0, 9)) for each in pace]
    return gaps_of(rows), chance.gamma(TRUE.shape, 1 / pace)


def regular(customer: int, *, every: int, until: int) -> list[Order]:
    return [(customer, START + timedelta(days=day), Decimal(10)) for day in range(0, until, every)]


def test_the_rhythm_of_a_company_is_found() -> None:
    found = fit_rhythm(company(6_000, seed=1)[0])
    assert (found.shape, found.r, found.alpha) == pytest.approx((TRUE.shape, TRUE.r, TRUE.alpha), rel=0.1)


def test_gaps_last_longer_as_often_as_told() -> None:
    gaps, following = company(6_000, seed=2)
    told = fit_rhythm(gaps).p_longer(gaps, following)
    assert kstest(told, "uniform").pvalue > 0.001
    assert (told < 0.05).mean() == pytest.approx(0.05, abs=0.01)


@given(st.integers(0, 9), st.floats(1, 400), st.floats(0, 900))
def test_the_chance_is_that_of_a_beta_prime(count: int, mean: float, silence: float) -> None:
    gaps = gaps_of([np.full(count, mean)])
    expected = betaprime.sf(silence / (TRUE.alpha + count * mean), TRUE.shape, TRUE.r + TRUE.shape * count)
    assert TRUE.p_longer(gaps, np.array([silence]))[0] == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.floats(0, 500), min_size=2, max_size=6))
def test_longer_silence_is_never_likelier(silences: list[float]) -> None:
    gaps = gaps_of([np.array([20.0, 30.0])] * len(silences))
    told = TRUE.p_longer(gaps, np.sort(np.array(silences)))
    assert (np.diff(told) <= 1e-12).all()
    assert ((told >= 0) & (told <= 1)).all()
    back = TRUE.p_return(gaps, np.array(silences), within=30)
    assert ((back >= 0) & (back <= 1)).all()


def test_the_same_silence_is_a_pause_for_one_and_an_end_for_another() -> None:
    orders = [*regular(1, every=7, until=140), *regular(2, every=70, until=141)]
    for customer in range(3, 30):
        orders += regular(customer, every=5 + 3 * customer, until=150)
    orders += [(1, START + timedelta(days=12), Decimal(-5)), (None, START, Decimal(1))]
    gaps = purchase_gaps(orders_table(orders), as_of=START + timedelta(days=200))
    own = by_customer(gaps)
    assert (own[1]["gaps"], own[1]["gap_days"], own[1]["silent_days"]) == (19, 133.0, 67.0)
    assert own[1]["log_gap_days"] == pytest.approx(19 * np.log(7))
    rhythm = fit_rhythm(Gaps.of_arrow(gaps.to_pyarrow()))
    scored = by_customer(score_silence(gaps, rhythm, within_days=30))
    assert (scored[1]["silent_days"], scored[2]["silent_days"]) == (67.0, 60.0)
    assert (scored[1]["is_abnormal"], scored[2]["is_abnormal"]) == (True, False)
    assert scored[2]["p_return"] > 0.5


def test_an_engine_that_adds_in_another_order_each_time_loses_nobody() -> None:
    orders = orders_table([order for customer in range(30) for order in regular(customer, every=7, until=90)])
    gaps = purchase_gaps(orders, as_of=START + timedelta(days=100))
    unsteady = gaps.mutate(log_gap_days=gaps.log_gap_days - 1e-9 * ibis.random())
    assert len(rows_of(score_silence(unsteady, TRUE, within_days=30))) == 30


def test_clockwork_has_a_rhythm_too() -> None:
    """Of gaps that are all alike every shape is likelier than a smaller one."""
    gaps = gaps_of([np.full(5, 7.0) for _ in range(6)])
    rhythm = fit_rhythm(gaps)
    assert rhythm.shape == 400
    told = rhythm.p_longer(gaps, np.array([0, 6.0, 7.0, 8.0, 10.0, 300.0]))
    assert told[:2] == pytest.approx([1, 1], abs=0.01)
    assert told[2] == pytest.approx(0.5, abs=0.05)
    assert (told[3:] < 0.01).all()
    again = rhythm.p_return(gaps, np.array([0, 6.5, 7.0, 6.0, 0.0, 5.0]), within=2.0)
    assert again == pytest.approx([0, 1, 1, 1, 0, 0.5], abs=0.06)


def test_neither_the_order_of_orders_nor_duplicates_matter() -> None:
    orders = [*regular(1, every=9, until=90), *regular(2, every=20, until=90)]
    day = START + timedelta(days=100)
    once = by_customer(purchase_gaps(orders_table(orders), as_of=day))
    assert by_customer(purchase_gaps(orders_table(orders[::-1] + orders), as_of=day)) == once


def test_customers_who_bought_once_get_the_rhythm_of_all_and_none_is_refused() -> None:
    rhythm = fit_rhythm(company(500, seed=3)[0])
    once = gaps_of([np.array([])])
    assert 0 < rhythm.p_longer(once, np.array([30.0]))[0] < 1
    with pytest.raises(NotIdentified):
        fit_rhythm(once)
    for count, total, logs in ((1, 0.0, 0.0), (0, 5.0, 0.0), (1, np.nan, 0.0), (2, 4.0, 9.0), (-1, 1.0, 0.0)):
        with pytest.raises(RhythmInvalid):
            Gaps(count=np.array([count]), total=np.array([total]), log_total=np.array([logs]))


def test_the_next_purchase_has_a_hazard_by_weeks() -> None:
    orders = [order for customer in range(40) for order in regular(customer, every=14, until=90 + customer % 3)]
    silences = purchase_silences(orders_table(orders), as_of=START + timedelta(days=110))
    running = [row for row in rows_of(silences) if not row["left"]]
    assert len(running) == 40
    assert {row["duration"] for row in running} == {(110 - 84) // 7}
    model = fit_discrete_hazard(PeriodCounts.of_table(silences, by=["purchases"]))
    first, second, *_ = model.hazard(["3-5"], [1, 2, 3])
    assert first < 0.1 < 0.6 < second


def test_the_longest_silent_return_as_rarely_as_they_do() -> None:
    gaps = Gaps(count=np.array([400, 2]), total=np.array([400.0, 20.0]), log_total=np.array([0.0, 4.0]))
    rhythm = Rhythm(shape=1.0, r=1.0, alpha=1.0, log_likelihood=0.0)
    told = rhythm.p_return(gaps, np.array([3000.0, 30.0]), within=1.0)
    # With a shape of 1 the chance of a longer gap is a power.
    assert told == pytest.approx([1 - (3401 / 3402) ** 401, 1 - (51 / 52) ** 3])
