"""How long customers stay, from counts by duration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from zhike.science.propensity.inputs import Floats, InputsInvalid, Integers
from zhike.science.propensity.performance import Z

if TYPE_CHECKING:
    import ibis.expr.types as ir


ROUNDING = 1e-9  # of a share that is a product of many


class DurationInvalid(ValueError):
    """A duration that is negative or no number, an end that is neither 0 nor 1, or nobody at all."""


@dataclass(frozen=True, kw_only=True)
class Durations:
    """Distinct durations, ascending, with how many customers left at each and how many were still there when last seen.

    :raises DurationInvalid: negative or unordered durations, negative counts, or nobody
    """

    duration: Floats
    left: Integers
    still_there: Integers

    def __post_init__(self) -> None:
        if not len(self.duration) == len(self.left) == len(self.still_there):
            raise DurationInvalid("columns of different lengths")
        if not len(self.duration) or not (self.left.sum() + self.still_there.sum()):
            raise DurationInvalid("there is nobody")
        if not np.isfinite(self.duration).all() or (self.duration < 0).any() or (np.diff(self.duration) <= 0).any():
            raise DurationInvalid("durations have to be numbers from 0 on, ascending")
        if (self.left < 0).any() or (self.still_there < 0).any():
            raise DurationInvalid("a negative count")

    @classmethod
    def of_customers(cls, duration: Any, left: Any) -> Self:
        """Each entry a customer. left: 1 if they left at that duration, 0 if they were there still.

        :raises DurationInvalid: a duration is negative or missing, or an end neither 0 nor 1
        """
        durations, ends = check_durations(duration, left)
        places, which = np.unique(durations, return_inverse=True)
        gone = np.bincount(which, ends, minlength=len(places)).astype(np.int64)
        return cls(duration=places, left=gone, still_there=np.bincount(which, minlength=len(places)) - gone)

    @classmethod
    def of_table(cls, rows: ir.Table) -> Self:
        """From a table with duration and left (0 or 1) of each customer; the engine counts.

        :raises DurationInvalid: a duration is negative or missing, or an end neither 0 nor 1
        """
        counted = rows.group_by("duration", "left").agg(customers=rows.count()).order_by("duration").to_pyarrow()
        told = counted.to_pydict()
        durations, ends = check_durations(told["duration"], told["left"])
        places, which = np.unique(durations, return_inverse=True)
        customers = np.asarray(told["customers"], dtype=np.int64)
        gone = np.bincount(which, customers * ends, minlength=len(places)).astype(np.int64)
        every = np.bincount(which, customers, minlength=len(places)).astype(np.int64)
        return cls(duration=places, left=gone, still_there=every - gone)

    @property
    def at_risk(self) -> Integers:
        """Customers who were there up to each duration; those who left or were last seen at it are among them."""
        every = self.left + self.still_there
        return np.asarray(np.cumsum(every[::-1])[::-1])


def check_durations(duration: Any, left: Any) -> tuple[Floats, Integers]:
    """
    :raises DurationInvalid: a duration is negative or missing, or an end neither 0 nor 1
    """
    durations, ends = (np.array([np.nan if each is None else float(each) for each in one]) for one in (duration, left))
    if len(durations) != len(ends):
        raise DurationInvalid("a duration and an end of each customer")
    if not np.isfinite(durations).all() or (durations < 0).any():
        raise DurationInvalid("a duration is negative or missing")
    if not np.isin(ends, (0, 1)).all():
        raise DurationInvalid("an end is 0 or 1")
    return durations, ends.astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Survival:
    """How many are still there after each duration, with 95 % intervals."""

    duration: Floats
    share: Floats
    low: Floats
    high: Floats
    at_risk: Integers

    def at(self, duration: float) -> float:
        """The share still there after that long: 1 before the first end; after the last duration seen, what it was."""
        place = int(np.searchsorted(self.duration, duration, side="right"))
        return 1.0 if not place else float(self.share[place - 1])

    @property
    def median(self) -> float | None:
        """After how long half of them have left; None if fewer have."""
        gone = np.flatnonzero(self.share <= 0.5 + ROUNDING)
        return float(self.duration[gone[0]]) if len(gone) else None


def kaplan_meier(durations: Durations) -> Survival:
    """The product-limit estimate, with intervals on the log-log scale by Greenwood's variance.

    Where everybody left at once, or nobody yet, the interval is the share itself.
    Sources: Kaplan and Meier (1958); Greenwood (1926); Kalbfleisch and Prentice (1980).
    """
    risk, left = durations.at_risk.astype(float), durations.left.astype(float)
    share = np.cumprod(1 - left / risk)
    remaining = np.where(risk > left, risk - left, np.inf)
    variance = np.cumsum(left / (risk * remaining))
    inner = (share > 0) & (share < 1)
    safe = np.where(inner, share, 0.5)
    logs = np.log(safe)
    half = Z * np.sqrt(variance) / np.abs(logs)
    return Survival(
        duration=durations.duration,
        share=share,
        low=np.where(inner, safe ** np.exp(half), share),
        high=np.where(inner, safe ** np.exp(-half), share),
        at_risk=durations.at_risk,
    )


def concordance(risk: Floats, duration: Floats, left: Integers) -> float:
    """Harrell's c: of all pairs of which it is known who left first, how often the riskier did; ties count half.

    Who left at the same time as somebody was last seen left before; of two who left at once nothing is known. Takes
    n log n steps.
    Source: Harrell and others, Evaluating the yield of medical tests (1982).

    :raises DurationInvalid: no pair can be compared, a duration is negative or missing, or an end neither 0 nor 1
    :raises InputsInvalid: a risk is missing
    """
    durations, ends = check_durations(duration, left)
    if len(risk) != len(ends) or np.isnan(risk).any():
        raise InputsInvalid("a risk of each customer")
    order = 2 * np.unique(durations, return_inverse=True)[1] + (ends == 0)
    last_first = np.argsort(-order, kind="stable")
    ranks = np.unique(risk, return_inverse=True)[1]
    gone = ends == 1
    later = len(order) - np.searchsorted(np.sort(order), order[gone], side="right")
    comparable = float(later.sum())
    if not comparable:
        raise DurationInvalid("of no two customers it is known who left first")
    below, alike = _count_below(ranks[last_first], later, ranks[gone])
    return (float(below.sum()) + 0.5 * float(alike.sum())) / comparable


def _count_below(values: Integers, first: Integers, asked: Integers) -> tuple[Integers, Integers]:
    """How many of the first so many values are below what is asked, and how many are it; values from 0 on.

    Values are parted by one bit after the other, the highest first, and with them the place up to which is asked.
    Source: Claude, Navarro and Ordóñez, The wavelet matrix (2015).
    """
    below = np.zeros(len(asked), np.int64)
    start, end = np.zeros(len(asked), np.int64), first
    for bit in reversed(range(int(values.max()).bit_length())):
        is_one = (values >> bit & 1).astype(bool)
        zeros = np.concatenate([[0], np.cumsum(~is_one)])
        high = (asked >> bit & 1).astype(bool)
        from_zero, to_zero = zeros[start], zeros[end]
        below += np.where(high, to_zero - from_zero, 0)
        start = np.where(high, zeros[-1] + start - from_zero, from_zero)
        end = np.where(high, zeros[-1] + end - to_zero, to_zero)
        values = np.concatenate([values[~is_one], values[is_one]])
    return below, end - start
