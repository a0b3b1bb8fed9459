"""Differences of arms: what theory promises of them, by simulation, by resampling and by invariance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from zhike.science.experiments.arms import Arm, EmptyArm, ExperimentInvalid, StatisticsInvalid
from zhike.science.experiments.comparing import Estimate, Metric, NoVariance, compare

Y = Metric(of="y")
SOME = st.lists(st.integers(0, 50), min_size=2, max_size=20).filter(lambda values: len(set(values)) > 1)


@given(SOME, SOME)
def test_a_difference_is_welchs(first: list[int], second: list[int]) -> None:
    difference = compare(Arm.of_values(y=first), Arm.of_values(y=second), metric=Y).difference
    told = stats.ttest_ind(first, second, equal_var=False)
    assert (difference.p, difference.degrees) == pytest.approx((told.pvalue, told.df))
    assert difference.interval(0.9) == pytest.approx(tuple(told.confidence_interval(0.9)))


@given(SOME, SOME, st.integers(1, 1000))
def test_exchanged_arms_change_the_sign_and_other_units_the_scale(first: list[int], second: list[int], by: int) -> None:
    there = compare(Arm.of_values(y=first), Arm.of_values(y=second), metric=Y)
    back = compare(Arm.of_values(y=second), Arm.of_values(y=first), metric=Y)
    assert back.difference.interval() == pytest.approx(tuple(-end for end in reversed(there.difference.interval())))
    larger = compare(Arm.of_values(y=np.array(first) * by), Arm.of_values(y=np.array(second) * by), metric=Y)
    assert larger.difference.interval() == pytest.approx(tuple(by * end for end in there.difference.interval()))
    if there.relative is not None and larger.relative is not None:
        assert larger.relative.interval() == pytest.approx(there.relative.interval())
    wide = there.difference.always_valid(tuning=30)
    assert wide.high - wide.low > 2 * 1.96 * there.difference.standard_error
    assert (there.difference.always_valid_p(tuning=30) <= 0.05) == (not wide.low <= 0 <= wide.high)


def test_covariates_save_the_square_of_their_correlation() -> None:
    chance = np.random.default_rng(5)
    for correlation in (0.3, 0.6, 0.9):
        arms = []
        for effect in (0.1, 0.0):
            before = chance.normal(size=40_000)
            noise = chance.normal(size=40_000) * np.sqrt(1 - correlation**2)
            arms.append(
                Arm.of_values(y=1 + effect + correlation * before + noise, before=before * 7 + 3, same=before * 2)
            )
        found = compare(*arms, metric=Metric(of="y", adjusted_by=("before", "same")))
        assert found.noise_saved == pytest.approx(correlation**2, abs=0.01)
        assert found.difference.value == pytest.approx(0.1, abs=3 * found.difference.standard_error)


def test_adjusted_means_are_those_of_a_regression() -> None:
    """Least squares of the outcome on arm and covariates: the coefficient of the arm, by another way."""
    chance = np.random.default_rng(8)
    x, z = chance.normal(size=300), chance.exponential(size=300)
    treated = chance.random(300) < 0.4
    y = 2 + 0.5 * treated + x - 2 * z + chance.normal(size=300)
    arms = [Arm.of_values(y=y[each], x=x[each], z=z[each]) for each in (treated, ~treated)]
    found = compare(*arms, metric=Metric(of="y", adjusted_by=("x", "z")))
    coefficients = np.linalg.lstsq(np.column_stack([treated, np.ones(300), x, z]), y)[0]
    assert found.difference.value == pytest.approx(coefficients[0])
    assert found.control == pytest.approx(coefficients[1] + coefficients[2] * x.mean() + coefficients[3] * z.mean())


def test_errors_of_ratios_lifts_and_adjusted_lifts_are_those_of_resampling() -> None:
    chance = np.random.default_rng(21)
    arms = []
    for size, more in ((900, 1.2), (600, 1.0)):
        before = chance.gamma(2, 1, size)
        orders = chance.poisson(before * more) + 1
        arms.append({"orders": orders, "spend": orders * chance.gamma(3, 5, size) * more, "before": before})
    for metric in (
        Metric(of="spend", per="orders"),
        Metric(of="spend"),
        Metric(of="spend", adjusted_by=("before",)),
        Metric(of="spend", per="orders", adjusted_by=("before",)),
    ):
        effect = compare(*(Arm.of_values(**arm) for arm in arms), metric=metric)
        found = []
        for _round in range(500):
            again = [chance.integers(len(arm["spend"]), size=len(arm["spend"])) for arm in arms]
            drawn = (
                Arm.of_values(**{name: values[rows] for name, values in arm.items()})
                for arm, rows in zip(arms, again, strict=True)
            )
            once = compare(*drawn, metric=metric)
            assert once.relative is not None
            found.append((once.difference.value, once.relative.value))
        spread = np.std(found, axis=0)
        assert effect.relative is not None
        assert (effect.difference.standard_error, effect.relative.standard_error) == pytest.approx(spread, rel=0.1)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of means, lifts and ratios of 250 and 150 skewed outcomes."""
    chance = np.random.default_rng(2)
    rounds, held = 1_000, np.zeros(3)
    for _round in range(rounds):
        arms = [
            Arm.of_values(y=chance.gamma(1.5, mean / 1.5, size), n=chance.poisson(3, size) + 1)
            for size, mean in ((250, 1.3), (150, 1.0))
        ]
        mean, ratio = compare(*arms, metric=Y), compare(*arms, metric=Metric(of="y", per="n"))
        assert mean.relative is not None
        truths = ((mean.difference, 0.3), (mean.relative, 0.3), (ratio.difference, 0.3 / 4))
        held += [one.interval().low <= truth <= one.interval().high for one, truth in truths]
    assert (np.abs(held / rounds - 0.95) < 0.02).all(), held


def test_a_constant_covariate_explains_nothing_and_is_named() -> None:
    arms = [Arm.of_values(y=values, same=[4, 4, 4]) for values in ([1, 2, 4], [2, 3, 7])]
    adjusted, plain = (compare(*arms, metric=Metric(of="y", adjusted_by=by)) for by in (("same",), ()))
    assert adjusted.unused == ("same",)
    assert adjusted.difference == plain.difference
    assert adjusted.noise_saved == 0


def test_nothing_is_said_of_what_says_nothing() -> None:
    some = Arm.of_values(y=[1, 2, 3], none=[0, 0, 0])
    with pytest.raises(EmptyArm):
        compare(some, Arm.of_values(y=[1], none=[0]), metric=Y)
    with pytest.raises(NoVariance):
        compare(some, some, metric=Metric(of="none"))
    with pytest.raises(ExperimentInvalid, match="0 in all"):
        compare(some, some, metric=Metric(of="y", per="none"))
    with pytest.raises(StatisticsInvalid, match="gathered"):
        compare(some, some, metric=Metric(of="y", adjusted_by=("z",)))
    for twice in (("y", "", ("y",)), ("y", "n", ("n",)), ("y", "", ("x", "x")), ("y", "y", ())):
        with pytest.raises(ExperimentInvalid, match="twice"):
            Metric(of=twice[0], per=twice[1], adjusted_by=twice[2])
    loss = compare(some, Arm.of_values(y=[-1, -2, 0], none=[0, 0, 0]), metric=Y)
    assert loss.relative is None


def test_of_a_thousand_without_an_outcome_the_few_are_still_compared() -> None:
    """99.9 % zeros in one arm, nothing but zeros in the other: the error is that of the first."""
    rare, never = Arm.of_values(y=[1] + [0] * 999), Arm.of_values(y=[0] * 1_000)
    found = compare(rare, never, metric=Y)
    assert found.difference.value == pytest.approx(0.001)
    assert found.difference.degrees == pytest.approx(999)
    assert found.relative is None


def test_of_a_treatment_without_any_outcome_the_difference_is_told_and_no_lift() -> None:
    effect = compare(Arm.of_values(y=[0] * 100), Arm.of_values(y=[0, 1] * 50), metric=Y)
    assert (effect.difference.value, effect.relative) == (-0.5, None)


def test_a_figure_without_an_error_is_sure_however_often_one_looks() -> None:
    for value, p in ((0.0, 1.0), (2.0, 0.0)):
        sure = Estimate(value=value, standard_error=0.0, degrees=9, count=10)
        assert (sure.p, sure.always_valid_p(tuning=100)) == (p, p)
