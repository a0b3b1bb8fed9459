"""Segments of customers, and who belongs to which, also of customers who come later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zhike.science.propensity.inputs import Booleans, Floats, Integers
from zhike.science.segments.customers import UNKNOWN, Customers, Levels, Preparation, distinct
from zhike.science.segments.methods import Assigner, Method, NoSegments

NONE = -1  # in no segment
NEAR = 0.999  # share of a segment's members that are near


class MethodUnfit(ValueError):
    """A method cannot group such features: places of names have no distance, and quantities no levels."""


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """segment: 0 for the largest, 1, …; -1 for none. is_far: farther from the middle of the segment than 99.9 % of
    those it was made of (all, of fewer than a thousand), or in none, or of a quality that was not known then."""

    segment: Integers
    is_far: Booleans


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """shares: of the customers it was made of, largest first; what is missing from 1 is in no segment.

    labels: a segment for each row of them. middles, reach: in the units of the preparation.
    """

    names: tuple[str, ...]
    method: Method
    preparation: Preparation
    assigner: Assigner
    order: Integers
    middles: Floats
    reach: Floats
    shares: Floats
    labels: Integers

    def __len__(self) -> int:
        return len(self.shares)

    def assign(self, values: Any) -> Assigned:
        """Of customers, new or old, by the same scaling; a row each, the columns as at fitting.

        :raises FeaturesInvalid: a value is missing or cannot be taken
        """
        rows = self.preparation.transform(values)
        segment = self.renumbered(self.assigner.assign(rows))
        gone = np.linalg.norm(rows - self.middles[segment], axis=1)
        is_far = (segment == NONE) | (gone > self.reach[segment] * (1 + 1e-9))
        if isinstance(self.preparation, Levels):
            is_far |= (rows == UNKNOWN).any(axis=1)
        return Assigned(segment=segment, is_far=is_far)

    def renumbered(self, labels: Integers) -> Integers:
        """Labels of the method as segments by size; those that nobody was in are none."""
        return np.where(labels >= 0, self.order[labels], NONE)


def fit_segments(customers: Customers, *, method: Method, seed: int) -> Segmentation:
    """Group customers by a method.

    Neither the order of the customers nor whether equal ones are told one by one or counted makes a difference.

    :raises FeatureConstant: a feature is the same for everybody
    :raises TooFewCustomers: there are fewer different customers than segments
    :raises NotConverged: the method did not settle
    :raises NoSegments: nobody belongs anywhere
    :raises MethodUnfit: the method takes qualities and these are quantities, or the other way round
    """
    preparation = customers.preparation()
    if method.takes_qualities != isinstance(preparation, Levels):
        raise MethodUnfit(f"{method.name} takes {'qualities' if method.takes_qualities else 'quantities'}")
    every = preparation.transform(customers.values)
    rows, weights = distinct(every, customers.counts)
    assigner = method.fit(rows, weights, seed=seed)
    found = assigner.assign(rows)
    if (found < 0).all():
        raise NoSegments("nobody is in a segment")
    sizes = np.bincount(found[found >= 0], weights[found >= 0])
    largest_first = np.argsort(-sizes, kind="stable")
    largest_first = largest_first[sizes[largest_first] > 0]
    order = np.full(max(len(sizes), int(found.max()) + 1, _most(method)), NONE)
    order[largest_first] = np.arange(len(largest_first))
    members = [found == label for label in largest_first]
    middles = np.array([np.average(rows[own], axis=0, weights=weights[own]) for own in members])
    reach = [
        _reach(np.linalg.norm(rows[own] - middle, axis=1), weights[own])
        for own, middle in zip(members, middles, strict=True)
    ]
    labels = assigner.assign(every)
    return Segmentation(
        names=customers.names,
        method=method,
        preparation=preparation,
        assigner=assigner,
        order=order,
        middles=middles,
        reach=np.array(reach),
        shares=sizes[largest_first] / weights.sum(),
        labels=np.where(labels >= 0, order[labels], NONE),
    )


def _most(method: Method) -> int:
    return int(getattr(method, "segments", 0))


def _reach(distances: Floats, weights: Floats) -> float:
    """The least distance within which so many are."""
    by_distance = np.argsort(distances, kind="stable")
    within = np.cumsum(weights[by_distance]) / weights.sum()
    return float(distances[by_distance[min(int(np.searchsorted(within, NEAR)), len(within) - 1)]])
