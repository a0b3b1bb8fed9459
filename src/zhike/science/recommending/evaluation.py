"""How good lists are: judged by what their customers bought afterwards, never by a random part of the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from zhike.science.recommending.interactions import EPOCH, Integers, Interactions, NothingBought
from zhike.science.recommending.lists import NONE, list_places
from zhike.science.recommending.models import Recommender, SettingInvalid, fit_popularity
from zhike.science.recommending.rules import Rule

if TYPE_CHECKING:
    import pyarrow as pa

type Floats = np.ndarray[Any, np.dtype[np.float64]]

MEASURES = ("ndcg", "precision", "recall", "map", "hit_rate")


@dataclass(frozen=True, kw_only=True)
class TimeSplit:
    """train: up to the cut. bought: customers by products, 1 where bought after it. users: who bought on both sides.
    newcomers: who bought after it only; nobody can tell lists for them from purchases."""

    train: Interactions
    bought: sparse.csr_matrix
    users: Integers
    newcomers: int


def time_split(
    interactions: Interactions, *, cut: date, until: date | None = None, is_new_only: bool = False
) -> TimeSplit:
    """cut: the last day to learn from. until: the last day to judge by; None: all after the cut.

    What is bought again counts, unless is_new_only: then lists are judged by products new to their customer, and should
    be made with the rule :func:`zhike.science.recommending.rules.not_bought_lately`. What nobody had bought before the
    cut counts too, which no list from purchases can hold: recall is the lower for it.

    :raises NothingBought: nobody bought on both sides
    """
    train = interactions.until(cut)
    later = interactions.day > (cut - EPOCH).days
    if until is not None:
        later &= interactions.day <= (until - EPOCH).days
    after = Interactions(
        users=interactions.users,
        items=interactions.items,
        user=interactions.user[later],
        item=interactions.item[later],
        day=interactions.day[later],
    )
    if not len(train.user) or not len(after.user):
        raise NothingBought(f"nothing was bought before or after {cut}")
    bought = after.held
    if is_new_only:
        bought = sparse.csr_matrix(bought - bought.multiply(train.held))
        bought.eliminate_zeros()
    before, since = np.diff(train.held.indptr) > 0, np.diff(bought.indptr) > 0
    users = np.flatnonzero(before & since)
    if not len(users):
        raise NothingBought(f"nobody bought before and after {cut}")
    return TimeSplit(train=train, bought=bought, users=users, newcomers=int((since & ~before).sum()))


def evaluate(
    models: Mapping[str, Recommender] | Sequence[Recommender],
    split: TimeSplit,
    *,
    count: int = 10,
    rules: Sequence[Rule] = (),
    draws: int = 1_000,
    seed: int = 1,
) -> pa.Table:
    """One table for all models, the best first.

    Returns model; ndcg, precision, recall, map and hit_rate, means over the customers of the split at that length of
    the list; each with _low and _high, a 95 % percentile interval from draws of customers with replacement;
    coverage (of all products, those in some list); behind, behind_low and behind_high: how much nDCG is below the best
    model's, over the same draws (an interval above 0: not by chance); customers.

    Where a model says nothing, its list goes on with what sells, for all models alike. nDCG has gains of 0 and 1;
    average precision is divided by the products bought, at most the length of the list.

    :raises SettingInvalid: no models, no draws
    """
    import pyarrow as pa

    named = models if isinstance(models, Mapping) else {model.name: model for model in models}
    if not named or draws < 1:
        raise SettingInvalid(f"{len(named)} models, {draws} draws")
    sells = fit_popularity(split.train)
    bought = split.bought[split.users]
    values, coverage = {}, {}
    for name, model in named.items():
        lists = list_places(model, split.users, count=count, rules=rules, fallback=sells)
        values[name] = list_measures(lists.places, bought)
        coverage[name] = len(np.unique(lists.places[lists.places != NONE])) / len(split.train.items)
    order = sorted(named, key=lambda name: -float(values[name][:, 0].mean()))
    size, dice = len(split.users), np.random.default_rng(seed)
    drawn = {name: np.empty((draws, len(MEASURES))) for name in order}
    for place in range(draws):  # one after the other: all weights at once would be as many as customers times draws
        weights = dice.multinomial(size, np.full(size, 1 / size)) / size
        for name in order:
            drawn[name][place] = weights @ values[name]
    best = order[0]
    rows = []
    for name in order:
        behind = drawn[best][:, 0] - drawn[name][:, 0]
        row: dict[str, Any] = {"model": name}
        for place, measure in enumerate(MEASURES):
            low, high = np.quantile(drawn[name][:, place], [0.025, 0.975])
            row |= {measure: values[name][:, place].mean(), f"{measure}_low": low, f"{measure}_high": high}
        low, high = np.quantile(behind, [0.025, 0.975])
        told = values[best][:, 0].mean() - values[name][:, 0].mean()
        row |= {"coverage": coverage[name], "behind": told, "behind_low": low, "behind_high": high}
        rows.append({key: one if isinstance(one, str) else float(one) for key, one in row.items()})
    return pa.Table.from_pylist([{**row, "customers": size} for row in rows])


def list_measures(places: Integers, bought: sparse.csr_matrix) -> Floats:
    """Of each list nDCG, precision, recall, average precision and whether it holds anything that was bought.

    places: products, the best first (-1: none). bought: a row a list, 1 where bought.
    """
    hits = _hits(places, bought)
    count = places.shape[1]
    total = np.maximum(1, np.diff(bought.indptr))
    ranks = np.arange(1, count + 1)
    average = (hits * np.cumsum(hits, axis=1) / ranks).sum(axis=1) / np.minimum(total, count)
    return np.column_stack(
        [ndcg(places, bought), hits.mean(axis=1), hits.sum(axis=1) / total, average, hits.any(axis=1)]
    )


def ndcg(places: Integers, bought: sparse.csr_matrix) -> Floats:
    """Normalised discounted cumulative gain of each list. Source: Järvelin and Kekäläinen (2002)."""
    hits = _hits(places, bought)
    discount = 1 / np.log2(np.arange(2, places.shape[1] + 2))
    ideal = np.cumsum(discount)[np.clip(np.diff(bought.indptr), 1, places.shape[1]) - 1]
    found: Floats = hits @ discount / ideal
    return found


def _hits(places: Integers, bought: sparse.csr_matrix) -> Floats:
    rows = np.repeat(np.arange(len(places)), places.shape[1])
    found = np.asarray(bought[rows, np.maximum(places, 0).ravel()]).reshape(places.shape) > 0
    hits: Floats = (found & (places != NONE)).astype(np.float64)
    return hits
