"""Matrix factorisation for purchases: ALS and BPR, as the library `implicit` fits them.

Sources: Hu, Koren and Volinsky, Collaborative filtering for implicit feedback datasets (2008); Rendle, Freudenthaler,
Gantner and Schmidt-Thieme, BPR: Bayesian personalized ranking from implicit feedback (2009).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from zhike.science.recommending.interactions import Integers, Interactions, Scores
from zhike.science.recommending.models import UNKNOWN, SettingInvalid

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Customers and products as points; a score is their product. Whoever fitted them, here or on a cluster."""

    name: str
    users: Scores
    items: Scores
    held: sparse.csr_matrix
    floor: float = -np.inf

    def score(self, users: Integers) -> Scores:
        """Unknown customers, and those without a purchase, are told nothing (not a number is never a score)."""
        scores: Scores = self.users[np.maximum(users, 0)] @ self.items.T
        silent = (users == UNKNOWN) | (np.diff(self.held.indptr)[np.maximum(users, 0)] == 0)
        scores[silent] = -np.inf
        return scores

    def because(self, user: int, item: int, *, most: int = 3) -> Integers:
        """The products bought that lie closest to it."""
        if user == UNKNOWN:
            return np.zeros(0, dtype=np.int64)
        bought = self.held.indices[self.held.indptr[user] : self.held.indptr[user + 1]].astype(np.int64)
        length = np.linalg.norm(self.items, axis=1)
        near = self.items[bought] @ self.items[item] / np.maximum(1e-12, length[bought] * length[item])
        strongest = np.argsort(-near, kind="stable")[:most]
        found: Integers = bought[strongest[near[strongest] > 0]]
        return found


def fit_als(
    interactions: Interactions,
    *,
    factors: int = 64,
    penalty: float = 5.0,
    confidence: float = 1.0,
    rounds: int = 15,
    seed: int = 1,
    threads: int = 1,
    session: SparkSession | None = None,
) -> Factors:
    """Alternating least squares on the days of purchase. confidence: how much more a day counts than none.

    Meanwhile BLAS has one thread, whatever `threads` is: its own would wait for those of the fit.
    session: of Spark, whose MLlib fits instead, on the cluster. It weighs the penalty by what each customer bought and
    counts a day as 1 + confidence, so the same settings are about the same model, and not the same.

    :raises SettingInvalid: no factor, no round
    """
    _check(interactions, factors, rounds)
    if session is not None:
        return _fit_on_spark(
            interactions, session, rank=factors, penalty=penalty, alpha=confidence, maxIter=rounds, seed=seed
        )
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=penalty,
            alpha=confidence,
            iterations=rounds,
            random_state=seed,
            num_threads=threads,
        )
        return _fitted("ALS", model, interactions, interactions.counted)


def _fit_on_spark(
    interactions: Interactions, session: SparkSession, *, rank: int, penalty: float, **settings: Any
) -> Factors:
    import pyarrow as pa

    with warnings.catch_warnings(action="ignore"):  # that pandas is newer than it knows, which is not used
        from pyspark.ml.recommendation import ALS
    pairs = interactions.pairs
    rows = pa.table(
        {
            "user": pairs.user.astype(np.int32),
            "item": pairs.item.astype(np.int32),
            "days": pairs.days.astype(np.float32),
        }
    )
    model = ALS(
        userCol="user",
        itemCol="item",
        ratingCol="days",
        implicitPrefs=True,
        rank=rank,
        regParam=penalty * len(np.unique(pairs.user)) / len(pairs.user),
        numUserBlocks=session.sparkContext.defaultParallelism,
        numItemBlocks=session.sparkContext.defaultParallelism,
        **settings,
    ).fit(session.createDataFrame(rows))
    users, items = (
        _points(found.toArrow(), count)
        for found, count in zip((model.userFactors, model.itemFactors), interactions.shape, strict=True)
    )
    return Factors(name="ALS", users=users, items=items, held=interactions.held)


def _points(found: pa.Table, count: int) -> Scores:
    """A row for each place; who has no purchase lies at zero."""
    points = np.zeros((count, len(found["features"][0])), dtype=np.float32)
    points[found["id"].to_numpy()] = np.vstack(found["features"].to_numpy())
    return points


def fit_bpr(
    interactions: Interactions,
    *,
    factors: int = 64,
    penalty: float = 0.01,
    rate: float = 0.01,
    rounds: int = 300,
    seed: int = 1,
) -> Factors:
    """What was bought above what was not (one thread: with more, no run is like another).

    :raises SettingInvalid: no factor, no round
    """
    _check(interactions, factors, rounds)
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(
        factors=factors,
        regularization=penalty,
        learning_rate=rate,
        iterations=rounds,
        random_state=seed,
        num_threads=1,
    )
    return _fitted("BPR", model, interactions, interactions.held)


def _fitted(name: str, model: Any, interactions: Interactions, told: sparse.csr_matrix) -> Factors:
    model.fit(told, show_progress=False)
    return Factors(name=name, users=model.user_factors, items=model.item_factors, held=interactions.held)


def _check(interactions: Interactions, factors: int, rounds: int) -> None:
    interactions.check_any()
    if factors < 1 or rounds < 1:
        raise SettingInvalid(f"{factors} factors, {rounds} rounds")
