"""Causal forest: trees that split where effects differ, each honest (leaves are filled by rows that drew no split).

By econml, which the extra `causal` installs: `pip install zhike[causal]`.
Source: Athey, Tibshirani and Wager, Generalized random forests (2019).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from zhike.science.uplift.trial import Floats, NotNumbers, Trial

EXTRA = "causal"
_AT_ONCE = 4  # trees of a group of honest halves, as econml wants it


class ExtraMissing(ImportError):
    """A library is not installed that belongs to an extra of Zhike; the message names the extra."""


class Effects(NamedTuple):
    """An uplift for each row, with its interval."""

    value: Floats
    low: Floats
    high: Floats


class CausalForest:
    """A learner as those of :mod:`zhike.science.uplift.learners`, that also knows how sure it is.

    trees: rounded up to a multiple of four. least: rows in a leaf. Unknown features (NaN) are refused.

    :raises ExtraMissing: econml is not installed
    """

    def __init__(self, *, seed: int, num_threads: int = 1, trees: int = 200, least: int = 50) -> None:
        self.seed, self.num_threads, self.least = seed, num_threads, least
        self.trees = -(-trees // _AT_ONCE) * _AT_ONCE
        self._make = _econml_forest()

    def fit(self, trial: Trial) -> Self:
        _check_known(trial.features)
        self.forest_ = self._make(
            n_estimators=self.trees,
            min_samples_leaf=self.least,
            honest=True,
            inference=True,
            subforest_size=_AT_ONCE,
            n_jobs=self.num_threads,
            random_state=self.seed,
        )
        # What is common to both arms is taken off, which makes splits look at effects only.
        treated = trial.treated - trial.share
        self.forest_.fit(trial.features, treated, trial.outcome - trial.outcome.mean())
        return self

    def predict(self, features: Floats) -> Floats:
        _check_known(features)
        found: Floats = self.forest_.predict(features)[:, 0]
        return found

    def predict_interval(self, features: Floats, *, level: float = 0.95) -> Effects:
        """The same, with pointwise intervals."""
        _check_known(features)
        value, low, high = self.forest_.predict(features, interval=True, alpha=1 - level)
        return Effects(value[:, 0], low[:, 0], high[:, 0])


def _econml_forest() -> Any:
    try:
        from econml.grf import CausalForest as Forest
    except ImportError as missing:
        raise ExtraMissing(f"the causal forest wants econml: pip install zhike[{EXTRA}]") from missing
    return Forest


def _check_known(features: Floats) -> None:
    if not np.isfinite(features).all():
        raise NotNumbers("a feature is unknown, which a causal forest cannot take")
