"""Several models together, weighed by what was held back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np

from zhike.science.recommending.evaluation import TimeSplit, ndcg, time_split
from zhike.science.recommending.interactions import Integers, Interactions, Scores, calendar_day
from zhike.science.recommending.lists import list_places
from zhike.science.recommending.models import Recommender, SettingInvalid, fit_popularity

type Fit = Callable[[Interactions], Recommender]

WEIGHTS = (0.03, 0.1, 0.3, 1.0, 3.0)
MOST_JUDGES = 2_000


@dataclass(frozen=True, kw_only=True)
class Blend:
    """The sum of the models' scores, each taken from 0 to 1 within a customer's row, times its weight."""

    models: Sequence[Recommender]
    weights: Sequence[float]
    name: ClassVar[str] = "blend"
    floor: ClassVar[float] = 0.0

    def score(self, users: Integers) -> Scores:
        total: Any = 0.0
        for model, weight in zip(self.models, self.weights, strict=True):
            total = total + np.float32(weight) * scaled(model, users)
        found: Scores = total
        return found

    def because(self, user: int, item: int, *, most: int = 3) -> Integers:
        """As the model says that speaks most for it."""
        who = np.array([user])
        shares = [weight * scaled(model, who)[0, item] for model, weight in zip(self.models, self.weights, strict=True)]
        for place in np.argsort(-np.array(shares), kind="stable"):
            told: Integers = self.models[place].because(user, item, most=most)
            if len(told):
                return told
        return np.zeros(0, dtype=np.int64)


def fit_blend(interactions: Interactions, fits: Mapping[str, Fit], *, held_back_days: int = 91, seed: int = 1) -> Blend:
    """Fit each to all but the last days, weigh them by the lists that these days bear out, and fit them again to all.

    Begins with the best alone and adds, as long as nDCG@10 of what was held back grows, whichever model with whichever
    weight helps most. Two thousand customers judge, drawn by the seed, where there are more.

    :raises SettingInvalid: nothing to weigh, or a time held back that leaves nothing on one of its sides
    """
    if not fits:
        raise SettingInvalid("no models")
    last = interactions.last_day
    if not int(interactions.day.min()) <= last - held_back_days < last:
        raise SettingInvalid(f"{held_back_days} days held back of {last - int(interactions.day.min()) + 1}")
    split = time_split(interactions, cut=calendar_day(last) - timedelta(days=held_back_days))
    judges = split.users
    if len(judges) > MOST_JUDGES:
        judges = np.sort(np.random.default_rng(seed).choice(judges, MOST_JUDGES, replace=False))
    rows = {name: scaled(fit(split.train), judges) for name, fit in fits.items()}
    weights = _weigh(rows, split, judges)
    return Blend(models=[fits[name](interactions) for name in weights], weights=list(weights.values()))


def scaled(model: Recommender, users: Integers) -> Scores:
    """From 0 (says nothing, or the least) to 1 (the best of the row)."""
    scores = np.asarray(model.score(users), dtype=np.float32)
    known = np.isfinite(scores) & (scores > model.floor)
    least = 0.0 if model.floor == 0 else np.where(known, scores, np.inf).min(axis=1, initial=np.inf)[:, None]
    most = np.where(known, scores, -np.inf).max(axis=1, initial=-np.inf)[:, None]
    span = most - least
    with np.errstate(invalid="ignore"):
        found: Scores = np.where(known & (span > 0), (scores - least) / np.where(span > 0, span, 1), 0)
    return found.astype(np.float32, copy=False)


@dataclass(frozen=True, kw_only=True)
class _Given:
    """Scores that were computed before, of the judges alone."""

    rows: Scores
    name: ClassVar[str] = "given"
    floor: ClassVar[float] = 0.0

    def score(self, users: Integers) -> Scores:
        return self.rows[users]

    def because(self, user: int, item: int, *, most: int = 3) -> Integers:
        return np.zeros(0, dtype=np.int64)


def _weigh(rows: Mapping[str, Scores], split: TimeSplit, judges: Integers) -> dict[str, float]:
    sells = fit_popularity(split.train)

    def worth(total: Scores) -> float:
        lists = list_places(_Given(rows=total), np.arange(len(judges)), count=10, fallback=sells)
        return float(ndcg(lists.places, split.bought[judges]).mean())

    alone = {name: worth(own) for name, own in rows.items()}
    first = max(alone, key=alone.__getitem__)
    found, total, best = {first: 1.0}, rows[first], alone[first]
    while len(found) < len(rows):
        tried = {
            (name, weight): worth(total + np.float32(weight) * rows[name])
            for name in rows
            if name not in found
            for weight in WEIGHTS
        }
        (name, weight), value = max(tried.items(), key=lambda one: one[1])
        if value <= best:
            break
        found[name], best, total = weight, value, total + np.float32(weight) * rows[name]
    return found
