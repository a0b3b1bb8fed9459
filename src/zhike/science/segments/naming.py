"""Segments named by what sets them apart from all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhike.science.contrast import SMALL, Contrast, compare_shares, compare_values
from zhike.science.propensity.inputs import Booleans, Integers
from zhike.science.segments.customers import Customers, Quantities
from zhike.science.segments.segmentation import Segmentation

MOST_COMPARED = 5_000  # on either side
LONGEST = 2  # traits in a name, unless more are needed to tell two segments apart


@dataclass(frozen=True, kw_only=True)
class Trait:
    """level: of a quality, which; None of a quantity. The contrast is with all other customers."""

    feature: str
    level: str | None
    contrast: Contrast

    @property
    def text(self) -> str:
        if self.level is not None:
            return f"{self.feature} {self.level}" if self.contrast.effect > 0 else f"{self.feature} not {self.level}"
        return f"high {self.feature}" if self.contrast.effect > 0 else f"low {self.feature}"


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """name: of the strongest traits. traits: all, by the size of their effect. medians: of each quantity, in its own
    units; empty of qualities."""

    segment: int
    name: str
    share: float
    traits: tuple[Trait, ...]
    medians: dict[str, float]


def portray(segmentation: Segmentation, customers: Customers, *, seed: int = 0) -> list[Portrait]:
    """A portrait of each segment, largest first; names differ where any trait does, else they are numbered.

    customers: those that the segmentation was made of. Effects are those of :mod:`zhike.science.contrast`; a trait of
    less than a small effect (0.2) names nobody, and a segment without one is "average". Of more than 5,000 customers on
    a side, as many drawn by lot are compared in quantities.
    """
    labels = segmentation.labels
    counts = np.ones(len(labels), dtype=np.int64) if customers.counts is None else customers.counts
    chance = np.random.default_rng(seed)
    found = []
    for segment in range(len(segmentation)):
        own = labels == segment
        if isinstance(customers, Quantities):
            traits = _quantities(customers, own, counts, chance)
            medians = {
                name: float(np.median(np.repeat(column[own], counts[own])))
                for name, column in zip(customers.names, customers.values.T, strict=True)
            }
        else:
            traits, medians = _qualities(customers, own, counts), {}
        found.append((sorted(traits, key=lambda trait: -abs(trait.contrast.effect)), medians))
    names = _names([traits for traits, _ in found])
    return [
        Portrait(
            segment=place, name=name, share=float(segmentation.shares[place]), traits=tuple(traits), medians=medians
        )
        for place, (name, (traits, medians)) in enumerate(zip(names, found, strict=True))
    ]


def _quantities(customers: Quantities, own: Booleans, counts: Integers, chance: np.random.Generator) -> list[Trait]:
    inside = _drawn(np.flatnonzero(own), counts, chance)
    outside = _drawn(np.flatnonzero(~own), counts, chance)
    if len(inside) < 2 or len(outside) < 2:
        return []
    return [
        Trait(feature=name, level=None, contrast=compare_values(column[inside].tolist(), column[outside].tolist()))
        for name, column in zip(customers.names, customers.values.T, strict=True)
    ]


def _qualities(customers: Customers, own: Booleans, counts: Integers) -> list[Trait]:
    inside, outside = int(counts[own].sum()), int(counts[~own].sum())
    if not inside or not outside:
        return []
    traits = []
    for name, column in zip(customers.names, customers.values.T, strict=True):
        for level in sorted({value for value in column if value is not None}, key=str):
            has = np.array([value == level for value in column])
            one, other = int(counts[own & has].sum()), int(counts[~own & has].sum())
            contrast = compare_shares(one, inside, other, outside)
            traits.append(Trait(feature=name, level=str(level), contrast=contrast))
    return traits


def _drawn(places: Integers, counts: Integers, chance: np.random.Generator) -> Integers:
    every = np.repeat(places, counts[places])
    return every if len(every) <= MOST_COMPARED else chance.choice(every, MOST_COMPARED, replace=False)


def _names(traits: list[list[Trait]]) -> list[str]:
    telling = [[trait.text for trait in own if abs(trait.contrast.effect) >= SMALL] for own in traits]
    lengths = [min(LONGEST, len(own)) for own in telling]

    def told() -> list[str]:
        return [", ".join(own[:length]) or "average" for own, length in zip(telling, lengths, strict=True)]

    while True:
        names = told()
        longer = [
            place for place, name in enumerate(names) if names.count(name) > 1 and lengths[place] < len(telling[place])
        ]
        if not longer:
            break
        for place in longer:
            lengths[place] += 1
    return [
        name if names.count(name) == 1 else f"{name} ({names[: place + 1].count(name)})"
        for place, name in enumerate(names)
    ]
