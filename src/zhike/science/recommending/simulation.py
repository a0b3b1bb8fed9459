"""A company with a long tail: few products sell much, most sell little, customers have tastes and buy again."""

from __future__ import annotations

import numpy as np

from zhike.science.recommending.interactions import Interactions

_TASTES = 50


def simulate_interactions(
    customers: int, products: int, *, mean_purchases: float = 15.0, days: int = 365, seed: int = 1
) -> Interactions:
    """Products fall into fifty tastes, and within each they sell by Zipf's law; each customer has two tastes, from
    which seven purchases of ten come. A fifth of the purchases are of something bought before; ids are numbers from 1.

    mean_purchases: of a customer; their numbers are geometric. Days count from 1970.
    """
    import pyarrow as pa

    dice = np.random.default_rng(seed)
    counts = dice.geometric(1 / mean_purchases, customers)
    user = np.repeat(np.arange(customers), counts)
    size = len(user)
    tastes = min(_TASTES, products)
    of_user = dice.integers(0, tastes, (customers, 2))
    taste = np.where(dice.random(size) < 0.7, of_user[user, dice.integers(0, 2, size)], dice.integers(0, tastes, size))
    width = products // tastes
    ranks = 1 / np.arange(1, width + 1)
    within = np.searchsorted(np.cumsum(ranks / ranks.sum()), dice.random(size))
    item = np.minimum(within, width - 1) * tastes + taste
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    earlier = starts[user] + (dice.random(size) * (np.arange(size) - starts[user])).astype(np.int64)
    again = dice.random(size) < 0.2
    item[again] = item[earlier[again]]
    day = np.sort(dice.integers(0, days, size))[np.argsort(dice.random(size), kind="stable")]
    ids = [pa.array(np.arange(1, count + 1)) for count in (customers, products)]
    return Interactions.of_codes(ids[0], ids[1], user, item.astype(np.int64), day.astype(np.int64))
