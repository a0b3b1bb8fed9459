"""Whether an experiment can be believed."""

from datetime import date
from itertools import product
from math import factorial, prod

import numpy as np
import pytest

from zhike.science.experiments.arms import Arm, ExperimentInvalid, OneArm
from zhike.science.experiments.comparing import Metric, NoVariance, compare
from zhike.science.experiments.soundness import LateCovariate, check_covariates, check_sample_ratio

HALF = {"a": 0.5, "b": 0.5}
DAY = date(2026, 3, 1)


def test_a_lost_percent_of_many_is_a_mismatch_and_of_few_is_none() -> None:
    """821,588 and 815,482: the example of Kohavi, Tang and Xu (2020), chapter 21, p = 1.8e-6."""
    assert check_sample_ratio({"a": 821_588, "b": 815_482}, HALF).p == pytest.approx(1.8e-6, rel=0.05)
    assert check_sample_ratio({"a": 821_588, "b": 815_482}, HALF).is_mismatch
    assert not check_sample_ratio({"a": 822, "b": 815}, HALF).is_mismatch


@pytest.mark.parametrize("counts", [(3, 0, 1), (0, 0, 6), (2, 2, 2), (7, 1, 0)])
def test_few_are_counted_out(counts: tuple[int, int, int]) -> None:
    shares = (0.5, 0.3, 0.2)
    total = sum(counts)

    def chance(outcome: tuple[int, ...]) -> float:
        ways = factorial(total) / prod(map(factorial, outcome))
        return ways * prod(share**hits for share, hits in zip(shares, outcome, strict=True))

    outcomes = [one for one in product(range(total + 1), repeat=3) if sum(one) == total]
    told = sum(chance(one) for one in outcomes if chance(one) <= chance(counts) * (1 + 1e-9))
    check = check_sample_ratio(dict(zip("abc", counts, strict=True)), dict(zip("abc", shares, strict=True)))
    assert check.is_exact
    assert check.p == pytest.approx(told)


def test_alarms_are_as_rare_as_they_say() -> None:
    drawn = np.random.default_rng(4).multinomial(5_000, [0.6, 0.3, 0.1], size=2_000)
    shares = {"a": 6, "b": 3, "c": 1}
    ps = [check_sample_ratio(dict(zip("abc", map(int, row), strict=True)), shares).p for row in drawn]
    assert np.mean(np.array(ps) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_a_ratio_of_nothing_is_refused() -> None:
    with pytest.raises(OneArm):
        check_sample_ratio({"a": 3}, {"a": 1})
    for counts, shares in (
        ({"a": 1, "c": 1}, HALF),
        ({"a": -1, "b": 3}, HALF),
        ({"a": 0, "b": 0}, HALF),
        ({"a": 1, "b": 1}, {"a": 0, "b": 1}),
    ):
        with pytest.raises(ExperimentInvalid):
            check_sample_ratio(counts, shares)


def test_covariates_of_before_are_alike_and_what_the_treatment_moved_is_not() -> None:
    chance = np.random.default_rng(6)
    known = {"before": date(2026, 2, 28), "twice": date(2026, 2, 28), "same": date(2026, 2, 1)}
    before = chance.exponential(size=(2, 4_000))
    arms = [Arm.of_values(before=one, twice=2 * one, same=np.ones(4_000)) for one in before]
    found = check_covariates(*arms, known_on=known, assigned_from=DAY)
    assert found.is_sound
    assert found.p == pytest.approx(found.by_covariate["before"], abs=1e-3)  # the second says the same
    assert found.unused == ("same",)
    moved = [Arm.of_values(before=one + step) for one, step in zip(before, (0.2, 0), strict=True)]
    assert not check_covariates(*moved, known_on={"before": date(2026, 2, 1)}, assigned_from=DAY).is_sound


def test_covariates_that_are_another_in_each_arm_are_no_chance() -> None:
    chance = np.random.default_rng(2)
    known = dict.fromkeys(("x", "shop", "both"), date(2026, 2, 1))
    x = chance.exponential(size=(2, 300))
    parted = [Arm.of_values(x=one, shop=np.full(300, shop), both=one) for one, shop in zip(x, (0.1, 0.3), strict=True)]
    found = check_covariates(*parted, known_on=known, assigned_from=DAY)
    assert (found.p, found.by_covariate["shop"], found.unused) == (0, 0, ())
    # What tells the arms apart only together: a sum that is more by one in the treatment.
    told = [Arm.of_values(x=one, shop=np.full(300, 0.3), both=one + step) for one, step in zip(x, (1, 0), strict=True)]
    assert check_covariates(*told, known_on=known, assigned_from=DAY).p == 0


def test_what_is_the_same_in_all_but_for_rounding_is_constant() -> None:
    chance = np.random.default_rng(3)
    arms = [Arm.of_values(x=chance.normal(size=size), same=np.full(size, 0.3)) for size in (777, 5_000)]
    found = check_covariates(*arms, known_on=dict.fromkeys(("x", "same"), date(2026, 2, 1)), assigned_from=DAY)
    assert found.unused == ("same",)
    assert found.p == pytest.approx(found.by_covariate["x"], abs=1e-3)
    assert compare(*arms, metric=Metric(of="x", adjusted_by=("same",))).unused == ("same",)


def test_balanced_covariates_are_doubted_as_rarely_as_they_say() -> None:
    chance, doubted = np.random.default_rng(9), 0
    for _round in range(1_000):
        arms = [Arm.of_values(x=x, y=x + chance.normal(size=300)) for x in chance.exponential(size=(2, 300))]
        doubted += check_covariates(*arms, known_on=dict.fromkeys("xy", date(2026, 1, 1)), assigned_from=DAY).p < 0.05
    assert doubted / 1_000 == pytest.approx(0.05, abs=0.02)


def test_covariates_known_too_late_or_constant_are_refused() -> None:
    arms = [Arm.of_values(x=[1, 1]), Arm.of_values(x=[1, 1])]
    with pytest.raises(LateCovariate, match="x"):
        check_covariates(*arms, known_on={"x": DAY}, assigned_from=DAY)
    with pytest.raises(NoVariance):
        check_covariates(*arms, known_on={"x": date(2026, 2, 1)}, assigned_from=DAY)
