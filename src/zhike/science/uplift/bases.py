"""What the learners are made of: any regression with `fit` and `predict`, here boosted trees and a straight line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, Self

import numpy as np

from zhike.science.uplift.trial import Floats


class Regression(Protocol):
    """As scikit-learn has it. A seldom outcome of 0 and 1 is fitted by its mean, which is a probability."""

    def fit(self, features: Floats, outcome: Floats, sample_weight: Floats | None = None) -> Any: ...

    def predict(self, features: Floats) -> Floats: ...


type Base = Callable[[], Regression]


class Mean:
    """What is foretold where nothing can be learned: the mean."""

    def fit(self, features: Floats, outcome: Floats, sample_weight: Floats | None = None) -> Self:
        self.mean_ = float(np.average(outcome, weights=sample_weight))
        return self

    def predict(self, features: Floats) -> Floats:
        return np.full(len(features), self.mean_)


def boosted_trees(
    *, seed: int, num_threads: int = 1, trees: int = 50, learning_rate: float = 0.05, leaves: int = 4, least: int = 200
) -> Base:
    """LightGBM, the same result each time, whatever the threads. leaves: of a tree. least: rows in a leaf.

    Few small trees: effects are small against the noise of outcomes, and larger models learn the noise.
    """
    return partial(_lightgbm, seed, num_threads, trees, learning_rate, leaves, least)


def straight_line(*, penalty: float = 1.0) -> Base:
    """Ridge regression on features of mean 0 and variance 1; unknown ones are taken as their mean."""
    return partial(_ridge, penalty)


def fit_base(base: Base, features: Floats, outcome: Floats, weights: Floats | None = None) -> Regression:
    """The base fitted; the mean, where the outcome or every feature is the same for all."""
    changes = np.ptp(outcome) > 0 and any(np.nanmax(column) > np.nanmin(column) for column in _known(features))
    model = base() if changes else Mean()
    model.fit(features, outcome, sample_weight=weights)
    return model


def _known(features: Floats) -> list[Floats]:
    return [column for column in features.T if not np.isnan(column).all()]


def _lightgbm(seed: int, num_threads: int, trees: int, learning_rate: float, leaves: int, least: int) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(
        n_estimators=trees,
        learning_rate=learning_rate,
        num_leaves=leaves,
        min_child_samples=least,
        random_state=seed,
        n_jobs=num_threads,
        deterministic=True,
        force_row_wise=True,
        verbose=-1,
    )


def _ridge(penalty: float) -> Any:
    return _Line(penalty)


class _Line:
    def __init__(self, penalty: float) -> None:
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self._model = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), Ridge(alpha=penalty))

    def fit(self, features: Floats, outcome: Floats, sample_weight: Floats | None = None) -> Self:
        self._model.fit(features, outcome, ridge__sample_weight=sample_weight)
        return self

    def predict(self, features: Floats) -> Floats:
        found: Floats = self._model.predict(features)
        return found
