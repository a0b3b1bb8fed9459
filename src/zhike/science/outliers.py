"""Limits beyond which a value of a skewed quantity is worth a look, from what an engine says of its quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

GRID = 401  # quantiles that stand for a distribution: 0, 1/400, 2/400 … 1
FEWEST = 50  # values below which nothing is said of any of them
FAR = 3.0  # interquartile ranges: what Tukey (1977) calls far out


@dataclass(frozen=True, kw_only=True)
class Fences:
    """What lies below `low` or above `high` is far from all others. medcouple: above 0 for a long right tail."""

    low: float
    high: float
    median: float
    medcouple: float


def quantile_grid(table: ir.Table, *, value: str, by: Sequence[str] = ()) -> ir.Table:
    """The distribution of a column as its quantiles at 0, 1/400 … 1, one row for each group.

    table: any; null is left out. Returns the columns of `by`, value_count and grid (an array of float64).
    """
    known = table.filter(table[value].notnull())
    steps = [place / (GRID - 1) for place in range(GRID)]
    column = known[value].cast("float64")
    return known.group_by(list(by)).agg(value_count=known.count(), grid=column.quantile(steps))


def adjusted_fences(
    grid: Sequence[float], *, value_count: int, in_logs: bool = False, coefficient: float = FAR
) -> Fences | None:
    """The whiskers of the boxplot adjusted for skewness: [Q1 - c e^(-4 MC) IQR, Q3 + c e^(3 MC) IQR] for a medcouple
    MC of 0 and more, with 3 and 4 exchanged below 0.

    grid: of :func:`quantile_grid`. in_logs: on the scale of logarithms, on which amounts are nearly symmetric; all
    values are above 0 then. coefficient: 1.5 marks what is seldom, 3 what is far out. None where there are fewer than
    50 values, or more than half of them are the same.
    Sources: Hubert and Vandervieren, An adjusted boxplot for skewed distributions (2008); Tukey, Exploratory Data
    Analysis (1977).
    """
    if value_count < FEWEST:
        return None
    values = [log(value) for value in grid] if in_logs else [float(value) for value in grid]
    quarter = (len(values) - 1) // 4
    first, third = values[quarter], values[-1 - quarter]
    width = third - first
    if width <= 0:
        return None
    skewness = medcouple(values)
    below, above = (-4, 3) if skewness >= 0 else (-3, 4)
    low = first - coefficient * exp(below * skewness) * width
    high = third + coefficient * exp(above * skewness) * width
    middle = values[len(values) // 2]
    back = exp if in_logs else float
    return Fences(low=back(low), high=back(high), median=back(middle), medcouple=skewness)


def medcouple(values: Sequence[float]) -> float:
    """How much longer the right tail is than the left: the median of ((b - m) - (m - a)) / (b - a) over all a on the
    left and b on the right of the median m; 0 for what is symmetric.

    Takes the square of the number of values: for a few hundred quantiles that stand for millions.
    Source: Brys, Hubert and Struyf, A robust measure of skewness (2004).
    """
    ordered = sorted(values)
    middle = median(ordered)
    left = [value - middle for value in ordered if value <= middle]
    right = [value - middle for value in ordered if value >= middle]
    tied = sum(value == middle for value in ordered)
    found = [(b + a) / (b - a) for a in left for b in right if b > a]
    # Pairs of values that are the median themselves: as many say right as left.
    for i in range(tied):
        found += [float((i + j >= tied) - (i + j < tied - 1)) for j in range(tied)]
    return median(found)
