from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from zhike.science.lifecycle import STAGES, LifeCycleRules, life_cycle
from zhike.science.purchases import purchase_summary
from zhike.science.tests import slow, strategies
from zhike.science.tests.tables import Compiled, Order, by_customer, customers_table, orders_table, rows_of

DAY = date(2026, 12, 31)


def orders_on(days_ago: dict[int, list[int]]) -> list[Order]:
    return [(customer, DAY - timedelta(days=n), Decimal(10)) for customer, own in days_ago.items() for n in own]


def stages(days_ago: dict[int, list[int]], rules: LifeCycleRules | None = None) -> dict[int, dict[str, Any]]:
    summary = purchase_summary(orders_table(orders_on(days_ago)), as_of=DAY, customers=customers_table(days_ago))
    return by_customer(life_cycle(summary, rules=rules).stages)


# Customer 100 and 101 give the company a rhythm of 30 days.
RHYTHM = {100: [0, 30, 60, 90], 101: [5, 35, 65, 95]}


@pytest.mark.parametrize(
    ("days_ago", "stage", "expected", "overdue"),
    [
        ([], "prospect", 30, None),
        ([0], "new", 30, 0),
        ([60], "new", 30, 2),
        ([61], "decline", 30, 61 / 30),
        ([120], "decline", 30, 4),
        ([121], "lost", 30, 121 / 30),
        ([10, 40], "growth", 30, 1 / 3),
        ([10, 16], "growth", 22, 10 / 22),
        ([60, 66], "decline", 22, 60 / 22),
        ([10, 40, 70, 100], "mature", 30, 1 / 3),
        ([10, 110, 210, 310], "mature", 72, 10 / 72),
        ([20, 21, 22, 23, 24, 25, 26, 27, 28], "decline", 7, 20 / 7),
    ],
)
def test_stages_follow_the_rhythm(days_ago: list[int], stage: str, expected: float, overdue: float | None) -> None:
    found = stages(RHYTHM | {1: days_ago})[1]
    assert found["stage"] == stage
    assert found["expected_interval_days"] == pytest.approx(expected)
    assert found["overdue_ratio"] == (None if overdue is None else pytest.approx(overdue))


def test_a_company_without_a_rhythm_is_given_one() -> None:
    found = stages({1: [180], 2: [181], 3: [361]})
    assert [found[n]["stage"] for n in (1, 2, 3)] == ["new", "decline", "lost"]
    assert {row["expected_interval_days"] for row in found.values()} == {90}
    summary = purchase_summary(orders_table([]), as_of=DAY)
    assert rows_of(life_cycle(summary).rhythm) == [{"rhythm_days": 90.0}]


def test_rules_can_be_set() -> None:
    rules = LifeCycleRules(decline_after=1, lost_after=1.5, mature_purchases=2)
    found = stages(RHYTHM | {1: [31], 2: [46], 3: [10, 40]}, rules)
    assert [found[n]["stage"] for n in (1, 2, 3)] == ["decline", "lost", "mature"]


def test_contradictory_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="before loss"):
        LifeCycleRules(decline_after=4, lost_after=4)


STAGE = Compiled(
    lambda orders, customers: life_cycle(purchase_summary(orders, as_of=strategies.AS_OF, customers=customers)).stages
)


@given(strategies.orders)
def test_figures_equal_a_slow_model(orders: list[Order]) -> None:
    everyone = range(1, 14)
    found = STAGE.by_customer(orders, everyone)
    model = slow.purchases(orders, as_of=strategies.AS_OF, customers=everyone)
    means = sorted(row["mean_interval_days"] for row in model.values() if row["mean_interval_days"])
    rhythm = means[(len(means) - 1) // 2] if means else 90
    for customer, row in model.items():
        count = max(row["purchase_days"] - 1, 0)
        span = count * (row["mean_interval_days"] or 0)
        assert found[customer]["expected_interval_days"] == pytest.approx(max(7, (2 * rhythm + span) / (2 + count)))
        assert (found[customer]["stage"] == "prospect") == (row["purchase_days"] == 0)


def test_who_is_further_gone_comes_back_more_seldom(trial_data: Path) -> None:
    lines = (trial_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines()
    purchases = [line.split() for line in lines]
    orders: list[Order] = [(int(row[1]), date.fromisoformat(row[2]), Decimal(row[4])) for row in purchases]
    end = date(1997, 9, 30)
    came_back = {customer for customer, day, _ in orders if day > end}
    found = by_customer(life_cycle(purchase_summary(orders_table(orders), as_of=end)).stages)
    rates = []
    for stage in ("lost", "decline", "growth", "mature"):
        members = [customer for customer, row in found.items() if row["stage"] == stage]
        rates.append(sum(customer in came_back for customer in members) / len(members))
    assert rates == sorted(rates)
    assert rates[0] < 0.2 < 0.75 < rates[-1]
    assert {row["stage"] for row in found.values()} <= set(STAGES)
