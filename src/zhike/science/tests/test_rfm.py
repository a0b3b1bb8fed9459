from datetime import date, timedelta
from decimal import Decimal

import ibis.expr.types as ir
import pytest
from hypothesis import given

from zhike.science.purchases import purchase_summary
from zhike.science.rfm import RfmCutoffs, rfm
from zhike.science.tests import slow, strategies
from zhike.science.tests.tables import Compiled, Order, by_customer, orders_table, rows_of

DAY = date(2026, 1, 31)
EVERYONE = range(1, 14)


SCALE = RfmCutoffs(
    recency_days=(7, 30, 90, 150),
    order_count=(4, 3, 2, 1),
    amount=(Decimal(200), Decimal(100), Decimal(50), Decimal(10)),
)


def summary_of(orders: ir.Table, customers: ir.Table) -> ir.Table:
    return purchase_summary(orders, as_of=strategies.AS_OF, customers=customers)


SCORES = Compiled(lambda *tables: rfm(summary_of(*tables)).scores)
CUTOFFS = Compiled(lambda *tables: rfm(summary_of(*tables)).cutoffs)
FIXED = Compiled(lambda *tables: rfm(summary_of(*tables), scale=SCALE).scores)


@given(strategies.orders)
def test_scores_equal_a_slow_model(orders: list[Order]) -> None:
    found = SCORES.by_customer(orders, EVERYONE)
    model = slow.purchases(orders, as_of=strategies.AS_OF, customers=EVERYONE)
    buyers = [row for row in model.values() if row["order_count"]]
    for customer, row in model.items():
        for letter, name in (("r", "recency_days"), ("f", "order_count"), ("m", "amount")):
            values = [buyer[name] for buyer in buyers]
            expected = slow.score(row[name], values, more_is_better=letter != "r") if row["order_count"] else None
            assert found[customer][letter] == expected


@given(strategies.orders)
def test_the_cut_offs_name_the_scores(orders: list[Order]) -> None:
    [cutoffs] = CUTOFFS.rows(orders, EVERYONE)
    for row in SCORES.by_customer(orders, EVERYONE).values():
        for letter, name in (("r", "recency_days"), ("f", "order_count"), ("m", "amount")):
            if row["order_count"]:
                bounds = [cutoffs[f"{name}_{score}"] for score in (5, 4, 3, 2)]
                assert row[letter] == slow.fixed_score(row[name], bounds, more_is_better=letter != "r")


@given(strategies.orders)
def test_fixed_scores_equal_a_slow_model(orders: list[Order]) -> None:
    for row in FIXED.by_customer(orders, EVERYONE).values():
        for letter, name in (("r", "recency_days"), ("f", "order_count"), ("m", "amount")):
            bounds = list(getattr(SCALE, name))
            score = slow.fixed_score(row[name], bounds, more_is_better=letter != "r") if row["order_count"] else None
            assert row[letter] == score


def test_ties_share_the_better_score() -> None:
    amounts = [90, 50, 50, 50, 10, 10, 10, 10, 10, 1]
    orders = orders_table((n, DAY - timedelta(days=n), Decimal(amount)) for n, amount in enumerate(amounts))
    scored = rfm(purchase_summary(orders, as_of=DAY))
    found = by_customer(scored.scores)
    assert [found[n]["m"] for n in range(10)] == [5, 5, 5, 5, 3, 3, 3, 3, 3, 1]
    assert [found[n]["r"] for n in range(10)] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert {found[n]["f"] for n in range(10)} == {5}
    [cutoffs] = rows_of(scored.cutoffs)
    assert [cutoffs[f"amount_{score}"] for score in (5, 4, 3, 2)] == [50, 50, 10, 10]
    assert [cutoffs[f"recency_days_{score}"] for score in (5, 4, 3, 2)] == [1, 3, 5, 7]


def test_fixed_cut_offs_reach_from_their_bound_on() -> None:
    days_ago = {1: (7, Decimal(200)), 2: (8, Decimal("199.99"))}
    orders = orders_table((customer, DAY - timedelta(days=n), amount) for customer, (n, amount) in days_ago.items())
    scored = rfm(purchase_summary(orders, as_of=DAY), scale=SCALE)
    found = by_customer(scored.scores)
    assert [(found[n]["r"], found[n]["f"], found[n]["m"]) for n in (1, 2)] == [(5, 2, 5), (4, 2, 4)]
    assert RfmCutoffs.from_row(rows_of(scored.cutoffs)[0]) == SCALE


def test_cut_offs_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="recency_days"):
        RfmCutoffs(recency_days=(9, 8, 7, 6), order_count=(4, 3, 2, 1), amount=(Decimal(1),) * 4)
