from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.science.concentration import revenue_by_grade
from zhike.science.purchases import purchase_summary
from zhike.science.pyramid import PyramidShares, pyramid
from zhike.science.tests import slow, strategies
from zhike.science.tests.tables import Compiled, Order, by_customer, customers_table, orders_table, rows_of

DAY = date(2026, 1, 31)


def grades_of(amounts: list[int]) -> list[str]:
    orders = orders_table((n, DAY, Decimal(amount)) for n, amount in enumerate(amounts))
    found = by_customer(pyramid(purchase_summary(orders, as_of=DAY)).grades)
    return [found[n]["grade"] for n in range(len(amounts))]


UNEVEN = PyramidShares(top=Decimal("2.5"), high=Decimal("17.5"), normal=Decimal("33.3"), small=Decimal("46.7"))


def compiled(shares: PyramidShares) -> Compiled:
    return Compiled(
        lambda orders, customers: (
            pyramid(purchase_summary(orders, as_of=strategies.AS_OF, customers=customers), shares=shares).grades
        )
    )


GRADES = [(shares, compiled(shares)) for shares in (PyramidShares(), UNEVEN)]


@given(strategies.orders, st.sampled_from(GRADES))
def test_grades_equal_a_slow_model(orders: list[Order], measure: tuple[PyramidShares, Compiled]) -> None:
    everyone = range(1, 14)
    shares, grades = measure
    found = grades.by_customer(orders, everyone)
    model = slow.purchases(orders, as_of=strategies.AS_OF, customers=everyone)
    contributions = [row["amount"] for row in model.values() if row["order_count"] and row["amount"] > 0]
    percents = [shares.top, shares.top + shares.high, shares.top + shares.high + shares.normal]
    through = [Fraction(percent) / 100 for percent in percents]
    for customer, row in model.items():
        expected = slow.grade(row["amount"], contributions, through) if row["order_count"] else None
        assert found[customer]["grade"] == expected


def test_a_thousand_customers_part_by_the_shares() -> None:
    orders = orders_table((n, DAY, Decimal(n)) for n in range(1, 1001))
    graded = pyramid(purchase_summary(orders, as_of=DAY))
    counts = {row["grade"]: row["customer_count"] for row in rows_of(revenue_by_grade(graded.grades))}
    assert counts == {"top": 10, "high": 190, "normal": 300, "small": 500}
    assert rows_of(graded.thresholds) == [{"top_amount": 991, "high_amount": 801, "normal_amount": 501}]


def test_few_customers_still_have_a_best_one() -> None:
    assert grades_of([7]) == ["top"]
    assert grades_of([7, 6]) == ["top", "small"]
    assert grades_of([7, 6, 5]) == ["top", "normal", "small"]
    assert grades_of([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) == ["top", "high", *["normal"] * 3, *["small"] * 5]


def test_equal_amounts_share_the_better_grade() -> None:
    assert grades_of([9, 9, 5, 5, 5, 1]) == ["top", "top", "normal", "normal", "normal", "small"]


def test_who_brings_nothing_is_small_and_who_never_bought_has_no_grade() -> None:
    orders = orders_table([(1, DAY, Decimal(5)), (2, DAY, Decimal(5)), (2, DAY, Decimal(-5)), (3, DAY, Decimal(-1))])
    summary = purchase_summary(orders, as_of=DAY, customers=customers_table([1, 2, 3, 4]))
    found = by_customer(pyramid(summary).grades)
    assert {customer: row["grade"] for customer, row in found.items()} == {1: "top", 2: "small", 3: None, 4: None}


def test_shares_that_do_not_make_a_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="100"):
        PyramidShares(top=Decimal(2))
