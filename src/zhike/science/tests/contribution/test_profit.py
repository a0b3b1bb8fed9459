"""Profit of each customer and the whale curve, by hand and for any company."""

from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.contribution.profit import CostUnknown, contribution, whale_curve, whale_figures
from zhike.science.tests.tables import AMOUNT, by_customer, rows_of

AMOUNTS = st.lists(st.tuples(st.integers(1, 8), st.integers(-40, 90)), min_size=1, max_size=20)


def amounts(rows: list[tuple[int, int | None]]) -> ir.Table:
    told = pa.array([None if amount is None else Decimal(amount) for _, amount in rows], AMOUNT)
    return ibis.memtable(pa.table({"customer_id": pa.array([each for each, _ in rows], pa.int64()), "amount": told}))


def test_profit_is_revenue_less_the_costs_that_are_known() -> None:
    revenue = amounts([(1, 100), (1, 50), (2, 80), (3, -5), (5, 30)])
    told = contribution(revenue, costs={"goods": amounts([(1, 60), (2, None), (2, 3)]), "serving": amounts([(4, 9)])})
    assert told.missing == ("acquiring", "keeping")
    rows = by_customer(told.rows)
    assert rows[1] == {"revenue": 150, "goods": 60, "serving": 0, "margin": 90, "profit": 90}
    assert (rows[2]["goods"], rows[2]["margin"], rows[2]["profit"]) == (None, None, None)
    assert rows[3]["profit"] == -5
    assert rows[4] == {"revenue": 0, "goods": 0, "serving": 9, "margin": 0, "profit": -9}
    figures = rows_of(whale_figures(told.rows))[0]
    assert (figures["customer_count"], figures["unknown_count"], figures["profitable_count"]) == (5, 1, 2)
    assert (figures["total_amount"], figures["peak_amount"], figures["lost_amount"]) == (106, 120, -14)
    assert figures["peak_rate"] == pytest.approx(120 / 106)
    assert figures["above_rate"] == pytest.approx(14 / 106)


def test_without_any_cost_profit_is_revenue_and_all_are_missing() -> None:
    told = contribution(amounts([(1, 7)]), costs={})
    assert told.missing == ("goods", "serving", "acquiring", "keeping")
    assert rows_of(told.rows) == [{"customer_id": 1, "revenue": 7, "profit": 7}]
    with pytest.raises(CostUnknown, match="rent"):
        contribution(amounts([(1, 7)]), costs={"rent": amounts([(1, 2)])})


def test_a_company_that_loses_money_has_no_share_of_its_profit() -> None:
    told = contribution(amounts([(1, 5), (2, -9)]), costs={})
    assert rows_of(whale_figures(told.rows))[0]["peak_rate"] is None
    assert [row["cumulative_rate"] for row in rows_of(whale_curve(told.rows))] == [None, None]


@given(AMOUNTS, AMOUNTS)
@settings(max_examples=15, deadline=None)
def test_the_curve_rises_to_its_peak_falls_and_ends_at_the_total(
    revenue: list[tuple[int, int]], serving: list[tuple[int, int]]
) -> None:
    spent = [(customer, abs(amount)) for customer, amount in serving]
    told = contribution(amounts([*revenue]), costs={"serving": amounts([*spent])})
    slow: dict[int, int] = {}
    for customer, amount in [*revenue, *((customer, -amount) for customer, amount in spent)]:
        slow[customer] = slow.get(customer, 0) + amount
    rows = sorted(rows_of(whale_curve(told.rows)), key=lambda row: row["position"])
    assert {row["customer_id"]: row["profit"] for row in rows} == slow
    assert [row["profit"] for row in rows] == sorted(slow.values(), reverse=True)
    figures = rows_of(whale_figures(told.rows))[0]
    assert rows[-1]["cumulative_amount"] == figures["total_amount"] == sum(slow.values())
    assert max([0, *(row["cumulative_amount"] for row in rows)]) == figures["peak_amount"]
