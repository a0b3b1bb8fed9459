"""Learners of uplift find invented effects, agree where theory says so, and give the same answer each time."""

import sys
from functools import partial

import numpy as np
import pytest

from zhike.science.tests.uplift.trials import invented_trial
from zhike.science.uplift.bases import boosted_trees, straight_line
from zhike.science.uplift.crossing import cross_fitted, folds_of
from zhike.science.uplift.forest import CausalForest, ExtraMissing
from zhike.science.uplift.learners import LEARNERS, TLearner, XLearner, robust_scores
from zhike.science.uplift.trial import Floats, NoOutcomes, NotNumbers, OneArm, Trial, TrialInvalid

TREES = boosted_trees(seed=0, least=50)


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_invented_effects_are_found(name: str, share: float) -> None:
    trial, _uplift = invented_trial(8_000, seed=1, share=share)
    new, uplift = invented_trial(2_000, seed=2)
    found = LEARNERS[name](TREES, seed=3).fit(trial).predict(new.features)
    assert np.corrcoef(found, uplift)[0, 1] > 0.8
    # One model for both arms, with few small trees, makes little of the treatment.
    assert found.mean() == pytest.approx(uplift.mean(), abs=0.06 if name == "S" else 0.04)


def test_straight_lines_of_both_arms_are_a_regression_with_interactions() -> None:
    trial, _uplift = invented_trial(500, seed=4)
    found = TLearner(straight_line(penalty=1e-9)).fit(trial).predict(trial.features)
    inside = np.column_stack([np.ones(500), trial.features])
    whole = np.column_stack([inside, inside * trial.treated[:, None]])
    coefficients = np.linalg.lstsq(whole, trial.outcome)[0]
    assert found == pytest.approx(inside @ coefficients[4:], abs=1e-6)
    # Of straight lines, X is T.
    assert XLearner(straight_line(penalty=1e-9)).fit(trial).predict(trial.features) == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in LEARNERS if name != "S"])
def test_exchanged_arms_change_the_sign(name: str) -> None:
    """With a straight line for a base; the one model of S sees the treatment, not the arms."""
    trial, _uplift = invented_trial(2_000, seed=6, share=0.4)
    other = Trial(features=trial.features, treated=~trial.treated, outcome=trial.outcome)
    there, back = (LEARNERS[name](straight_line()).fit(one).predict(trial.features) for one in (trial, other))
    # Folds are dealt out by arm, so that R and DR learn first from other customers.
    assert np.corrcoef(there, -back)[0, 1] > 0.99
    assert there.mean() == pytest.approx(-back.mean(), abs=5e-3)


@pytest.mark.parametrize("name", LEARNERS)
def test_other_units_of_the_outcome_are_other_units_of_the_uplift(name: str) -> None:
    trial, _uplift = invented_trial(1_000, seed=7)
    larger = Trial(features=trial.features, treated=trial.treated, outcome=trial.outcome * 1_000)
    once, again = (LEARNERS[name](straight_line()).fit(one).predict(trial.features) for one in (trial, larger))
    assert again == pytest.approx(once * 1_000)


def test_the_answer_is_the_same_each_time_whatever_the_threads() -> None:
    trial, _uplift = invented_trial(1_500, seed=8)
    # Few trees: on a busy machine two threads wait for each other at every leaf.
    bases = [boosted_trees(seed=1, num_threads=threads, trees=4) for threads in (1, 1, 2)]
    once, again, two = (cross_fitted(partial(XLearner, base), trial, folds=2, seed=9) for base in bases)
    assert (once == again).all()
    assert (once == two).all()


def test_folds_hold_everybody_once_and_arms_evenly() -> None:
    trial, _uplift = invented_trial(1_003, seed=10, share=0.2)
    own = [mine for _rest, mine in folds_of(trial, folds=4, seed=0)]
    assert sorted(np.concatenate(own).tolist()) == list(range(1_003))
    shares = [trial.treated[mine].mean() for mine in own]
    assert max(shares) - min(shares) < 0.01
    with pytest.raises(ValueError, match="two folds"):
        next(folds_of(trial, folds=1, seed=0))


def test_nobody_is_scored_by_a_model_that_saw_them() -> None:
    """A learner that remembers whom it was fitted to and says so of them."""

    class Remembers:
        def fit(self, trial: Trial) -> "Remembers":
            self.seen = {tuple(row) for row in trial.features}
            return self

        def predict(self, features: Floats) -> Floats:
            return np.array([float(tuple(row) in self.seen) for row in features])

    trial, _uplift = invented_trial(300, seed=11)
    assert not cross_fitted(Remembers, trial, folds=3, repeats=2, seed=0).any()


def test_robust_scores_have_the_mean_of_the_effect_and_less_noise() -> None:
    trial, uplift = invented_trial(6_000, seed=12, share=0.3)
    found = robust_scores(trial, base=TREES, seed=0)
    error = found.std() / np.sqrt(len(found))
    assert found.mean() == pytest.approx(uplift.mean(), abs=3 * error)
    plain = trial.outcome * np.where(trial.treated, 1 / trial.share, -1 / (1 - trial.share))
    assert found.std() < plain.std()


@pytest.mark.parametrize("name", LEARNERS)
def test_one_of_a_thousand_and_features_that_say_nothing_are_learned_without_a_failure(name: str) -> None:
    trial, _uplift = invented_trial(4_000, seed=13, is_rare=True)
    odd = np.column_stack([trial.features[:, 0], np.ones(4_000), np.full(4_000, np.nan)])
    for base in (TREES, straight_line()):
        found = LEARNERS[name](base).fit(Trial.of_columns(odd, trial.treated, trial.outcome)).predict(odd)
        assert np.isfinite(found).all()
        assert np.abs(found).mean() < 0.05


def test_trials_that_teach_nothing_are_refused() -> None:
    features, half = np.zeros((4, 1)), [True, True, False, False]
    with pytest.raises(OneArm):
        Trial.of_columns(features, [True] * 4, [0, 1, 0, 1])
    with pytest.raises(NoOutcomes):
        Trial.of_columns(features, half, [1, 1, 1, 1])
    with pytest.raises(NotNumbers):
        Trial.of_columns(features, half, [0, 1, float("nan"), 1])
    with pytest.raises(NotNumbers):
        Trial.of_columns(features + np.inf, half, [0, 1, 0, 1])
    with pytest.raises(TrialInvalid, match="lengths"):
        Trial.of_columns(features, half, [0, 1])


def test_the_causal_forest_finds_them_too_and_says_how_surely() -> None:
    pytest.importorskip("econml", reason="needs the extra causal")
    trial, _uplift = invented_trial(3_000, seed=1)
    new, uplift = invented_trial(500, seed=2)
    forest = CausalForest(seed=0, trees=98).fit(trial)
    assert forest.trees == 100
    found = forest.predict_interval(new.features)
    assert np.corrcoef(found.value, uplift)[0, 1] > 0.8
    assert np.mean((found.low <= uplift) & (uplift <= found.high)) > 0.8
    assert (forest.predict(new.features) == CausalForest(seed=0, trees=100).fit(trial).predict(new.features)).all()
    with pytest.raises(NotNumbers):
        forest.predict(np.full((1, 3), np.nan))


def test_without_econml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "econml.grf", None)
    with pytest.raises(ExtraMissing, match=r"zhike\[causal\]"):
        CausalForest(seed=0)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_single_outcome_among_few_is_learned_from(name: str) -> None:
    trial = Trial.of_columns(np.arange(16.0).reshape(8, 2), [1, 0] * 4, [1, 0, 0, 0, 0, 0, 0, 0])
    assert np.isfinite(LEARNERS[name](straight_line()).fit(trial).predict(trial.features)).all()
