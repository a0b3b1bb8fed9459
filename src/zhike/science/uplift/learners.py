"""Learners of uplift: how much more of the outcome a customer would have with the treatment than without.

Each is fitted to a randomised trial and predicts from features. The treatment's share is that of the trial.
Sources: Künzel, Sekhon, Bickel and Yu, Metalearners for estimating heterogeneous treatment effects using machine
learning (2019) for S, T and X; Nie and Wager, Quasi-oracle estimation of heterogeneous treatment effects (2021) for R;
Kennedy, Towards optimal doubly robust estimation of heterogeneous causal effects (2023) for DR; Jaskowski and
Jaroszewicz, Uplift modeling for clinical trial data (2012), and Athey and Imbens (2016) for the transformation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol, Self

import numpy as np

from zhike.science.uplift.bases import Base, Regression, fit_base
from zhike.science.uplift.crossing import folds_of
from zhike.science.uplift.trial import Floats, Places, Trial

FOLDS = 2  # of what R and DR learn first, so that it does not remember the customers it is taken off


class Learner(Protocol):
    def fit(self, trial: Trial) -> Self: ...

    def predict(self, features: Floats) -> Floats:
        """The uplift of each row, in units of the outcome."""
        ...


class SLearner:
    """One model, with the treatment as one feature more. Finds little where the effect is small."""

    def __init__(self, base: Base, *, seed: int = 0) -> None:
        self.base, self.seed = base, seed

    def fit(self, trial: Trial) -> Self:
        self.model_ = fit_base(self.base, _with(trial.features, trial.treated), trial.outcome)
        return self

    def predict(self, features: Floats) -> Floats:
        everybody = np.ones(len(features))
        return self.model_.predict(_with(features, everybody)) - self.model_.predict(_with(features, 0 * everybody))


class TLearner:
    """A model for each arm, and their difference."""

    def __init__(self, base: Base, *, seed: int = 0) -> None:
        self.base, self.seed = base, seed

    def fit(self, trial: Trial) -> Self:
        self.treated_, self.control_ = _of_arms(self.base, trial)
        return self

    def predict(self, features: Floats) -> Floats:
        return self.treated_.predict(features) - self.control_.predict(features)


class XLearner:
    """Each arm's outcomes less what the other arm's model foretells of them, learned, and weighed by the arms' sizes.

    of_effect: what the effects are learned with, where they are simpler than the outcomes; the base without it.
    """

    def __init__(self, base: Base, *, of_effect: Base | None = None, seed: int = 0) -> None:
        self.base, self.of_effect, self.seed = base, of_effect or base, seed

    def fit(self, trial: Trial) -> Self:
        with_it, without = _of_arms(self.base, trial)
        treated = trial.treated
        gained = trial.outcome[treated] - without.predict(trial.features[treated])
        missed = with_it.predict(trial.features[~treated]) - trial.outcome[~treated]
        self.of_treated_ = fit_base(self.of_effect, trial.features[treated], gained)
        self.of_control_ = fit_base(self.of_effect, trial.features[~treated], missed)
        self.share_ = trial.share
        return self

    def predict(self, features: Floats) -> Floats:
        of_treated, of_control = self.of_treated_.predict(features), self.of_control_.predict(features)
        return (1 - self.share_) * of_treated + self.share_ * of_control


class RLearner:
    """Outcomes less what the features alone foretell, by treatment less its share: a weighted regression."""

    def __init__(self, base: Base, *, seed: int = 0) -> None:
        self.base, self.seed = base, seed

    def fit(self, trial: Trial) -> Self:
        foretold = np.zeros(len(trial.outcome))
        for rest, own in folds_of(trial, folds=FOLDS, seed=self.seed):
            foretold[own] = fit_base(self.base, trial.features[rest], trial.outcome[rest]).predict(trial.features[own])
        apart: Floats = trial.treated - np.float64(trial.share)
        self.model_ = fit_base(self.base, trial.features, (trial.outcome - foretold) / apart, apart**2)
        return self

    def predict(self, features: Floats) -> Floats:
        return self.model_.predict(features)


class DrLearner:
    """A regression of doubly robust scores: of each customer, what the models foretell and how far they were wrong."""

    def __init__(self, base: Base, *, seed: int = 0) -> None:
        self.base, self.seed = base, seed

    def fit(self, trial: Trial) -> Self:
        self.model_ = fit_base(self.base, trial.features, robust_scores(trial, base=self.base, seed=self.seed))
        return self

    def predict(self, features: Floats) -> Floats:
        return self.model_.predict(features)


class ClassTransformation:
    """A regression of the outcome turned so that its mean is the uplift: plus for the treated, minus for the others,
    each by the share of their arm."""

    def __init__(self, base: Base, *, seed: int = 0) -> None:
        self.base, self.seed = base, seed

    def fit(self, trial: Trial) -> Self:
        by = np.where(trial.treated, 1 / trial.share, -1 / (1 - trial.share))
        self.model_ = fit_base(self.base, trial.features, trial.outcome * by)
        return self

    def predict(self, features: Floats) -> Floats:
        return self.model_.predict(features)


LEARNERS: Mapping[str, Callable[..., Learner]] = MappingProxyType(
    {
        "S": SLearner,
        "T": TLearner,
        "X": XLearner,
        "R": RLearner,
        "DR": DrLearner,
        "class transformation": ClassTransformation,
    }
)


def robust_scores(trial: Trial, *, base: Base, seed: int, folds: int = FOLDS) -> Floats:
    """A score for each customer whose mean over any group is that group's uplift, also where the models are wrong.

    Models of both arms foretell the customers of a fold from the other folds.
    """
    found = np.zeros(len(trial.outcome))
    for rest, own in folds_of(trial, folds=folds, seed=seed):
        with_it, without = (model.predict(trial.features[own]) for model in _of_arms(base, trial, rest))
        treated, outcome = trial.treated[own], trial.outcome[own]
        missed = np.where(treated, (outcome - with_it) / trial.share, (without - outcome) / (1 - trial.share))
        found[own] = with_it - without + missed
    return found


def _of_arms(base: Base, trial: Trial, places: Places | None = None) -> tuple[Regression, Regression]:
    """Of the treated, and of the others; of those at these places alone, among whom nobody need have an outcome."""
    everybody = np.arange(len(trial.outcome)) if places is None else places
    with_it, without = (
        fit_base(base, trial.features[arm], trial.outcome[arm])
        for arm in (everybody[trial.treated[everybody]], everybody[~trial.treated[everybody]])
    )
    return with_it, without


def _with(features: Floats, treated: Floats | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    return np.column_stack([features, treated])
