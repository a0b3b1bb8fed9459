"""Differences between groups: published figures, slow models, and what intervals and tests promise."""

from itertools import product
from math import comb, pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.contrast import adjust, cohens_h, compare_shares, compare_values, strength

# Newcombe (1998), table II, method 10: successes and sizes of two groups, and the interval of the difference.
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
]
# Benjamini and Hochberg (1995), section 4: fifteen hypotheses, of which four are rejected at 0.05.
HYPOTHESES = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


@pytest.mark.parametrize(("a", "n", "b", "m", "low", "high"), NEWCOMBE)
def test_the_interval_of_a_difference_is_the_published_one(
    a: int, n: int, b: int, m: int, low: float, high: float
) -> None:
    found = compare_shares(a, n, b, m)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1.5e-4)


def test_cohens_h_is_that_of_the_tables() -> None:
    assert cohens_h(0.5, 0.4) == pytest.approx(0.201, abs=1e-3)
    assert cohens_h(1, 0) == pytest.approx(pi)
    assert [strength(size) for size in (0.1, -0.2, 0.5, -0.9)] == ["none", "small", "medium", "large"]


def test_the_lady_tasting_tea() -> None:
    """Fisher (1935): three of four cups told right."""
    assert compare_shares(3, 4, 1, 4).p == pytest.approx(34 / 70)
    assert compare_shares(4, 4, 0, 4).p == pytest.approx(2 / 70)


def test_large_tables_are_tested_by_chi_square() -> None:
    """Pearson's X² of 10/100 and 25/100 is 7.7922; R's chisq.test(correct = FALSE) says p = 0.005247."""
    assert compare_shares(10, 100, 25, 100).p == pytest.approx(0.005247, abs=1e-6)


def test_the_odds_ratio_has_a_half_added_to_each_cell() -> None:
    ratio, low, high = compare_shares(0, 10, 5, 10).odds_ratio or (0, 0, 0)
    assert ratio == pytest.approx(0.5 * 5.5 / (10.5 * 5.5))
    assert low < ratio < high


def test_four_of_fifteen_hypotheses_are_rejected() -> None:
    adjusted = adjust(HYPOTHESES)
    assert sum(q <= 0.05 for q in adjusted) == 4
    assert adjusted[3] == pytest.approx(0.0095 * 15 / 4)
    assert adjust([]) == []


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusting_follows_the_rule_by_the_letter(ps: list[float]) -> None:
    """Reject the k smallest, k being the largest with p(k) ≤ k q / m."""
    for limit in (0.01, 0.05, 0.2):
        ordered = sorted(ps)
        largest = max((k for k, p in enumerate(ordered, start=1) if p <= k * limit / len(ps)), default=0)
        assert sum(q <= limit + 1e-12 for q in adjust(ps)) >= largest
        assert sum(q <= limit - 1e-12 for q in adjust(ps)) <= largest


VALUES = st.lists(st.integers(0, 6), min_size=2, max_size=25)


@settings(deadline=None)
@given(VALUES, VALUES)
def test_delta_counts_all_pairs(first: list[int], second: list[int]) -> None:
    pairs = [(a > b) - (a < b) for a, b in product(first, second)]
    found = compare_values(first, second)
    assert found.delta == pytest.approx(sum(pairs) / len(pairs))
    assert -1 <= found.low <= found.high <= 1
    assert found.low - 1e-9 <= found.delta <= found.high + 1e-9
    mirrored = compare_values(second, first)
    assert mirrored.delta == pytest.approx(-found.delta)
    assert mirrored.p == pytest.approx(found.p)


def test_a_quality_is_a_quantity_of_two_values() -> None:
    of_values = compare_values([1] * 30 + [0] * 70, [1] * 10 + [0] * 90)
    assert of_values.delta == pytest.approx(compare_shares(30, 100, 10, 100).delta)


def test_mann_and_whitney_with_ties() -> None:
    """scipy.stats.mannwhitneyu(…, method="asymptotic", use_continuity=False), SciPy 1.18: U = 6, p = 0.019187."""
    found = compare_values([1, 2, 2, 3, 4, 5], [3, 4, 4, 5, 6, 7, 8, 9])
    assert found.delta == pytest.approx(2 * 6 / 48 - 1)
    assert found.p == pytest.approx(0.01918717844681286)


def test_the_exact_test_sums_to_one_over_all_outcomes() -> None:
    """Every table with the same margins, weighed by its chance, under the smallest p there is."""
    n, m, hits = 6, 7, 4
    total = comb(n + m, hits)
    chances = {a: comb(n, a) * comb(m, hits - a) / total for a in range(hits + 1)}
    for a, chance in chances.items():
        expected = sum(one for one in chances.values() if one <= chance * (1 + 1e-9))
        assert compare_shares(a, n, hits - a, m).p == pytest.approx(expected)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    dice = np.random.default_rng(7)
    held_shares = held_values = 0
    rounds = 400
    truth = -1 / 3  # of uniform values on [0, 1] and [0, 1.5]: P(x > y) = 1/3, P(x < y) = 2/3
    for _round in range(rounds):
        a, b = (sum(dice.random() < share for _one in range(80)) for share in (0.3, 0.15))
        found = compare_shares(a, 80, b, 80)
        held_shares += found.low <= 0.15 <= found.high
        first = [dice.random() for _one in range(60)]
        second = [dice.random() * 1.5 for _one in range(60)]
        of_values = compare_values(first, second)
        held_values += of_values.low <= truth <= of_values.high
    assert 0.92 <= held_shares / rounds <= 0.98
    assert 0.92 <= held_values / rounds <= 0.98


def test_where_nothing_differs_few_rounds_find_something() -> None:
    """Of forty features without any difference, a round finds one at 5 % in about 5 % of all rounds."""
    dice = np.random.default_rng(11)
    rounds, found = 150, 0
    for _round in range(rounds):
        ps = []
        for _feature in range(40):
            a, b = (sum(dice.random() < 0.3 for _one in range(60)) for _group in range(2))
            ps.append(compare_shares(a, 60, b, 60).p)
        found += min(adjust(ps)) <= 0.05
    assert found / rounds <= 0.1


@pytest.mark.parametrize("counts", [(0, 0, 1, 2), (3, 2, 1, 2)])
def test_groups_without_anybody_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="group"):
        compare_shares(*counts)
    with pytest.raises(ValueError, match="group"):
        compare_values([1], [1, 2])
