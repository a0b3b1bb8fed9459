"""Tests of rules against SciPy and statsmodels, and rules that hold in some seasons only."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, hypergeom

from zhike.science.baskets.itemsets import frequent_itemsets
from zhike.science.baskets.rules import association_rules
from zhike.science.baskets.seasons import PeriodsMissing, ProductUnknown, breslow_day, rules_by_period
from zhike.science.baskets.significance import false_discovery, fisher_greater
from zhike.science.baskets.transactions import Baskets
from zhike.science.tests.baskets import slow


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    total = draw(st.integers(1, 60))
    first, second = draw(st.integers(0, total)), draw(st.integers(0, total))
    both = draw(st.integers(max(0, first + second - total), min(first, second)))
    return both, first, second, total


@settings(deadline=None)
@given(st.lists(tables(), min_size=1, max_size=20))
def test_the_exact_test_sums_all_tables_as_extreme(found: list[tuple[int, int, int, int]]) -> None:
    chances = fisher_greater(*(np.array(column) for column in zip(*found, strict=True)))
    assert chances == pytest.approx([slow.fisher(*one) for one in found], rel=1e-9, abs=1e-12)


def test_large_tables_and_small_chances_are_those_of_scipy() -> None:
    both = np.array([300, 5_000, 39, 2_000, 20_100])
    first = np.array([400, 10_000, 40, 40_000, 200_000])
    second = np.array([2_000, 30_000, 9_000, 50_000, 100_000])
    expected = hypergeom.sf(both - 1, 1_000_000, first, second)
    assert fisher_greater(both, first, second, 1_000_000) == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.floats(0, 1), max_size=30), st.integers(0, 40))
def test_false_discovery_is_that_of_scipy_with_the_untold_at_one(ps: list[float], untold: int) -> None:
    for is_dependent, method in ((False, "bh"), (True, "by")):
        found = false_discovery(ps, hypotheses=len(ps) + untold, is_dependent=is_dependent)
        expected = false_discovery_control([*ps, *[1.0] * untold], method=method) if ps else []
        assert found == pytest.approx(expected[: len(ps)], rel=1e-9)


def test_fewer_hypotheses_than_findings_are_refused() -> None:
    with pytest.raises(ValueError, match="2 p-values of 1"):
        false_discovery([0.1, 0.2], hypotheses=1)


def test_breslow_day_is_that_of_statsmodels() -> None:
    from statsmodels.stats.contingency_tables import StratifiedTable

    dice = np.random.default_rng(2)
    cells = dice.integers(3, 60, (12, 4, 2, 2))  # rules, periods
    both, first, second = cells[..., 0, 0], cells[..., 0, :].sum(-1), cells[..., :, 0].sum(-1)
    found = breslow_day(both, first, second, cells.sum((-1, -2)))
    for rule, periods in enumerate(cells):
        table = StratifiedTable(list(periods.astype(float)))
        expected = table.test_equal_odds(adjust=True)
        assert found["odds_ratio"][rule] == pytest.approx(table.oddsratio_pooled)
        assert found["breslow_day"][rule] == pytest.approx(expected.statistic)
        assert found["p"][rule] == pytest.approx(expected.pvalue)
    assert (found["degrees"] == 3).all()


def seasonal(dice: np.random.Generator) -> Baskets:
    """1 and 2 go together in winter only, 3 and 4 always."""
    lists, periods = [], []
    for period in ("summer", "winter"):
        bought = dice.random((1_500, 6)) < 0.2
        if period == "winter":
            bought[:, 2] |= bought[:, 1] & (dice.random(1_500) < 0.6)
        bought[:, 4] |= bought[:, 3] & (dice.random(1_500) < 0.6)
        lists += [np.flatnonzero(row).tolist() for row in bought]
        periods += [period] * 1_500
    return Baskets.of_lists(lists, periods=periods)


def test_a_rule_of_winter_differs_and_one_of_all_seasons_is_steady() -> None:
    baskets = seasonal(np.random.default_rng(4))
    rules = association_rules(frequent_itemsets(baskets, support=0.02, longest=2), confidence=0.3)
    seasons = rules_by_period(baskets, rules)
    names = [(*row["antecedent"], *row["consequent"]) for row in rules.table.to_pylist()]
    verdicts = dict(zip(names, seasons.homogeneity["verdict"].to_pylist(), strict=True))
    assert (verdicts[1, 2], verdicts[3, 4]) == ("differs", "steady")
    place = names.index((1, 2))
    rows = [row for row in seasons.by_period.to_pylist() if row["rule"] == place]
    lifts = {row["period"]: row["lift"] for row in rows}
    assert lifts["summer"] < 1.2
    assert lifts["winter"] > 1.5
    whole = rules.table.to_pylist()[place]
    for name in ("basket_count", "antecedent_count", "consequent_count", "total_count"):
        assert sum(row[name] for row in rows) == whole[name]


def test_products_of_one_season_are_untestable_without_a_silent_nan() -> None:
    baskets = Baskets.of_lists([[1, 2], [1, 2], [3], [3], [3, 4]], periods=["w", "w", "s", "s", "s"])
    rules = association_rules(frequent_itemsets(baskets, support=0.2), confidence=0.5)
    seasons = rules_by_period(baskets, rules)
    assert set(seasons.homogeneity["verdict"].to_pylist()) == {"untestable"}
    assert seasons.homogeneity["p"].null_count == seasons.homogeneity.num_rows
    summer = [row for row in seasons.by_period.to_pylist() if row["period"] == "s" and not row["antecedent_count"]]
    assert {row["confidence"] for row in summer} == {None}


def test_seasons_of_few_rules_take_no_bits_of_all_products() -> None:
    count = 30_000
    baskets = Baskets.of_lists(([1, 2, 10 + place] for place in range(count)), periods=list(range(3)) * (count // 3))
    rules = association_rules(frequent_itemsets(baskets, support=0.5), confidence=0.5)
    tracemalloc.start()
    try:
        found = rules_by_period(baskets, rules)
        assert tracemalloc.get_traced_memory()[1] < 12e6  # the bits of all products of a period are 38 MB
    finally:
        tracemalloc.stop()
    assert set(found.by_period["basket_count"].to_pylist()) == {count // 3}


def test_one_period_or_foreign_rules_are_refused() -> None:
    baskets = Baskets.of_lists([[1, 2], [1, 2]])
    rules = association_rules(frequent_itemsets(baskets, support=1), confidence=1)
    with pytest.raises(PeriodsMissing):
        rules_by_period(baskets, rules)
    with pytest.raises(ProductUnknown):
        rules_by_period(Baskets.of_lists([[1], [3]], periods=["a", "b"]), rules)


def test_no_rules_have_no_seasons() -> None:
    baskets = Baskets.of_lists([[1, 2], [3]], periods=["a", "b"])
    none = association_rules(frequent_itemsets(baskets, support=0.9), confidence=0.5)
    seasons = rules_by_period(baskets, none)
    assert seasons.by_period.num_rows == seasons.homogeneity.num_rows == 0
