from datetime import date
from decimal import Decimal

import pytest

from zhike.science.concentration import gini, lorenz_curve, rank_contributors
from zhike.science.purchases import purchase_summary
from zhike.science.tests.tables import orders_table, rows_of

DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("amounts", "expected"), [([5, 5, 5, 5], 0), ([1, 0, -3], 0), ([3, 1], 0.25), ([10, 1, 1], 0.5), ([], None)]
)
def test_gini_of_hand_made_companies(amounts: list[int], expected: float | None) -> None:
    orders = orders_table((n, DAY, Decimal(amount)) for n, amount in enumerate(amounts))
    [row] = rows_of(gini(rank_contributors(purchase_summary(orders, as_of=DAY))))
    assert row["customer_count"] == sum(amount > 0 for amount in amounts)
    assert row["gini"] == (None if expected is None else pytest.approx(expected))


def test_the_curve_runs_from_the_best_customers_down() -> None:
    orders = orders_table((n, DAY, Decimal(n)) for n in range(1, 11))
    rows = rows_of(lorenz_curve(rank_contributors(purchase_summary(orders, as_of=DAY)), steps=5).order_by("step"))
    assert [row["customer_count"] for row in rows] == [2, 4, 6, 8, 10]
    assert [row["amount_rate"] for row in rows] == pytest.approx([19 / 55, 34 / 55, 45 / 55, 52 / 55, 1])
