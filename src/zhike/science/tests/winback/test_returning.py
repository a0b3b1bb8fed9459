"""Who would return: on a real company against simpler rankings, on invented ones against what is known of them."""

from datetime import date, timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import polars as pl
import pytest

from zhike.science.tests.winback.retailer import invoices, ranked
from zhike.science.winback.judging import NothingToJudge, Ranking, judge_rankings
from zhike.science.winback.returning import (
    FEATURES,
    TooFewReturned,
    fit_returns,
    lapsed_customers,
    second_life_value,
    spending_after,
)


@pytest.fixture(scope="module")
def judged(trial_data: Path) -> dict[str, Ranking]:
    path = trial_data / "online_retail" / "online_retail.parquet"
    if not path.is_file():
        pytest.skip("needs the trial data set online_retail")
    rankings, spent = ranked(invoices(path))
    assert len(spent) == 1_455
    return judge_rankings(rankings, spent, rounds=200, seed=1)


def test_the_lost_are_ranked_better_than_by_nbd_and_by_recency(judged: dict[str, Ranking]) -> None:
    assert judged["return"].auc.value == pytest.approx(0.636, abs=0.004)
    assert judged["nbd"].auc.value == pytest.approx(0.609, abs=0.004)
    for name in ("nbd", "recency"):
        assert judged[name].auc_lead.low > 0
        assert judged[name].captured_lead.value > 0
        assert judged["value"].captured.value > judged[name].captured.high


def test_the_first_tenth_by_value_has_a_third_of_what_is_spent(judged: dict[str, Ranking]) -> None:
    assert judged["value"].captured.value == pytest.approx(0.306, abs=0.01)
    assert judged["return"].captured_lead.value == 0


def invented(size: int, *, seed: int) -> ir.Table:
    """Half buy every three weeks and half twice a year, each for amounts of their own."""
    chance = np.random.default_rng(seed)
    first = date(2024, 1, 1)
    rows = []
    for customer in range(size):
        gap, mean = (21, 100.0) if customer % 2 else (150, 40.0)
        day = float(chance.uniform(0, 60))
        while day < 500:
            rows.append((customer, first + timedelta(days=int(day)), float(chance.gamma(4, mean / 4)) + 1))
            day += float(chance.exponential(gap))
    return ibis.memtable(pl.DataFrame(rows, schema=["customer_id", "placed_on", "amount"], orient="row").to_arrow())


def test_return_is_as_likely_as_foretold_and_the_future_is_not_looked_at() -> None:
    day = date(2024, 1, 1) + timedelta(days=400)
    whole = invented(1_500, seed=1).cache()
    lost = lapsed_customers(whole, as_of=day, lost_days=60)
    found = fit_returns(whole, as_of=day, lost_days=60, weeks=8).predict(lost)
    spent = spending_after(whole, lost.customer_ids, day=day, weeks=8)
    assert found.p.mean() == pytest.approx((spent > 0).mean(), abs=0.06)
    assert found.value.sum() == pytest.approx(spent.sum(), rel=0.25)
    known = whole.filter(whole.placed_on <= ibis.literal(day)).cache()
    again = fit_returns(known, as_of=day, lost_days=60, weeks=8).predict(lost)
    # Engines add in an order of their own.
    assert again.p == pytest.approx(found.p, rel=1e-6)
    assert again.amount == pytest.approx(found.amount, rel=1e-6)


def test_lapsed_customers_are_counted_by_hand() -> None:
    rows = [(1, 0, 10.0), (1, 0, 5.0), (1, 20, 30.0), (1, 21, -4.0), (2, 5, 8.0), (3, 90, 7.0), (None, 1, 3.0)]
    first = date(2025, 1, 1)
    frame = pl.DataFrame(
        [(customer, first + timedelta(days=day), amount) for customer, day, amount in rows],
        schema=["customer_id", "placed_on", "amount"],
        orient="row",
    )
    found = lapsed_customers(ibis.memtable(frame.to_arrow()), as_of=first + timedelta(days=100), lost_days=60)
    assert found.customer_ids == [1, 2]
    told = [dict(zip(FEATURES, row, strict=True)) for row in found.features]
    assert told[0] | {"rate": 0} == {
        "days": 2,
        "recency": 80,
        "age": 100,
        "interval": 20,
        "overdue": 4,
        "amount": 45,
        "mean": 22.5,
        "last": 30,
        "largest": 30,
        "refunds": 1,
        "rate": 0,
    }
    assert told[1]["interval"] == 95
    assert told[0]["rate"] > told[1]["rate"] > 0


def test_a_company_to_which_nobody_returned_teaches_nothing() -> None:
    frame = pl.DataFrame(
        [(customer, date(2025, 1, 1 + customer % 28), 10.0) for customer in range(100)],
        schema=["customer_id", "placed_on", "amount"],
        orient="row",
    )
    with pytest.raises(TooFewReturned):
        fit_returns(ibis.memtable(frame.to_arrow()), as_of=date(2025, 12, 1), lost_days=30, weeks=4)


def test_a_second_life_is_a_sum_of_periods() -> None:
    amount = np.array([100.0, 0.0])
    assert second_life_value(amount, retention=0, weeks=13, periods=9, margin=0.3, annual_rate=0.1)[0] == 30
    even = second_life_value(amount, retention=0.5, weeks=13, periods=3, margin=1, annual_rate=0)
    assert even.tolist() == [175, 0]
    discounted = second_life_value(amount, retention=1, weeks=52, periods=2, margin=1, annual_rate=0.1)
    assert discounted[0] == pytest.approx(100 + 100 / 1.1, rel=1e-3)
    with pytest.raises(ValueError, match="a share"):
        second_life_value(amount, retention=1.2, weeks=13, periods=3, margin=1, annual_rate=0)


def test_rankings_are_judged_by_pairs() -> None:
    chance = np.random.default_rng(3)
    scores, spent = chance.integers(0, 9, 80), np.where(chance.random(80) < 0.4, chance.gamma(1, 50, 80), 0)
    pairs = [(a > b) + (a == b) / 2 for a in scores[spent > 0] for b in scores[spent == 0]]
    found = judge_rankings({"it": scores, "same": scores * 2 + 1, "other": -scores}, spent, rounds=50, seed=0)
    assert found["it"].auc.value == pytest.approx(np.mean(pairs))
    assert found["other"].auc.value == pytest.approx(1 - np.mean(pairs))
    assert (found["same"].auc_lead.low, found["same"].auc_lead.high) == (0, 0)
    by_lot = [np.lexsort((chance.random(80), -scores))[:8] for _round in range(2_000)]
    shares = [spent[first].sum() / spent.sum() for first in by_lot]
    error = np.std(shares) / np.sqrt(2_000)
    assert found["it"].captured.value == pytest.approx(np.mean(shares), abs=4 * error + 1e-9)
    by_amount = np.argsort(-spent)
    again = judge_rankings({"it": scores[by_amount]}, spent[by_amount], rounds=2, seed=0)
    assert again["it"].captured.value == pytest.approx(found["it"].captured.value)
    assert found["it"].auc.low < found["it"].auc.value < found["it"].auc.high
    for wrong in (np.zeros(80), np.ones(80), np.where(spent > 0, np.nan, 0)):
        with pytest.raises(NothingToJudge):
            judge_rankings({"it": scores}, wrong, rounds=5, seed=0)
    with pytest.raises(NothingToJudge):
        judge_rankings({"it": scores[:3]}, spent, rounds=5, seed=0)
