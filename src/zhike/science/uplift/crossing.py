"""Scores for customers from models that did not see them: folds, drawn by a seed, alike in arms and outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from zhike.science.uplift.trial import Floats, Places, Trial

if TYPE_CHECKING:
    from zhike.science.uplift.learners import Learner


def folds_of(trial: Trial, *, folds: int, seed: int) -> Iterator[tuple[Places, Places]]:
    """The places of the others and of its own, for each fold; arms, and those with an outcome, are dealt out evenly.

    :raises ValueError: fewer than two folds, or more than customers
    """
    if not 2 <= folds <= len(trial.outcome):
        raise ValueError(f"two folds at least, and no more than customers: {folds}")
    chance = np.random.default_rng(seed)
    kinds = 2 * trial.treated + (trial.outcome > 0)
    shuffled = chance.permutation(len(kinds))
    dealt = np.empty(len(kinds), dtype=np.int64)
    dealt[shuffled[np.argsort(kinds[shuffled], kind="stable")]] = np.arange(len(kinds)) % folds
    for fold in range(folds):
        yield np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)


def cross_fitted(make: Callable[[], Learner], trial: Trial, *, folds: int = 5, repeats: int = 1, seed: int) -> Floats:
    """The uplift of each customer by learners fitted to the other folds; a row for each repeat.

    make: a learner that is not fitted yet.
    """
    found = np.zeros((repeats, len(trial.outcome)))
    for repeat in range(repeats):
        for rest, own in folds_of(trial, folds=folds, seed=seed + repeat):
            found[repeat, own] = make().fit(trial.only(rest)).predict(trial.features[own])
    return found
