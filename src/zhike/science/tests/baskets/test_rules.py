"""Sets and rules against the slow way, what must not change them, and baskets nobody should hand in."""

import time
import tracemalloc
from collections.abc import Sequence
from fractions import Fraction
from math import inf
from random import Random
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.baskets import itemsets as module
from zhike.science.baskets.itemsets import ThresholdInvalid, TooManyItemsets, frequent_itemsets
from zhike.science.baskets.rules import Rules, association_rules
from zhike.science.baskets.transactions import Baskets, BasketsEmpty, LeftOut, PeriodUnknown
from zhike.science.tests.baskets import slow

BASKETS = st.lists(st.frozensets(st.integers(1, 7), max_size=6), min_size=1, max_size=14).filter(any)
SHARES = st.sampled_from([Fraction(1, 10), Fraction(1, 5), Fraction(1, 3), Fraction(1, 2), Fraction(4, 5), Fraction(1)])


def sets_of(baskets: Baskets, support: Fraction) -> dict[tuple[Any, ...], int]:
    rows = frequent_itemsets(baskets, support=support).table().to_pylist()
    return {tuple(row["products"]): row["basket_count"] for row in rows}


def rules_of(baskets: Baskets, support: Fraction, confidence: Fraction) -> Rules:
    return association_rules(frequent_itemsets(baskets, support=support), confidence=confidence, consequents=None)


@settings(deadline=None, max_examples=60)
@given(BASKETS, SHARES, SHARES)
def test_sets_and_rules_are_those_of_the_slow_way(
    baskets: list[frozenset[int]], support: Fraction, confidence: Fraction
) -> None:
    held = Baskets.of_lists(baskets)
    assert sets_of(held, support) == slow.frequent_sets(baskets, support)
    found = rules_of(held, support, confidence).table.to_pylist()
    expected = slow.rules(baskets, support, confidence)
    assert {(tuple(row["antecedent"]), tuple(row["consequent"])): row["basket_count"] for row in found} == expected
    for row in found:
        margins = (row["basket_count"], row["antecedent_count"], row["consequent_count"], row["total_count"])
        assert row["p"] == pytest.approx(slow.fisher(*margins))
        assert row["p"] <= row["q"] <= row["q_dependent"] <= 1


@settings(deadline=None, max_examples=40)
@given(BASKETS, SHARES, st.randoms(use_true_random=False))
def test_neither_order_nor_doubling_changes_anything(
    baskets: list[frozenset[int]], support: Fraction, dice: Random
) -> None:
    shuffled = [list(basket) * 2 for basket in baskets]
    dice.shuffle(shuffled)
    expected = sets_of(Baskets.of_lists(baskets), support)
    assert sets_of(Baskets.of_lists(shuffled), support) == expected
    twice = sets_of(Baskets.of_lists(shuffled + shuffled), support)
    assert twice == {products: 2 * count for products, count in expected.items()}


@settings(deadline=None, max_examples=40)
@given(BASKETS, SHARES, SHARES)
def test_more_products_are_never_in_more_baskets(
    baskets: list[frozenset[int]], support: Fraction, other: Fraction
) -> None:
    found = sets_of(Baskets.of_lists(baskets), min(support, other))
    for products, count in found.items():
        for left_out in range(len(products) if len(products) > 1 else 0):
            assert found[products[:left_out] + products[left_out + 1 :]] >= count
    assert sets_of(Baskets.of_lists(baskets), max(support, other)).items() <= found.items()


def test_measures_of_a_rule_are_those_of_the_textbook() -> None:
    """Tan, Steinbach and Kumar, Introduction to Data Mining, table 5.1: {milk, diapers} → {beer}."""
    baskets = Baskets.of_lists(
        [
            ["bread", "milk"],
            ["bread", "diapers", "beer", "eggs"],
            ["milk", "diapers", "beer", "cola"],
            ["bread", "milk", "diapers", "beer"],
            ["bread", "milk", "diapers", "cola"],
        ]
    )
    rules = association_rules(frequent_itemsets(baskets, support=0.4), confidence=0.6).table.to_pylist()
    (rule,) = (row for row in rules if row["antecedent"] == ["diapers", "milk"] and row["consequent"] == ["beer"])
    assert (rule["support"], rule["confidence"]) == (0.4, pytest.approx(2 / 3))
    assert rule["lift"] == pytest.approx(10 / 9)
    assert rule["leverage"] == pytest.approx(2 / 5 - 3 / 5 * 3 / 5)
    assert rule["conviction"] == pytest.approx((1 - 3 / 5) / (1 - 2 / 3))
    assert rule["improvement"] == pytest.approx(2 / 3 - 3 / 4)  # diapers alone say more
    never_wrong = next(row for row in rules if row["confidence"] == 1)
    assert never_wrong["conviction"] == inf


def test_blocks_and_pieces_count_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(3)
    baskets = Baskets.of_lists(set(dice.integers(0, 15, 6).tolist()) for _basket in range(700))
    expected = sets_of(baskets, Fraction(1, 50))
    monkeypatch.setattr(module, "_BLOCK", 128)
    monkeypatch.setattr(module, "_CACHED", 64)
    monkeypatch.setattr(module, "_CELLS", 40)
    assert sets_of(baskets, Fraction(1, 50)) == expected


@pytest.mark.parametrize("size", [50, 5_000])
def test_one_enormous_basket_takes_no_time(size: int) -> None:
    small = [[1, 2], [2, 3], [1, 2, 3]] * 200
    began = time.process_time()
    found = frequent_itemsets(Baskets.of_lists([*small, range(size)]), support=0.01)
    assert found.sizes == [3, 3, 1]
    assert time.process_time() - began < 2


def test_sets_without_number_are_refused_before_they_fill_the_memory() -> None:
    baskets = Baskets.of_lists([range(50)])
    with pytest.raises(TooManyItemsets):
        frequent_itemsets(baskets, support=1, most=100_000)
    with pytest.raises(TooManyItemsets):
        frequent_itemsets(Baskets.of_lists([range(2_000)]), support=1, most=100_000)
    assert frequent_itemsets(baskets, support=1, longest=2).sizes == [50, 1_225]


def test_pairs_without_number_are_refused_before_they_are_counted() -> None:
    baskets = Baskets.of_lists([range(6_000)])
    tracemalloc.start()
    try:
        with pytest.raises(TooManyItemsets):
            frequent_itemsets(baskets, support=1, most=100_000)
        assert tracemalloc.get_traced_memory()[1] < 120e6  # all 36 million take half a gigabyte
    finally:
        tracemalloc.stop()


def test_a_basket_has_the_first_of_its_periods_or_is_refused() -> None:
    def lines(periods: Sequence[str | None]) -> ibis.Table:
        columns = {"order_id": [1, 1, 2], "product_id": ["a", "b", "a"]}
        return ibis.memtable(pa.table({**columns, "period": pa.array(periods, pa.string())}))

    for told in (["s", "w", "w"], ["s", None, "w"], ["w", "s", "w"]):
        baskets = Baskets.of_table(lines(told))
        assert [baskets.periods.to_pylist()[place] for place in baskets.period] == ["s", "w"]
    with pytest.raises(PeriodUnknown, match="1 of 2 baskets"):
        Baskets.of_table(lines(["s", "w", None]))
    with pytest.raises(PeriodUnknown):
        Baskets.of_lists([[1], [2]], periods=["s", None])


def test_baskets_over_the_cap_are_left_out_and_reported() -> None:
    baskets = Baskets.of_lists([[1, 2], [1], range(30), [], range(40)], cap=10)
    assert len(baskets) == 2
    assert baskets.left_out == LeftOut(empty=1, over_cap=2, largest=40)


def test_what_was_taken_back_is_in_no_basket() -> None:
    lines = pa.table(
        {
            "order_id": [1, 1, 1, 2, 2, 3, 3, 3, None],
            "product_id": ["a", "b", "b", "a", "a", "a", "b", "b", "a"],
            "quantity": [1, 2, -1, 1, -1, 5, 1, 1, 7],
        }
    )
    baskets = Baskets.of_table(ibis.memtable(lines))
    assert sets_of(baskets, Fraction(1)) == {("a",): 2, ("b",): 2, ("a", "b"): 2}
    assert baskets.left_out == LeftOut(empty=1)
    without = Baskets.of_table(ibis.memtable(lines.drop(["quantity"])))
    assert sets_of(without, Fraction(1)) == {("a",): 3}


def test_one_product_is_a_set_and_no_rule() -> None:
    found = frequent_itemsets(Baskets.of_lists([["a"], ["a"]]), support=0.5)
    assert found.sizes == [1]
    rules = association_rules(found, confidence=0.5)
    assert (rules.table.num_rows, rules.hypotheses) == (0, 0)
    nothing = frequent_itemsets(Baskets.of_lists([["a"], ["b"]]), support=0.9)
    assert nothing.sizes == []
    assert nothing.table().num_rows == association_rules(nothing, confidence=0.5).table.num_rows == 0


def test_products_in_every_basket_are_no_finding() -> None:
    rules = association_rules(frequent_itemsets(Baskets.of_lists([[1, 2]] * 50), support=0.5), confidence=0.5)
    assert [(row["lift"], row["p"], row["q"]) for row in rules.table.to_pylist()] == [(1, 1, 1)] * 2


@pytest.mark.parametrize("share", [0, -0.1, 1.01, "much", float("nan"), 0.1234567891])
def test_thresholds_that_are_none_are_refused(share: float | str) -> None:
    baskets = Baskets.of_lists([[1, 2]])
    with pytest.raises(ThresholdInvalid):
        frequent_itemsets(baskets, support=share)
    with pytest.raises(ThresholdInvalid):
        association_rules(frequent_itemsets(baskets, support=1), confidence=share)


@pytest.mark.parametrize("lists", [[], [[], []]])
def test_no_baskets_are_refused(lists: list[list[int]]) -> None:
    with pytest.raises(BasketsEmpty):
        frequent_itemsets(Baskets.of_lists(lists), support=0.1)


def test_chance_is_seldom_taken_for_a_rule() -> None:
    """Products bought independently of each other: a company in twenty finds something, if any."""
    dice = np.random.default_rng(5)
    shares = dice.uniform(0.05, 0.3, 25)
    found = 0
    for _company in range(40):
        bought = dice.random((400, 25)) < shares
        baskets = Baskets.of_lists(np.flatnonzero(row).tolist() for row in bought)
        rules = association_rules(frequent_itemsets(baskets, support=0.005), confidence=0.05)
        found += min(rules.table["q"].to_pylist()) <= 0.05
    assert found <= 5


def test_a_planted_rule_is_found() -> None:
    dice = np.random.default_rng(6)
    bought = dice.random((2_000, 10)) < 0.1
    bought[:, 1] |= bought[:, 0] & (dice.random(2_000) < 0.4)
    baskets = Baskets.of_lists(np.flatnonzero(row).tolist() for row in bought)
    rules = association_rules(frequent_itemsets(baskets, support=0.005), confidence=0.1).table.to_pylist()
    certain = {(tuple(row["antecedent"]), *row["consequent"]) for row in rules if row["q"] <= 0.05}
    assert ((0,), 1) in certain
    assert all({0, 1} <= {*left, right} for left, right in certain)
