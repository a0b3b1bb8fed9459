"""Whether a propensity treats groups alike: how many are chosen, who is missed, whether probabilities hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhike.science.contrast import compare_shares
from zhike.science.propensity.inputs import Floats, Integers
from zhike.science.propensity.performance import ProbabilityInvalid, Z

FEWEST = 30  # customers in a group whose figures are told
FOUR_FIFTHS = 0.8


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The group's share less that of the reference, with its 95 % interval (Newcombe)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class GroupFairness:
    """customers, happened: how many. chosen_rate: of all. found_rate: of those to whom it happened, chosen (TPR).
    disturbed_rate: of the others, chosen (FPR). None: nobody of that kind. calibration: the rate at which it happened
    less the mean probability, with its 95 % interval.

    The gaps are to the reference; None for the reference itself and where either has nobody of that kind.
    chosen_ratio: chosen_rate over that of the reference; below four fifths it is commonly held to be disparate.
    """

    group: str
    customers: int
    happened: int
    chosen_rate: float
    found_rate: float | None
    disturbed_rate: float | None
    calibration: Gap
    chosen_gap: Gap | None
    found_gap: Gap | None
    disturbed_gap: Gap | None
    calibration_gap: Gap | None
    chosen_ratio: float | None

    @property
    def is_disparate(self) -> bool:
        return self.chosen_ratio is not None and self.chosen_ratio < FOUR_FIFTHS


@dataclass(frozen=True, kw_only=True)
class _Counts:
    customers: int
    happened: int
    chosen: int
    found: int
    residual: float
    spread: float

    @property
    def disturbed(self) -> int:
        return self.chosen - self.found


def fairness(
    probability: Floats,
    happened: Integers,
    group: Sequence[str | None],
    *,
    threshold: float,
    reference: str | None = None,
) -> list[GroupFairness]:
    """A row for each protected group, the largest first; those of whom the group is not known are one, named "".

    threshold: customers with at least that probability are chosen. reference: the group that the others are compared
    with; without it the largest. Groups of fewer than thirty are left out.
    Sources: Hardt, Price and Srebro, Equality of opportunity in supervised learning (2016); Newcombe (1998); 29 CFR
    1607.4(D) for the four fifths.

    :raises ProbabilityInvalid: a probability is none, or there are more groups, labels or probabilities than others
    :raises ValueError: there is no group of thirty, or none of the reference's name
    """
    if not len(probability) == len(happened) == len(group):
        raise ProbabilityInvalid("a probability, a label and a group of each customer")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ProbabilityInvalid("a probability lies between 0 and 1")
    names = np.array([name or "" for name in group])
    told = {str(name): _count(probability, happened, names == name, threshold) for name in np.unique(names)}
    told = {name: counts for name, counts in told.items() if counts.customers >= FEWEST}
    order = sorted(told, key=lambda name: (-told[name].customers, name))
    if not order or (reference is not None and reference not in told):
        raise ValueError(f"no group of {FEWEST} customers" + (f" named {reference}" if reference else ""))
    against = reference if reference is not None else order[0]
    return [_row(name, told[name], None if name == against else told[against]) for name in order]


def _count(probability: Floats, happened: Integers, held: Floats, threshold: float) -> _Counts:
    chosen, met = probability[held] >= threshold, happened[held]
    residual = met - probability[held]
    return _Counts(
        customers=int(held.sum()),
        happened=int(met.sum()),
        chosen=int(chosen.sum()),
        found=int((chosen & (met == 1)).sum()),
        residual=float(residual.mean()),
        spread=float(residual.var() / len(met)),
    )


def _row(name: str, own: _Counts, other: _Counts | None) -> GroupFairness:
    others = own.customers - own.happened
    chosen_gap = found_gap = disturbed_gap = calibration_gap = ratio = None
    if other is not None:
        chosen_gap = _gap(own.chosen, own.customers, other.chosen, other.customers)
        found_gap = _gap(own.found, own.happened, other.found, other.happened)
        disturbed_gap = _gap(own.disturbed, others, other.disturbed, other.customers - other.happened)
        calibration_gap = _normal(own.residual - other.residual, own.spread + other.spread)
        if other.chosen:
            ratio = own.chosen / own.customers / (other.chosen / other.customers)
    return GroupFairness(
        group=name,
        customers=own.customers,
        happened=own.happened,
        chosen_rate=own.chosen / own.customers,
        found_rate=own.found / own.happened if own.happened else None,
        disturbed_rate=own.disturbed / others if others else None,
        calibration=_normal(own.residual, own.spread),
        chosen_gap=chosen_gap,
        found_gap=found_gap,
        disturbed_gap=disturbed_gap,
        calibration_gap=calibration_gap,
        chosen_ratio=ratio,
    )


def _gap(first: int, first_count: int, second: int, second_count: int) -> Gap | None:
    if not first_count or not second_count:
        return None
    found = compare_shares(first, first_count, second, second_count)
    return Gap(value=found.delta, low=found.low, high=found.high)


def _normal(value: float, variance: float) -> Gap:
    half = Z * variance**0.5
    return Gap(value=value, low=value - half, high=value + half)
