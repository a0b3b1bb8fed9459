"""What treating the best costs and brings."""

import numpy as np
import pytest

from zhike.science.experiments.arms import EmptyArm
from zhike.science.tests.uplift.trials import invented_trial
from zhike.science.uplift.bases import boosted_trees
from zhike.science.uplift.crossing import folds_of
from zhike.science.uplift.learners import robust_scores
from zhike.science.uplift.policy import TENTHS, Costs, policy_of, profit_curve, uplift_at, weighted_effects
from zhike.science.uplift.qini import qini
from zhike.science.uplift.trial import NotNumbers, Trial, TrialInvalid

COSTS = Costs(margin=20, contact=4)


def test_the_uplift_of_the_best_is_counted_by_hand() -> None:
    trial = Trial.of_columns(np.zeros((8, 1)), [1, 0, 1, 0, 1, 0, 1, 0], [1, 0, 0, 1, 1, 0, 0, 0])
    scores = [8, 7, 6, 5, 4, 3, 2, 1]
    assert uplift_at(scores, trial, share=0.5).value == pytest.approx(1 / 2 - 1 / 2)
    assert uplift_at(scores, trial, share=0.75).value == pytest.approx(2 / 3 - 1 / 3)
    with pytest.raises(EmptyArm):
        uplift_at(scores, trial, share=0.25)


def test_costs_and_gains_are_counted_by_hand() -> None:
    effects = np.array([3.0, 1.0, -1.0, 0.5])
    found = policy_of([4, 3, 2, 1], effects, share=0.5, costs=Costs(margin=10, contact=2))
    assert (found.contacts, found.gain.value, found.profit.value) == (2, 4.0, 36.0)
    assert found.against_everybody.value == pytest.approx(36 - (35 - 8))
    assert found.against_chance.value == pytest.approx(36 - (35 - 8) / 2)
    assert found.cost_per_gain is None
    assert found.cost_high == float("inf")
    sure = policy_of([1, 1, 1, 1], np.array([1.0, 1.1, 0.9, 1.0]), share=1, costs=Costs(margin=10, contact=2))
    assert sure.cost_per_gain == pytest.approx(2.0)
    assert sure.cost_low < 2 < sure.cost_high


def test_of_equal_scores_the_order_of_the_table_does_not_choose() -> None:
    """Two scores for all, in a table in the order of its outcomes."""
    trial, _ = invented_trial(20_000, seed=3)
    by_outcome = trial.only(np.argsort(-trial.outcome, kind="stable"))
    scores = np.ones(20_000)
    brought = trial.outcome[trial.treated].mean() - trial.outcome[~trial.treated].mean()
    assert uplift_at(scores, by_outcome, share=0.3).value == pytest.approx(brought, abs=0.03)
    found = policy_of(scores, weighted_effects(by_outcome), share=0.3, costs=COSTS)
    assert abs(found.against_chance.value) < 4 * found.against_chance.standard_error


def test_who_was_treated_is_told_by_0_and_1() -> None:
    for wrong in ([1, 0, None, 0], ["yes", "no", "yes", "no"], [1, 0, np.nan, 0], [2, 0, 1, 0]):
        with pytest.raises(NotNumbers, match="0 or 1"):
            Trial.of_columns(np.zeros((4, 1)), wrong, [1, 0, 0, 1])
        with pytest.raises(NotNumbers, match="0 or 1"):
            qini([4, 3, 2, 1], wrong, [1, 0, 0, 1])
    trial = Trial.of_columns(np.zeros((4, 1)), [1.0, 0.0, 1.0, 0.0], [1, 0, 0, 1])
    with pytest.raises(ValueError, match="no more than customers"):
        list(folds_of(trial, folds=5, seed=1))


def test_choosing_by_true_effects_pays_and_choosing_by_chance_does_not() -> None:
    """Uplift of 0 to 0.4 at a margin of 20 and a contact of 4: half of all are worth it."""
    trial, uplift = invented_trial(60_000, seed=1)
    effects = weighted_effects(trial)
    curve = profit_curve(uplift, effects, costs=COSTS)
    assert [round(policy.share, 1) for policy in curve] == list(TENTHS)
    profits = [policy.profit.value for policy in curve]
    assert 0.4 <= curve[int(np.argmax(profits))].share <= 0.6
    # The profit of a share s is the mean of 20 · 0.4 u - 4 over the u above 1 - s: 4 s (1 - s) a customer.
    for policy in curve:
        truth = 4 * policy.share * (1 - policy.share) * 60_000
        assert abs(policy.profit.value - truth) < 4 * policy.profit.standard_error
    assert (curve[-1].against_chance.value, curve[-1].against_chance.p) == (0, 1)
    half = curve[4]
    assert half.against_chance.interval().low > 0
    assert half.against_everybody.interval().low > 0
    by_chance = policy_of(trial.features[:, 2], effects, share=0.5, costs=COSTS)
    assert by_chance.against_chance.interval().low < 0 < by_chance.against_chance.interval().high


def test_models_take_noise_off_and_intervals_hold() -> None:
    held = {"weighted": 0, "robust": 0}
    widths = {"weighted": 0.0, "robust": 0.0}
    for seed in range(60):
        trial, uplift = invented_trial(1_200, seed=200 + seed, share=0.4)
        made = {
            "weighted": weighted_effects(trial),
            "robust": robust_scores(trial, base=boosted_trees(seed=0, trees=20, least=50), seed=seed),
        }
        for name, effects in made.items():
            found = policy_of(uplift, effects, share=0.5, costs=COSTS).gain
            low, high = found.interval()
            held[name] += low <= 0.3 * 600 <= high
            widths[name] += high - low
    assert min(held.values()) >= 52
    assert widths["robust"] < widths["weighted"]


def test_policies_of_nothing_are_refused() -> None:
    effects = np.array([1.0, 2.0])
    for share in (0.0, 1.1):
        with pytest.raises(ValueError, match="share"):
            policy_of([1, 2], effects, share=share, costs=COSTS)
    with pytest.raises(NotNumbers):
        policy_of([1, 2], np.array([1.0, np.nan]), share=1, costs=COSTS)
    with pytest.raises(NotNumbers):
        policy_of([1, np.nan], effects, share=1, costs=COSTS)
    with pytest.raises(TrialInvalid):
        policy_of([1], effects, share=1, costs=COSTS)
    with pytest.raises(ValueError, match="costs"):
        Costs(margin=1, contact=-1)
