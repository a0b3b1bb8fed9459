"""Which segments can be relied on: those that come out again, and are large enough to be worked with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhike.science.propensity.inputs import Floats, Integers
from zhike.science.segments.customers import Customers, Quantities, TooFewCustomers, distinct
from zhike.science.segments.methods import Method, NoSegments, NotConverged, by_lot
from zhike.science.segments.segmentation import Segmentation, fit_segments

STABLE = 0.75  # of the adjusted Rand index: below, segments are not to be relied on
SAME = 0.02  # difference of stabilities that does not decide
MOST_COMPARED = 5_000  # customers of whom the silhouette is taken
FAILED = (NoSegments, TooFewCustomers, NotConverged)  # of one method, while another may find segments


class NoneLargeEnough(ValueError):
    """Every candidate found no segments, or but one, or one that is too small."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """stability: mean adjusted Rand index over the bootstraps, 1 if always the same, 0 if as by chance; low, high: what
    95 % of them lie within. silhouette: -1 to 1; None of qualities, or where but one segment was found."""

    segmentation: Segmentation
    stability: float
    low: float
    high: float
    silhouette: float | None
    smallest: float

    @property
    def is_stable(self) -> bool:
        return self.stability >= STABLE


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A method that found no segments, and why."""

    method: Method
    reason: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """candidates, failed: in the order of the methods. reason: why this one, in a sentence."""

    chosen: Candidate
    candidates: tuple[Candidate, ...]
    failed: tuple[Failed, ...]
    reason: str


def choose_segments(
    customers: Customers, methods: Sequence[Method], *, seed: int, rounds: int = 20, smallest: float = 0.02
) -> Choice:
    """The most stable of those whose smallest segment is large enough; of equally stable ones the higher silhouette.

    smallest: share of the customers that each segment has to have. An unstable choice says so (`is_stable`). Methods
    that find nothing, want more customers or do not settle are told as `failed`, and the others are chosen from.

    :raises NoneLargeEnough: every candidate found nothing, or has a smaller segment
    :raises FeatureConstant, MethodUnfit: as :func:`fit_segments`
    """
    candidates, failed = [], []
    for method in methods:
        try:
            candidates.append(try_segments(customers, method, seed=seed, rounds=rounds))
        except FAILED as why:
            failed.append(Failed(method=method, reason=str(why)))
    fit = [one for one in candidates if one.smallest >= smallest and len(one.segmentation) > 1]
    told = "".join(f"; {one.method.name} failed: {one.reason}" for one in failed)
    if not fit:
        raise NoneLargeEnough(
            f"in none of {len(candidates)} candidates has every segment {smallest:.1%} of the customers{told}"
        )
    most = max(one.stability for one in fit)
    equal = [one for one in fit if one.stability >= most - SAME]
    chosen = max(equal, key=lambda one: -1.0 if one.silhouette is None else one.silhouette)
    dropped = len(candidates) - len(fit)
    reason = f"{chosen.segmentation.method.name}: stability {chosen.stability:.2f}"
    reason += " is the highest" if len(equal) == 1 else f", the highest silhouette of {len(equal)} equally stable"
    reason += f"; {dropped} left out for a segment under {smallest:.1%}" if dropped else ""
    reason += "" if chosen.is_stable else f"; below {STABLE}, so not to be relied on"
    return Choice(chosen=chosen, candidates=tuple(candidates), failed=tuple(failed), reason=reason + told)


def try_segments(customers: Customers, method: Method, *, seed: int, rounds: int = 20) -> Candidate:
    """Segments, and how far they come out again from customers drawn with replacement.

    Each round groups a bootstrap sample anew and puts all customers into its segments, which are compared with the
    segments of all; where the method fails nothing came out again, and they agree as by chance.
    Sources: Hubert and Arabie (1985); Hennig, Cluster-wise assessment of cluster stability (2007); Dolnicar and Leisch
    (2010).

    :raises NoSegments, TooFewCustomers, NotConverged: as :func:`fit_segments`, of all customers
    """
    if rounds < 2:
        raise ValueError("two rounds at least")
    whole = fit_segments(customers, method=method, seed=seed)
    rows, weights = distinct(whole.preparation.transform(customers.values), customers.counts)
    labels = whole.renumbered(whole.assigner.assign(rows))
    chance = np.random.default_rng(seed)
    total = int(weights.sum())
    scores = []
    for _ in range(rounds):
        drawn = chance.multinomial(total, weights / weights.sum())
        here = drawn > 0
        try:
            again = method.fit(rows[here], drawn[here].astype(float), seed=seed)
        except FAILED:
            scores.append(0.0)
        else:
            scores.append(adjusted_rand(labels, again.assign(rows), weights))
    return Candidate(
        segmentation=whole,
        stability=float(np.mean(scores)),
        low=float(np.quantile(scores, 0.025)),
        high=float(np.quantile(scores, 0.975)),
        silhouette=_silhouette(rows, weights, labels, chance) if isinstance(customers, Quantities) else None,
        smallest=float(whole.shares.min()),
    )


def adjusted_rand(first: Integers, second: Integers, weights: Floats) -> float:
    """How far two groupings agree on who belongs together: 1 if in all, 0 if as by chance.

    Source: Hubert and Arabie, Comparing partitions (1985).
    """
    ones, which = np.unique(first, return_inverse=True)
    others, where = np.unique(second, return_inverse=True)
    cells = np.bincount(which * len(others) + where, weights, minlength=len(ones) * len(others))
    table = cells.reshape(len(ones), len(others))
    together = _pairs(table).sum()
    in_first, in_second = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    every = float(_pairs(weights.sum()))
    expected = in_first * in_second / every if every else 0.0
    most = (in_first + in_second) / 2
    return 1.0 if most == expected else float((together - expected) / (most - expected))


def _pairs(counts: Floats | np.float64) -> Floats:
    return np.asarray(counts * (counts - 1) / 2)


def _silhouette(rows: Floats, weights: Floats, labels: Integers, chance: np.random.Generator) -> float | None:
    from sklearn.metrics import silhouette_score

    customers = np.repeat(np.arange(len(rows)), by_lot(np.where(labels >= 0, weights, 0.0), MOST_COMPARED, chance))
    found = len(np.unique(labels[customers]))
    if not 2 <= found < len(customers):
        return None
    return float(silhouette_score(rows[customers], labels[customers]))
