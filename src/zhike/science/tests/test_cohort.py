from datetime import date
from decimal import Decimal

from hypothesis import given

from zhike.science.cohort import cohort_retention
from zhike.science.tests import slow, strategies
from zhike.science.tests.tables import Compiled, Order, orders_table, rows_of

RETENTION = Compiled(lambda orders, _: cohort_retention(orders, as_of=strategies.AS_OF))


@given(strategies.orders)
def test_retention_equals_a_slow_model(orders: list[Order]) -> None:
    rows = RETENTION.rows(orders)
    found = {(row["cohort_on"], row["months_since"]): (row["cohort_count"], row["active_count"]) for row in rows}
    assert len(found) == len(rows)
    assert found == slow.retention(orders, as_of=strategies.AS_OF)
    assert all(row["active_rate"] == row["active_count"] / row["cohort_count"] for row in rows)


def test_months_without_a_purchase_are_there() -> None:
    orders = orders_table([(1, date(2025, 11, 30), Decimal(1)), (1, date(2026, 2, 1), Decimal(1))])
    rows = rows_of(cohort_retention(orders, as_of=date(2026, 3, 1)).order_by("months_since"))
    assert [row["active_count"] for row in rows] == [1, 0, 0, 1, 0]
