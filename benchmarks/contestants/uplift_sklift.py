"""scikit-uplift's models, and the library's causal forest by econml, on given folds; scikit-uplift's Qini of all."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklift.metrics import qini_auc_score
from sklift.models import ClassTransformation, SoloModel, TwoModels

from zhike.science.uplift.forest import CausalForest
from zhike.science.uplift.trial import Trial

TREES = {"n_estimators": 50, "learning_rate": 0.05, "num_leaves": 4, "min_child_samples": 200}


def load(given: Path) -> pd.DataFrame:
    return pd.read_parquet(given)


def classifier() -> LGBMClassifier:
    return LGBMClassifier(**TREES, random_state=0, n_jobs=1, deterministic=True, force_row_wise=True, verbose=-1)


def models() -> dict[str, Any]:
    return {
        "sklift_solo": SoloModel(classifier()),
        "sklift_two_models": TwoModels(classifier(), classifier()),
        "sklift_class_transformation": ClassTransformation(classifier()),
    }


class Forest:
    def fit(self, features: Any, outcome: Any, treated: Any) -> "Forest":
        self.forest = CausalForest(seed=0, trees=100, least=200).fit(Trial.of_columns(features, treated, outcome))
        return self

    def predict(self, features: Any) -> Any:
        return self.forest.predict(features.to_numpy())


def work(rows: pd.DataFrame, output: Path) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    features = rows[[name for name in rows if name.startswith("x")]]
    treated, outcome = rows["treated"].astype(int), rows["outcome"].astype(int)
    found: dict[str, list[float]] = {}
    folds = sorted(name for name in rows if name.startswith("fold"))
    for fold in folds:
        scores: dict[str, Any] = {}
        for own in range(rows[fold].max() + 1):
            held = (rows[fold] == own).to_numpy()
            makers = models() if fold != folds[0] else {**models(), "econml_forest": Forest()}
            for name, model in makers.items():
                model.fit(features[~held], outcome[~held], treated[~held])
                scores.setdefault(name, np.zeros(len(rows)))[held] = model.predict(features[held])
        for name, score in scores.items():
            found.setdefault(name, []).append(float(qini_auc_score(outcome, score, treated)))
    return {
        "qini": {name: float(np.mean(each)) for name, each in found.items()},
        "qini_of_our_scores": float(qini_auc_score(outcome, rows["score"], treated)),
    }
