"""From scores to lists: the best allowed products of every customer, varied, with their reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zhike.science.recommending.interactions import Integers, Interactions, Scores
from zhike.science.recommending.models import Recommender, SettingInvalid, fit_popularity
from zhike.science.recommending.rules import Flags, Rule, allowed_by

if TYPE_CHECKING:
    import pyarrow as pa

NONE = -1
_CELLS = 1 << 23  # scores held at once: 32 MB


@dataclass(frozen=True, kw_only=True)
class Variety:
    """Lists that are not ten times the same.

    categories: of each product; at most `most` of one in a list. similarity: products by products, up to 1; with a
    trade_off below 1 a product counts less the more it is like one chosen before: λ score - (1 - λ) similarity
    (maximal marginal relevance). Scores are taken from 0 to 1 within the pool: `pool` times as many as asked for.

    Source: Carbonell and Goldstein, The use of MMR (1998).
    :raises SettingInvalid: a trade-off that is no share, or a pool or cap of nothing
    """

    categories: Integers | None = None
    most: int | None = None
    similarity: Any = None
    trade_off: float = 1.0
    pool: int = 5

    def __post_init__(self) -> None:
        if not 0 <= self.trade_off <= 1 or self.pool < 1 or (self.most is not None and self.most < 1):
            raise SettingInvalid(f"a trade-off of {self.trade_off}, a pool of {self.pool}, a cap of {self.most}")
        if (self.most is None) != (self.categories is None):
            raise SettingInvalid("a cap is of categories")

    def choose(self, places: Integers, scores: Scores, count: int) -> tuple[Integers, Scores]:
        """From a pool a row, the best first, so many a row; fewer where the cap leaves no more."""
        from_zero = _from_zero(places, scores)
        taken = places == NONE
        of_kind = np.zeros(places.shape, dtype=np.int64)
        alike = np.zeros(places.shape)
        rows = np.arange(len(places))
        chosen = np.full((len(places), min(count, places.shape[1])), NONE, dtype=np.int64)
        worth = np.full(chosen.shape, -np.inf, dtype=np.float32)
        for step in range(chosen.shape[1]):
            value = self.trade_off * from_zero - (1 - self.trade_off) * alike
            barred = taken if self.most is None else taken | (of_kind >= self.most)
            best = np.where(barred, -np.inf, value).argmax(axis=1)
            found = ~barred[rows, best]
            picked = places[rows, best]
            chosen[found, step], worth[found, step] = picked[found], scores[rows, best][found]
            taken[rows, best] = True
            if self.categories is not None:
                of_kind += found[:, None] & (self.categories[places] == self.categories[picked][:, None])
            if self.similarity is not None:
                near = np.asarray(self.similarity[picked[:, None], places])
                alike = np.where(found[:, None], np.maximum(alike, near), alike)
        return chosen, worth


@dataclass(frozen=True, kw_only=True)
class Lists:
    """A row a customer, the best first. places: of products (-1: none left); is_filled: not the model's, but of what
    sells."""

    places: Integers
    scores: Scores
    is_filled: Flags


def list_places(
    model: Recommender,
    users: Integers,
    *,
    count: int,
    rules: Sequence[Rule] = (),
    fallback: Recommender | None = None,
    variety: Variety | None = None,
    threads: int = 1,
) -> Lists:
    """The best products of these customers (places; -1: unknown), in batches that fit the cache.

    Where the model says nothing (a score up to its floor), the fallback goes on; without one the list ends.
    Equal scores go by the products' order.

    :raises SettingInvalid: a list of nothing
    """
    if count < 1:
        raise SettingInvalid(f"lists of {count}")
    wanted = count if variety is None else count * variety.pool
    width = max(1, model.score(users[:1]).shape[1]) if len(users) else 1
    step = max(1, _CELLS // width)
    wanted = min(wanted, width)

    def of_batch(start: int) -> Lists:
        batch = users[start : start + step]
        found = _best(model, batch, wanted, allowed_by(rules, batch), fallback)
        if variety is None:
            return found
        places, scores = variety.choose(found.places, found.scores, count)
        is_own = (places[:, :, None] == np.where(found.is_filled, NONE - 1, found.places)[:, None, :]).any(axis=2)
        return Lists(places=places, scores=scores, is_filled=~is_own & (places != NONE))

    starts = range(0, max(1, len(users)), step)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(of_batch, starts))
    else:
        parts = [of_batch(start) for start in starts]
    return Lists(
        places=np.concatenate([part.places for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        is_filled=np.concatenate([part.is_filled for part in parts]),
    )


def recommend(
    model: Recommender,
    interactions: Interactions,
    *,
    customers: Any = None,
    count: int = 10,
    rules: Sequence[Rule] = (),
    fallback: Recommender | None = None,
    variety: Variety | None = None,
    reasons: int = 0,
    threads: int = 1,
) -> pa.Table:
    """A list for every customer.

    customers: ids; None: all of the interactions. Unknown ones, and those of whom the model can tell nothing, are
    offered what the fallback says (what sells, where none is given), always within the rules. A list is shorter than
    asked for where the rules allow no more.
    reasons: products bought that speak most for each, so many at most; 0: none are looked for.

    Returns customer_id, rank (from 1), product_id, score (comparable within a list's source alone), source (the
    model's or the fallback's name) and, where asked for, because (product ids).
    """
    import pyarrow as pa

    asked = interactions.users if customers is None else pa.array(customers)
    users = interactions.places(asked)
    fallback = fallback or fit_popularity(interactions)
    found = list_places(model, users, count=count, rules=rules, fallback=fallback, variety=variety, threads=threads)
    row, column = np.nonzero(found.places != NONE)
    places, is_filled = found.places[row, column], found.is_filled[row, column]
    columns: dict[str, Any] = {
        "customer_id": asked.take(pa.array(row)),
        "rank": column + 1,
        "product_id": interactions.items.take(pa.array(places)),
        "score": found.scores[row, column],
        "source": pa.array(np.array([model.name, fallback.name], dtype=object)).take(pa.array(is_filled.astype(int))),
    }
    if reasons:
        told = _reasons(model, fallback, users[row], places, is_filled, reasons)
        columns["because"] = pa.array(
            [interactions.items.take(pa.array(own)).to_pylist() for own in told], pa.list_(interactions.items.type)
        )
    return pa.table(columns)


def _reasons(
    model: Recommender, fallback: Recommender, users: Integers, places: Integers, is_filled: Flags, most: int
) -> Iterator[Integers]:
    for user, place, filled in zip(users.tolist(), places.tolist(), is_filled.tolist(), strict=True):
        yield (fallback if filled else model).because(user, place, most=most)


def _best(
    model: Recommender, users: Integers, count: int, allowed: Flags | None, fallback: Recommender | None
) -> Lists:
    scores = model.score(users)
    if allowed is not None:
        scores = np.where(allowed, scores, np.float32(-np.inf))
    places, best = _highest(scores, count, model.floor)
    silent = ~(best > model.floor)
    short = np.flatnonzero(silent.any(axis=1))
    places[silent], best[silent] = NONE, -np.inf
    is_filled = np.zeros(places.shape, dtype=bool)
    if len(short) and fallback is not None:
        more = np.array(fallback.score(users[short]), dtype=np.float32)
        if allowed is not None:
            more[~np.broadcast_to(allowed, scores.shape)[short]] = -np.inf
        row, column = np.nonzero(~silent[short])
        more[row, places[short][row, column]] = -np.inf
        others, worth = _highest(more, count, -np.inf)
        others[~np.isfinite(worth)] = NONE
        own = (~silent[short]).sum(axis=1)[:, None]
        at = np.arange(count)[None, :]
        source = np.maximum(0, at - own)  # the fallback's first stands after the model's last
        is_later = at >= own
        places[short] = np.where(is_later, np.take_along_axis(others, source, 1), places[short])
        best[short] = np.where(is_later, np.take_along_axis(worth, source, 1), best[short])
        is_filled[short] = is_later & (places[short] != NONE)
    return Lists(places=places, scores=best, is_filled=is_filled)


def _highest(scores: Scores, count: int, floor: float) -> tuple[Integers, Scores]:
    """The places of the highest of each row, the highest first; of equal ones above the floor the first."""
    if count < scores.shape[1]:
        top = np.argpartition(scores, scores.shape[1] - count, axis=1)[:, -count:]
        least = np.take_along_axis(scores, top, 1).min(axis=1)
        # Of those equal to the last, the partition keeps any: rows where more are equal are put in order whole.
        torn = np.flatnonzero(least > floor)
        torn = torn[np.count_nonzero(scores[torn] >= least[torn, None], axis=1) > count]
        top[torn] = np.argsort(-scores[torn], axis=1, kind="stable")[:, :count]
    else:
        top = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    top = np.sort(top, axis=1)
    best = np.take_along_axis(scores, top, 1)
    order = np.argsort(-best, axis=1, kind="stable")
    return np.take_along_axis(top, order, 1), np.take_along_axis(best, order, 1)


def _from_zero(places: Integers, scores: Scores) -> Any:
    """Within each row from 0 to 1, in the order of the pool where sources differ in scale."""
    finite = np.where((places != NONE) & np.isfinite(scores), scores, np.nan)
    low = np.fmin.reduce(finite, axis=1)[:, None]
    span = np.fmax.reduce(finite, axis=1)[:, None] - low
    found = np.where(np.isnan(finite), 0.0, (finite - low) / np.where(span > 0, span, 1))
    return np.minimum.accumulate(found, axis=1)
