"""Ways of grouping rows of standardised numbers, each behind the same two calls: fit, then assign.

Every method is given distinct rows with their weights. Labels are 0, 1, …, or -1 for a row in no segment.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from zhike.science.propensity.inputs import Floats, Integers
from zhike.science.segments.customers import TooFewCustomers

MOST_MERGED = 400  # rows that Ward's method takes; of more, the centres of as many K-means clusters
MOST_DENSE = 20_000  # customers whom HDBSCAN looks at; of more, as many drawn by lot
MOST_MIXED = 200_000  # the same, whom Gaussian mixtures look at


class NotConverged(RuntimeError):
    """The fit did not settle within its rounds."""


class NoSegments(ValueError):
    """Nowhere are customers denser than elsewhere, so there is nothing to tell apart."""


class Assigner(Protocol):
    """What a method learned."""

    def assign(self, rows: Floats) -> Integers: ...


class Method(Protocol):
    """A way of grouping, with its settings."""

    @property
    def name(self) -> str: ...

    @property
    def takes_qualities(self) -> bool:
        """Whether rows are places of levels, and not quantities."""
        ...

    def fit(self, rows: Floats, weights: Floats, *, seed: int) -> Assigner:
        """
        :raises TooFewCustomers: there are fewer rows than segments
        :raises NotConverged: the fit did not settle
        """
        ...


@dataclass(frozen=True)
class Centres:
    """A row belongs to the nearest centre."""

    centres: Floats

    def assign(self, rows: Floats) -> Integers:
        from scipy.spatial import KDTree

        return np.asarray(KDTree(self.centres).query(rows)[1], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class KMeans:
    """Lloyd's algorithm from k-means++ starts, the best of `starts`.

    Sources: Lloyd (1957, 1982); Arthur and Vassilvitskii (2007).
    """

    segments: int
    starts: int = 10
    takes_qualities: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return f"K-means, {self.segments}"

    def fit(self, rows: Floats, weights: Floats, *, seed: int) -> Centres:
        check_enough(rows, self.segments)
        return Centres(_k_means(rows, weights, count=self.segments, starts=self.starts, seed=seed))


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Normal distributions with covariances of their own, by EM; a row belongs to the likeliest.

    Of more than `MOST_MIXED` customers as many are looked at, drawn by lot.
    Source: Dempster, Laird and Rubin (1977).
    """

    segments: int
    starts: int = 3
    takes_qualities: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return f"Gaussian mixture, {self.segments}"

    def fit(self, rows: Floats, weights: Floats, *, seed: int) -> _Likeliest:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits

        check_enough(rows, self.segments)
        model = GaussianMixture(self.segments, n_init=self.starts, max_iter=1_000, random_state=seed, reg_covar=1e-4)
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                model.fit(np.repeat(rows, by_lot(weights, MOST_MIXED, np.random.default_rng(seed)), axis=0))
            except ConvergenceWarning as warning:
                raise NotConverged(f"{self.name}: {warning}") from warning
        return _Likeliest(model)


@dataclass(frozen=True)
class _Likeliest:
    model: Any

    def assign(self, rows: Floats) -> Integers:
        return np.asarray(self.model.predict(rows), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Ward:
    """From single rows upwards, always the two merged that add least to the variance within segments.

    Of more than `MOST_MERGED` distinct rows the centres of as many K-means clusters are merged, with their weights.
    Source: Ward, Hierarchical grouping to optimize an objective function (1963).
    """

    segments: int
    takes_qualities: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return f"Ward, {self.segments}"

    def fit(self, rows: Floats, weights: Floats, *, seed: int) -> Assigner:
        check_enough(rows, self.segments)
        leaves = rows
        if len(rows) > MOST_MERGED:
            leaves = _k_means(rows, weights, count=MOST_MERGED, starts=1, seed=seed)
            weights = np.bincount(Centres(leaves).assign(rows), weights, minlength=len(leaves))
            leaves, weights = leaves[weights > 0], weights[weights > 0]
        return _Leaves(leaves, _merge(leaves, weights, self.segments))


@dataclass(frozen=True)
class _Leaves:
    """A row belongs where the nearest row does that was grouped."""

    rows: Floats
    labels: Integers

    def assign(self, rows: Floats) -> Integers:
        return self.labels[Centres(self.rows).assign(rows)]


@dataclass(frozen=True, kw_only=True)
class Density:
    """HDBSCAN: where customers are denser than around; how many segments is found, and those between are in none.

    smallest: share of the customers that makes a segment. A new row belongs where its nearest grouped row does.
    Source: Campello, Moulavi and Sander (2013).
    """

    smallest: float = 0.05
    takes_qualities: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return f"HDBSCAN, {self.smallest:.0%}"

    def fit(self, rows: Floats, weights: Floats, *, seed: int) -> _Leaves:
        """
        :raises NoSegments: nothing is dense
        """
        from sklearn.cluster import HDBSCAN

        check_enough(rows, 2)
        customers = np.repeat(np.arange(len(rows)), by_lot(weights, MOST_DENSE, np.random.default_rng(seed)))
        least = max(2, round(self.smallest * len(customers)))
        if len(customers) <= least:
            raise TooFewCustomers(f"{len(customers)} customers for segments of {least}")
        found = HDBSCAN(min_cluster_size=least, min_samples=min(10, least), copy=True).fit_predict(rows[customers])
        if (found < 0).all():
            raise NoSegments("nowhere are customers denser than elsewhere")
        looked_at, first = np.unique(customers, return_index=True)
        return _Leaves(rows[looked_at], np.asarray(found[first], dtype=np.int64))


def by_lot(weights: Floats, most: int, chance: np.random.Generator) -> Integers:
    """How many customers of each row are taken, at most so many of all; never a row of its own for each customer."""
    counts = weights.astype(np.int64)
    return counts if counts.sum() <= most else chance.multivariate_hypergeometric(counts, most, method="marginals")


def check_enough(rows: Floats, segments: int) -> None:
    """
    :raises TooFewCustomers: there are fewer distinct rows than segments
    """
    if segments < 2:
        raise ValueError("two segments at least")
    if len(rows) < segments:
        raise TooFewCustomers(f"{len(rows)} different customers for {segments} segments")


def _k_means(rows: Floats, weights: Floats, *, count: int, starts: int, seed: int) -> Floats:
    from sklearn.cluster import KMeans as Lloyd
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        model = Lloyd(count, n_init=starts, random_state=seed).fit(rows, sample_weight=weights)
    return np.asarray(model.cluster_centers_, dtype=np.float64)


def _merge(rows: Floats, weights: Floats, segments: int) -> Integers:
    """Merged until so many are left. Merging a and b adds w_a w_b / (w_a + w_b) |c_a - c_b|² to the variance within."""
    centres, held = rows.copy(), weights.astype(float).copy()
    labels = np.arange(len(rows))
    squares = ((centres[:, None] - centres) ** 2).sum(axis=2)
    added = squares * (held[:, None] * held) / (held[:, None] + held)
    np.fill_diagonal(added, np.inf)
    for _ in range(len(rows) - segments):
        a, b = sorted(divmod(int(added.argmin()), len(rows)))
        centres[a] = (held[a] * centres[a] + held[b] * centres[b]) / (held[a] + held[b])
        held[a] += held[b]
        labels[labels == b] = a
        added[b, :] = added[:, b] = np.inf
        open_ = np.isfinite(added[a])
        row = np.full(len(rows), np.inf)
        row[open_] = ((centres[open_] - centres[a]) ** 2).sum(axis=1) * held[a] * held[open_] / (held[a] + held[open_])
        added[a, :] = added[:, a] = row
    return np.unique(labels, return_inverse=True)[1]
