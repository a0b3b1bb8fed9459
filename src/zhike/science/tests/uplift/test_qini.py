"""The Qini coefficient: that of scikit-uplift, by the word of its definition, with an interval that holds."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zhike.science.tests.experiments.hillstrom import MENS, WOMENS
from zhike.science.tests.uplift.trials import hillstrom_trial, invented_trial
from zhike.science.uplift.bases import boosted_trees, straight_line
from zhike.science.uplift.crossing import cross_fitted
from zhike.science.uplift.learners import TLearner, XLearner
from zhike.science.uplift.qini import auuc, judge, qini, qini_curve
from zhike.science.uplift.trial import NoOutcomes, NotNumbers, OneArm, TrialInvalid

CUSTOMERS = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=6, max_size=30)

type Customers = list[tuple[int, bool, bool]]


def points(customers: Customers) -> list[tuple[float, float, float]]:
    """Customers so far, gain of the Qini curve and of the uplift curve, from one distinct score to the next."""
    found = [(0.0, 0.0, 0.0)]
    for least in sorted({score for score, *_rest in customers}, reverse=True):
        so_far = [(arm, outcome) for score, arm, outcome in customers if score >= least]
        treated, control = ([outcome for arm, outcome in so_far if arm is which] for which in (True, False))
        gain = sum(treated) - (sum(control) * len(treated) / len(control) if control else 0)
        means = [sum(arm) / len(arm) if arm else 0.0 for arm in (treated, control)]
        found.append((len(so_far), gain, (means[0] - means[1]) * len(so_far)))
    return found


def area(line: list[tuple[float, float]]) -> float:
    found = sum((x - w) * (y + z) / 2 for (w, z), (x, y) in pairwise(line))
    return found - line[-1][0] * line[-1][1] / 2


@given(CUSTOMERS)
def test_the_coefficient_follows_its_definition(customers: Customers) -> None:
    scores, treated, outcome = zip(*customers, strict=True)
    assume(2 <= sum(treated) <= len(treated) - 2 and any(outcome))
    known = points(customers)
    curve = qini_curve(scores, treated, outcome)
    assert curve.customers.tolist() == [count for count, *_rest in known]
    assert curve.gain == pytest.approx([gain for _count, gain, _other in known])
    size = len(customers)
    assert auuc(scores, treated, outcome) == pytest.approx(area([(x, y) for x, _q, y in known]) / size**2)
    perfect = [(2 * arm * hit - hit, arm, hit) for _score, arm, hit in customers]
    best = area([(x, y) for x, y, _u in points(perfect)])
    assume(abs(best) > 1e-9)
    assert qini(scores, treated, outcome) == pytest.approx(area([(x, y) for x, y, _u in known]) / best, abs=1e-9)
    # Only the order of scores counts, and that of rows does not.
    again = qini([3 * score + 7 for score in reversed(scores)], treated[::-1], outcome[::-1])
    assert again == pytest.approx(qini(scores, treated, outcome), abs=1e-9)


def test_the_coefficient_is_that_of_scikit_uplift() -> None:
    """sklift.metrics.qini_auc_score, scikit-uplift 0.5.1, of scores rounded so that there are ties."""
    trial, uplift = invented_trial(2_000, seed=12)
    noise = np.random.default_rng(13).normal(size=2_000)
    found = [qini(np.round(uplift + spread * noise, 2), trial.treated, trial.outcome) for spread in (0.0, 0.1, 1.0)]
    assert found == pytest.approx([0.11304448998956537, 0.07979039793647952, 0.007212098191916043], abs=1e-9)


def test_the_womens_campaign_moves_some_more_than_others(trial_data: Path) -> None:
    trial = hillstrom_trial(trial_data, WOMENS, "visit")
    trees = boosted_trees(seed=0)
    scores = cross_fitted(lambda: XLearner(trees, of_effect=straight_line()), trial, folds=5, seed=0)
    verdict = judge(scores, trial.treated, trial.outcome, rounds=60, seed=1)
    assert verdict.coefficient >= 0.06
    assert 0.03 < verdict.low < verdict.coefficient < verdict.high < 0.09
    assert verdict.is_told_from_chance
    assert "better than random" in str(verdict)


def test_the_mens_campaign_moves_all_alike(trial_data: Path) -> None:
    trial = hillstrom_trial(trial_data, MENS, "visit")
    trees = boosted_trees(seed=0)
    scores = cross_fitted(lambda: XLearner(trees, of_effect=straight_line()), trial, folds=5, seed=0)
    verdict = judge(scores, trial.treated, trial.outcome, rounds=60, seed=1)
    assert not verdict.is_told_from_chance
    assert verdict.low < 0 < verdict.high
    assert "not different from random" in str(verdict)


def test_true_effects_are_told_from_chance_and_their_interval_holds() -> None:
    large, known = invented_trial(200_000, seed=1)
    truth = qini(known, large.treated, large.outcome)
    held = 0
    for seed in range(40):
        trial, uplift = invented_trial(1_500, seed=100 + seed)
        verdict = judge(uplift, trial.treated, trial.outcome, rounds=100, seed=seed)
        held += verdict.low <= truth <= verdict.high
    assert held >= 34
    assert judge(uplift, trial.treated, trial.outcome, rounds=100, seed=0).is_told_from_chance


def test_where_there_is_nothing_it_is_rarely_told_from_chance() -> None:
    """Scores that know the outcome but not the effect, as models of response do."""
    told = 0
    for seed in range(60):
        trial, _uplift = invented_trial(800, seed=seed)
        told += judge(trial.features[:, 1], trial.treated, trial.outcome, rounds=60, seed=seed).is_told_from_chance
    assert told <= 8


def test_repeats_are_averaged() -> None:
    trial, uplift = invented_trial(600, seed=3)
    found = [
        judge(scores, trial.treated, trial.outcome, rounds=20, seed=0).coefficient
        for scores in (uplift, trial.features[:, 2], np.stack([uplift, trial.features[:, 2]]))
    ]
    assert found[2] == pytest.approx((found[0] + found[1]) / 2)


def test_what_cannot_be_judged_is_refused() -> None:
    some = [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(OneArm):
        qini(some, [1, 1, 1, 0], [1, 0, 1, 0])
    with pytest.raises(NoOutcomes):
        qini(some, [1, 1, 0, 0], [0, 0, 0, 0])
    with pytest.raises(NotNumbers):
        qini([0.0, 1.0, float("nan"), 3.0], [1, 1, 0, 0], [1, 0, 1, 0])
    with pytest.raises(NotNumbers):
        qini(some, [1, 1, 0, 0], [1, 0, float("inf"), 0])
    with pytest.raises(TrialInvalid, match="each customer"):
        qini(some, [1, 1, 0], [1, 0, 1])


def test_equal_scores_are_chance() -> None:
    trial, _uplift = invented_trial(500, seed=4)
    assert qini(np.zeros(500), trial.treated, trial.outcome) == pytest.approx(0, abs=1e-12)
    assert not judge(np.zeros(500), trial.treated, trial.outcome, rounds=20, seed=0).is_told_from_chance


def test_a_learner_that_learned_nothing_scores_all_alike() -> None:
    trial, _uplift = invented_trial(400, seed=5)
    blind = trial.of_columns(np.ones((400, 2)), trial.treated, trial.outcome)
    scores = TLearner(straight_line()).fit(blind).predict(blind.features)
    treated, control = (trial.outcome[arm].mean() for arm in (trial.treated, ~trial.treated))
    assert scores == pytest.approx(np.full(400, treated - control))


def test_one_outcome_among_few_customers_still_has_an_interval() -> None:
    treated = np.arange(40) % 2 == 0
    verdict = judge(np.linspace(0, 1, 40), treated, np.arange(40) == 38, rounds=60, seed=1)
    assert np.isfinite([verdict.coefficient, verdict.low, verdict.high]).all()
