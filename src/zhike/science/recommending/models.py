"""What every recommender answers, and the plain ones: what sells, what sells among such customers, what was bought
before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from scipy import sparse

from zhike.science.recommending.interactions import Integers, Interactions, Scores

WINDOW_DAYS = 56
UNKNOWN = -1


class SettingInvalid(ValueError):
    """A setting of a model that makes no sense: a half-life of nothing, a share beyond one."""


class Recommender(Protocol):
    """name: as reasons give it. floor: a score up to it says nothing; lists then go on with what sells."""

    @property
    def name(self) -> str: ...

    @property
    def floor(self) -> float: ...

    def score(self, users: Integers) -> Scores:
        """Of each of these customers (places; -1: unknown) a row with a score for every product; higher is better."""

    def because(self, user: int, item: int, *, most: int = 3) -> Integers:
        """The products bought by a customer that speak most for one, the strongest first; none for what sells."""


@dataclass(frozen=True, kw_only=True)
class Popularity:
    """How many bought each product of late; the same for everybody."""

    shares: Scores
    name: ClassVar[str] = "popular"
    floor: ClassVar[float] = -np.inf

    def score(self, users: Integers) -> Scores:
        return np.broadcast_to(self.shares, (len(users), len(self.shares)))

    def because(self, user: int, item: int, *, most: int = 3) -> Integers:
        return np.zeros(0, dtype=np.int64)


def fit_popularity(interactions: Interactions, *, days: int = WINDOW_DAYS) -> Popularity:
    """By the days of purchase within the last so many days, and a little by those before, so that few are equal.

    :raises zhike.science.recommending.interactions.NothingBought: nobody did
    :raises SettingInvalid: no day to look at
    """
    if days < 1:
        raise SettingInvalid(f"{days} days")
    is_late = interactions.day > interactions.last_day - days
    late = np.bincount(interactions.item[is_late], minlength=len(interactions.items))
    ever = np.bincount(interactions.item, minlength=len(interactions.items))
    shares = late + ever / (1.0 + len(interactions.item))
    return Popularity(shares=(shares / shares.max()).astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class SegmentPopularity:
    """How many of a customer's segment bought each product; a row of shares for each segment, and one for nobody's."""

    shares: Scores
    segment: Integers
    name: ClassVar[str] = "popular in segment"
    floor: ClassVar[float] = -np.inf

    def score(self, users: Integers) -> Scores:
        found: Scores = self.shares[np.where(users == UNKNOWN, len(self.shares) - 1, self.segment[users])]
        return found

    def because(self, user: int, item: int, *, most: int = 3) -> Integers:
        return np.zeros(0, dtype=np.int64)


def fit_segment_popularity(
    interactions: Interactions, segments: Mapping[Any, Any], *, days: int = WINDOW_DAYS, weight: float = 50.0
) -> SegmentPopularity:
    """For customers of whom nothing is known but their segment.

    segments: of a customer's id its segment; whoever has none is offered what sells altogether.
    weight: customers that the company as a whole counts as in each segment, so that a small one does not make a
    fashion of one purchase.
    """
    everybody = fit_popularity(interactions, days=days).shares
    held = [segments.get(user) for user in interactions.users.to_pylist()]
    names = sorted({name for name in held if name is not None}, key=str)
    place = {name: at for at, name in enumerate(names)}
    segment = np.array([place.get(name, len(names)) for name in held], dtype=np.int64)
    pairs = interactions.pairs
    late = pairs.last > interactions.last_day - days
    cells = segment[pairs.user[late]] * len(interactions.items) + pairs.item[late]
    size = (len(names) + 1, len(interactions.items))
    counts = np.bincount(cells, minlength=size[0] * size[1]).reshape(size)
    buyers = np.maximum(1, len(np.unique(pairs.user[late])))
    overall = counts.sum(axis=0) / buyers
    sizes = np.bincount(segment, minlength=len(names) + 1)[:, None]
    shares = (counts + weight * overall) / (sizes + weight)
    shares[-1] = everybody
    return SegmentPopularity(shares=shares.astype(np.float32), segment=segment)


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """Only what a customer bought is told of, by a weight for each. weights: customers by products."""

    weights: sparse.csr_matrix
    floor: ClassVar[float] = 0.0

    def score(self, users: Integers) -> Scores:
        found: Scores = rows_of(self.weights, users).toarray()
        return found

    def because(self, user: int, item: int, *, most: int = 3) -> Integers:
        is_held = user != UNKNOWN and self.weights[user, item] > 0
        return np.array([item] if is_held else [], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class BoughtBefore(Repeated):
    """What somebody buys again and again; of consumables hard to beat."""

    name: ClassVar[str] = "bought before"


def fit_bought_before(interactions: Interactions, *, half_life_days: float | None = None) -> BoughtBefore:
    """By the days on which it was bought; between equals decides what sells.

    half_life_days: after so many a day counts half; None: all days count alike.

    :raises SettingInvalid: a half-life that is none
    """
    if half_life_days is not None and not half_life_days > 0:
        raise SettingInvalid(f"a half-life of {half_life_days} days")
    pairs, now = interactions.pairs, interactions.last_day
    counts = pairs.days.astype(np.float64)
    if half_life_days is not None:
        starts = np.concatenate([[0], np.cumsum(pairs.days)])[:-1]
        counts = np.add.reduceat(np.exp2((interactions.day - now) / half_life_days), starts)
    sells = fit_popularity(interactions).shares[pairs.item]
    return BoughtBefore(weights=interactions.weighted(counts + (1e-3 if half_life_days else 0.5) * sells))


def rows_of(matrix: sparse.csr_matrix, users: Integers) -> sparse.csr_matrix:
    """These customers' rows; empty for unknown ones."""
    rows = matrix[np.maximum(users, 0)]
    if (users == UNKNOWN).any():
        rows = sparse.diags_array((users != UNKNOWN).astype(np.float32), format="csr") @ rows
    return sparse.csr_matrix(rows)
