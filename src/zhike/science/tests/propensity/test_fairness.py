"""Groups that are treated alike are found alike, and others not, as often as the intervals promise."""

from __future__ import annotations

import numpy as np
import pytest

from zhike.science.contrast import compare_shares
from zhike.science.propensity.fairness import fairness
from zhike.science.propensity.performance import ProbabilityInvalid


def company(seed: int, *, shift: float = 0.0, size: int = 600) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Two groups with the same chances; of the second, probabilities are moved."""
    chance = np.random.default_rng(seed)
    true = chance.beta(2, 4, size)
    group = ["women" if each < 0.6 else "men" for each in chance.random(size)]
    told = np.clip(true + shift * (np.array(group) == "men"), 0, 1)
    return told, (chance.random(size) < true).astype(np.int64), group


def test_rates_are_counted() -> None:
    told = np.array([0.9] * 20 + [0.1] * 20 + [0.9] * 10 + [0.1] * 30)
    met = np.array([1] * 15 + [0] * 5 + [1] * 5 + [0] * 15 + [1] * 5 + [0] * 5 + [1] * 15 + [0] * 15)
    group = ["a"] * 40 + ["b"] * 40
    first, second = fairness(told, met, group, threshold=0.5)
    assert (first.group, first.chosen_rate, first.found_rate, first.disturbed_rate) == ("a", 0.5, 0.75, 0.25)
    assert (second.chosen_rate, second.found_rate, second.disturbed_rate) == (0.25, 0.25, 0.25)
    assert (first.chosen_gap, first.chosen_ratio) == (None, None)
    assert (second.chosen_ratio, second.is_disparate) == (0.5, True)
    assert second.found_gap is not None
    expected = compare_shares(5, 20, 15, 20)
    assert (second.found_gap.value, second.found_gap.low) == (expected.delta, expected.low)
    assert second.calibration.value == pytest.approx(met[40:].mean() - told[40:].mean())


def test_intervals_of_equal_groups_hold_nothing() -> None:
    outside = 0
    for seed in range(200):
        *_, other = fairness(*company(seed), threshold=0.4, reference="women")
        for gap in (other.chosen_gap, other.calibration_gap):
            assert gap is not None
            outside += not gap.low <= 0 <= gap.high
    assert 0.02 <= outside / 400 <= 0.08


def test_a_group_whose_probabilities_are_too_high_is_told() -> None:
    other = next(row for row in fairness(*company(1, shift=0.2, size=4_000), threshold=0.4) if row.group == "men")
    assert other.calibration_gap is not None
    assert other.chosen_gap is not None
    assert other.calibration_gap.high < 0 < other.chosen_gap.low


def test_small_groups_are_left_out_and_those_without_a_name_are_one() -> None:
    told, met, group = company(1, size=200)
    named: list[str | None] = [*group[:120], *[None] * 75, *["few"] * 5]
    found = {row.group: row for row in fairness(told, met, named, threshold=0.3)}
    assert set(found) == {"women", "men", ""}
    assert found[""].customers == 75
    with pytest.raises(ValueError, match="no group of 30"):
        fairness(told[:20], met[:20], group[:20], threshold=0.3)
    with pytest.raises(ValueError, match="named few"):
        fairness(told, met, named, threshold=0.3, reference="few")


def test_a_group_to_which_it_never_happened_has_no_rate_of_those() -> None:
    told, met, group = company(1)
    met = np.where(np.array(group) == "men", 0, met)
    *_, other = fairness(told, met, group, threshold=0.4, reference="women")
    assert (other.found_rate, other.found_gap) == (None, None)
    assert other.disturbed_gap is not None
    with pytest.raises(ProbabilityInvalid):
        fairness(told + 1, met, group, threshold=0.4)
    with pytest.raises(ProbabilityInvalid):
        fairness(told, met, group[1:], threshold=0.4)
