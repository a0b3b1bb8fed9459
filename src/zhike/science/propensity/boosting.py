"""Boosted trees, the same for the same examples in whatever order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhike.science.propensity.inputs import Examples, Floats, Inputs, InputsInvalid

# Few, shallow and much regularised: customers are many more than their traces tell apart.
PARAMETERS: Mapping[str, Any] = {
    "objective": "binary",
    "num_leaves": 16,
    "learning_rate": 0.03,
    "lambda_l2": 10.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
ROUNDS = 200
LEAF = 50  # examples at least in a leaf, or a fiftieth of the rarer class where that is less


@dataclass(frozen=True, kw_only=True)
class Boosting:
    """like: the features that it was learnt from, without rows."""

    like: Inputs
    booster: Any
    num_threads: int
    name: str = "boosted trees"

    def log_odds(self, inputs: Inputs) -> Floats:
        inputs.check_like(self.like)
        return np.asarray(self.booster.predict(inputs.values, raw_score=True, num_threads=self.num_threads))

    def contributions(self, inputs: Inputs) -> Floats:
        """What each feature adds to the logarithm of the odds: exact Shapley values of the trees (Lundberg and others,
        2020, From local explanations to global understanding with explainable AI for trees). Columns: the features,
        then what everybody has; a row sums to its log odds."""
        inputs.check_like(self.like)
        return np.asarray(self.booster.predict(inputs.values, pred_contrib=True, num_threads=self.num_threads))


def fit_boosting(
    examples: Examples,
    *,
    seed: int,
    num_threads: int = 1,
    rounds: int = ROUNDS,
    monotone: Mapping[str, int] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Boosting:
    """Learn with LightGBM. The order of examples does not matter; the seed does, a little.

    monotone: of features, 1 where more of it may only raise and -1 where it may only lower the probability.
    parameters: of LightGBM, in place of those of the house.

    :raises zhike.science.propensity.inputs.OneClass: it happened to everybody or to nobody
    :raises zhike.science.propensity.inputs.TooFew: or to almost everybody or almost nobody
    :raises InputsInvalid: no feature, or a monotone one that is not there or is a name
    """
    import lightgbm

    examples.check()
    inputs = examples.inputs
    if not inputs.names:
        raise InputsInvalid("there is no feature")
    directions = dict(monotone or {})
    if wrong := [name for name in directions if name not in inputs.names or name in inputs.levels]:
        raise InputsInvalid(f"cannot be monotone: {', '.join(sorted(wrong))}")
    ordered = examples.rows(examples.order())
    rarer = int(min(examples.happened.sum(), len(examples) - examples.happened.sum()))
    told = {
        **PARAMETERS,
        "min_data_in_leaf": max(5, min(LEAF, rarer // 5)),
        "seed": seed,
        "num_threads": num_threads,
        "monotone_constraints": [directions.get(name, 0) for name in inputs.names],
        **(parameters or {}),
    }
    data = lightgbm.Dataset(
        ordered.inputs.values,
        ordered.happened,
        weight=ordered.weight,
        categorical_feature=[place for place, name in enumerate(inputs.names) if name in inputs.levels],
        params={"verbosity": -1, "feature_pre_filter": False, "num_threads": num_threads},
        free_raw_data=True,
    )
    booster = lightgbm.train(told, data, num_boost_round=rounds)
    return Boosting(like=inputs.rows(slice(0, 0)), booster=booster, num_threads=num_threads)
