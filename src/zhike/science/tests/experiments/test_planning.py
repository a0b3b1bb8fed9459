"""Before an experiment: its size, its false alarms, and several findings at once."""

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.experiments.arms import Arm, EmptyArm, NotNumbers, OneArm
from zhike.science.experiments.comparing import Metric
from zhike.science.experiments.planning import NotReachable, Plan, days_needed
from zhike.science.experiments.rehearsal import rehearse
from zhike.science.experiments.sequential import always_valid_half_width, mixing
from zhike.science.experiments.several import compare_all, holm


@pytest.mark.parametrize(("effect", "rows"), [(0.2, 394), (0.5, 64), (0.8, 26)])
def test_groups_are_as_large_as_in_cohens_table(effect: float, rows: int) -> None:
    """Cohen (1988), table 2.4.1: power .80 at 5 %, two-sided, rows in each group (393 by interpolation)."""
    assert Plan(variance=1.0).rows(effect) / 2 == pytest.approx(rows, abs=0.51)


@pytest.mark.parametrize(("effect", "rows", "treated"), [(0.1, 2_000, 0.5), (0.3, 90, 0.2), (1.2, 12, 0.5)])
def test_power_is_that_of_statsmodels(effect: float, rows: int, treated: float) -> None:
    from statsmodels.stats.power import TTestIndPower

    told = TTestIndPower().power(effect, nobs1=rows * treated, alpha=0.05, ratio=(1 - treated) / treated)
    assert Plan(variance=4.0, treated=treated).power(2 * effect, rows=rows) == pytest.approx(told, abs=1e-6)


def test_size_effect_and_power_agree() -> None:
    plan = Plan(variance=0.09 * 0.91, treated=0.3)
    effect = plan.detectable(rows=12_000, power=0.9)
    assert plan.rows(effect, power=0.9) == pytest.approx(12_000, abs=1)
    # A covariate with a correlation of .6 saves 36 % of the rows.
    assert plan.with_covariates(0.6).rows(effect, power=0.9) == pytest.approx(12_000 * 0.64, rel=1e-3)
    assert days_needed(12_000, rows_a_day=500) == 28


def test_what_cannot_be_planned_is_refused() -> None:
    with pytest.raises(NotReachable):
        Plan(variance=1.0).rows(0)
    with pytest.raises(ValueError, match="four rows"):
        Plan(variance=1.0).power(1, rows=3)
    for wrong in ({"variance": 0}, {"variance": 1, "treated": 1}, {"variance": 1, "explained": 1}):
        with pytest.raises(ValueError, match="range"):
            Plan(**wrong)


def test_whoever_keeps_looking_is_rarely_wrong_by_the_intervals_that_allow_it() -> None:
    """A tenth of what docs/benchmarks/science.md has: visits as rare as in the e-mail trial."""
    visits = np.arange(1_000) < 106
    found = rehearse(visits, runs=1_000, rows=5_000, first_look=100, tuning=5_000, seed=1)
    assert found.always_valid <= 0.05
    assert found.peeking > 0.3
    assert found.once == pytest.approx(0.05, abs=0.02)
    assert rehearse(visits, runs=20, rows=400, first_look=100, tuning=400, seed=2) == rehearse(
        visits, runs=20, rows=400, first_look=100, tuning=400, seed=2
    )


def test_a_rehearsal_wants_values() -> None:
    with pytest.raises(EmptyArm):
        rehearse([1.0], runs=1, rows=10, first_look=4, tuning=10, seed=0)
    with pytest.raises(NotNumbers):
        rehearse([1.0, float("nan")], runs=1, rows=10, first_look=4, tuning=10, seed=0)
    silent = rehearse([2.0, 2.0], runs=10, rows=10, first_look=4, tuning=10, seed=0)
    assert (silent.always_valid, silent.peeking, silent.once) == (0, 0, 0)


def test_the_interval_is_narrowest_about_where_it_was_tuned() -> None:
    """Against intervals tuned elsewhere, after as many rows."""
    widths = {
        tuning: always_valid_half_width(1.0, 5_000, tuning=tuning, level=0.95) for tuning in range(500, 50_000, 500)
    }
    assert min(widths, key=lambda tuning: widths[tuning]) == pytest.approx(5_000, rel=0.25)
    for tuning, level in ((0, 0.95), (10, 1.0)):
        with pytest.raises(ValueError, match="rows above 0"):
            mixing(tuning=tuning, level=level)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(ps: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    with pytest.MonkeyPatch.context() as patch:
        # It looks through all that the process holds for garbage, each time.
        patch.setattr(gc, "collect", lambda: 0)
        assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


def test_all_arms_and_metrics_are_adjusted_together() -> None:
    chance = np.random.default_rng(1)
    arms = {
        name: Arm.of_values(y=chance.normal(size=500) + lift, z=chance.normal(size=500))
        for name, lift in (("control", 0), ("small", 0.05), ("large", 0.5))
    }
    metrics = [Metric(of="y"), Metric(of="z")]
    found = compare_all(arms, metrics, control="control")
    assert [(one.arm, one.metric.name) for one in found] == [
        ("small", "y"),
        ("small", "z"),
        ("large", "y"),
        ("large", "z"),
    ]
    assert [one.adjusted_p for one in found] == holm([one.effect.difference.p for one in found if one.effect])
    assert found[2].adjusted_p < 1e-6 < 0.05 < found[1].adjusted_p
    looked = compare_all(arms, metrics, control="control", correction="benjamini_hochberg", tuning=1_000)
    assert looked[2].adjusted_p < 1e-4
    for wrong in ({"control": arms["control"]}, {"a": arms["small"], "b": arms["large"]}):
        with pytest.raises(OneArm):
            compare_all(wrong, metrics, control="control")


def test_a_metric_that_never_moved_does_not_end_the_comparison() -> None:
    chance = np.random.default_rng(2)
    arms = {
        name: Arm.of_values(y=chance.normal(size=50) + lift, refunds=np.zeros(50), z=chance.normal(size=50))
        for name, lift in (("control", 0), ("a", 1), ("b", 0))
    }
    found = compare_all(arms, [Metric(of="y"), Metric(of="refunds"), Metric(of="z")], control="control")
    assert [one.effect is None for one in found] == [False, True, False] * 2
    assert [one.adjusted_p for one in found if one.effect is None] == [1, 1]
    tested = [one.effect.difference.p for one in found if one.effect]
    assert [one.adjusted_p for one in found if one.effect] == holm(tested)


def test_what_no_plan_can_be_is_refused() -> None:
    plan = Plan(variance=1.0)
    for power in (0.01, 0.05, 1.0, 2.0):
        with pytest.raises(ValueError, match="a power above"):
            plan.rows(0.1, power=power)
        with pytest.raises(ValueError, match="a power above"):
            plan.detectable(rows=100, power=power)
    with pytest.raises(NotReachable):
        days_needed(100, rows_a_day=0)
    for runs, rows, first in ((0, 10, 2), (5, 2, 2), (5, 10, 12)):
        with pytest.raises(ValueError, match="runs of"):
            rehearse([0, 1, 1], runs=runs, rows=rows, first_look=first, tuning=10, seed=1)
