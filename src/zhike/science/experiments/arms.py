"""What is known of an arm: how many, their means, and how they vary together. Adding two is pooling their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    import ibis.expr.types as ir

type Floats = np.ndarray[Any, np.dtype[np.float64]]

_ROUNDING = 1e-9
_NOISE = 1e-14  # of a mean: deviations that a sum of equal numbers leaves


class ExperimentInvalid(ValueError):
    """The figures of an experiment cannot be worked with."""


class EmptyArm(ExperimentInvalid):
    """An arm holds fewer than two, so that nothing can be said of how they vary."""


class OneArm(ExperimentInvalid):
    """There is nothing to compare with."""


class NotNumbers(ExperimentInvalid):
    """A value is missing, infinite or not a number. What it stands for, often 0, is the caller's decision."""


class StatisticsInvalid(ExperimentInvalid):
    """No rows can have such counts, sums and squares."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """The statistics of one arm.

    names: of the k columns. count: rows. means: k. products: k × k, the sums of the products of deviations from the
    means, which lose no digits where values are large and vary little.

    :raises StatisticsInvalid: a negative count, or squares less than their sum allows
    :raises NotNumbers: a statistic that is no number
    """

    names: tuple[str, ...]
    count: int
    means: Floats
    products: Floats

    def __post_init__(self) -> None:
        size = len(self.names)
        if self.means.shape != (size,) or self.products.shape != (size, size) or len(set(self.names)) != size:
            raise StatisticsInvalid(f"{size} columns want as many means, and products of each with each")
        if self.count < 0:
            raise StatisticsInvalid(f"a count of {self.count}")
        if not (np.isfinite(self.means).all() and np.isfinite(self.products).all()):
            raise NotNumbers("a mean or a product is no number")
        if (self.products.diagonal() < 0).any():
            raise StatisticsInvalid("a negative sum of squares")

    @classmethod
    def of_values(cls, **columns: Any) -> Self:
        """From the rows themselves, a sequence of equal length for each column."""
        if len({len(column) for column in columns.values()}) != 1:
            raise StatisticsInvalid("columns of different lengths")
        rows = np.array([np.asarray(column, dtype=np.float64) for column in columns.values()])
        if not np.isfinite(rows).all():
            raise NotNumbers("a value is missing or infinite")
        count = rows.shape[1]
        means = rows.mean(axis=1) if count else np.zeros(len(columns))
        apart = rows - means[:, None]
        return cls(names=tuple(columns), count=count, means=means, products=_settled(count, means, apart @ apart.T))

    @classmethod
    def of_sums(
        cls,
        count: int,
        sums: Mapping[str, float],
        squares: Mapping[str, float],
        cross: Mapping[tuple[str, str], float] | None = None,
    ) -> Self:
        """From plain sums, as other tools keep them; of large values that vary little, digits are lost already.

        squares: sums of squares. cross: sums of products by pairs of columns, every pair where there are several.
        """
        if count < 1:
            raise StatisticsInvalid(f"sums of {count} rows")
        names = tuple(sums)
        of_pairs = {**(cross or {}), **{(name, name): squares[name] for name in names}}
        means = np.array([sums[name] / count for name in names])
        products = np.zeros((len(names), len(names)))
        for (i, one), (j, other) in combinations_with_replacement(enumerate(names), 2):
            both = of_pairs[(one, other)] if (one, other) in of_pairs else of_pairs[(other, one)]
            products[i, j] = products[j, i] = both - count * means[i] * means[j]
        limits = np.array([squares[name] for name in names]) * _ROUNDING
        if (products.diagonal() < -limits).any():
            raise StatisticsInvalid("squares are less than their sums allow")
        np.fill_diagonal(products, np.maximum(products.diagonal(), 0))
        return cls(names=names, count=count, means=means, products=products)

    def __add__(self, other: Self) -> Self:
        """Both arms' rows as one. Source: Chan, Golub and LeVeque, Updating formulae (1979)."""
        if self.names != other.names:
            raise StatisticsInvalid(f"columns differ: {self.names}, {other.names}")
        count = self.count + other.count
        if not count:
            return self
        step = other.means - self.means
        weight = other.count / count
        return type(self)(
            names=self.names,
            count=count,
            means=self.means + step * weight,
            products=self.products + other.products + np.outer(step, step) * (self.count * weight),
        )

    @property
    def covariance(self) -> Floats:
        """Of the columns, unbiased.

        :raises EmptyArm: fewer than two rows
        """
        if self.count < 2:
            raise EmptyArm(f"an arm of {self.count}")
        return self.products / (self.count - 1)

    def mean(self, name: str) -> float:
        return float(self.means[self.place(name)])

    def variance(self, name: str) -> float:
        """Of a column, unbiased."""
        place = self.place(name)
        return float(self.covariance[place, place])

    def place(self, name: str) -> int:
        """:raises StatisticsInvalid: no such column was gathered"""
        if name not in self.names:
            raise StatisticsInvalid(f"no statistics of {name!r} were gathered")
        return self.names.index(name)


def arm_statistics(rows: ir.Table, *, arm: str, columns: Sequence[str]) -> ir.Table:
    """The statistics of every arm, in one pass.

    rows: one for each unit that was assigned, with the arm's name and numeric or boolean columns.
    Returns one row an arm: arm, row_count, incomplete_count (rows where a column is null, NaN or infinite), mean_0 …
    and, for each pair of columns by their places, covariance_0_0, covariance_0_1 … (of the population). Gathered by
    part (days, shops), parts are added by :func:`arms_of_table`.
    """
    import ibis

    values = [rows[name].cast("float64") for name in columns]
    is_complete = ibis.and_(*(value.notnull() & ~value.isnan() & ~value.isinf() for value in values))
    found = {f"mean_{place}": value.mean(where=is_complete) for place, value in enumerate(values)}
    for (i, one), (j, other) in combinations_with_replacement(enumerate(values), 2):
        together = one.var(where=is_complete, how="pop") if i == j else one.cov(other, where=is_complete, how="pop")
        found[f"covariance_{i}_{j}"] = together
    return rows.group_by(arm=rows[arm]).agg(
        row_count=is_complete.count(where=is_complete), incomplete_count=is_complete.count(where=~is_complete), **found
    )


def arms_of_table(statistics: ir.Table, *, columns: Sequence[str]) -> dict[str, Arm]:
    """The arms by name, from :func:`arm_statistics` with the same columns; rows of one arm are added.

    :raises NotNumbers: rows without an arm, or with a column that is no number
    """
    found: dict[str, list[Arm]] = {}
    for row in statistics.to_pyarrow().to_pylist():
        if row["arm"] is None:
            raise NotNumbers(f"{row['row_count']} rows belong to no arm")
        if row["incomplete_count"]:
            raise NotNumbers(f"{row['incomplete_count']} rows of {row['arm']} lack a number")
        found.setdefault(str(row["arm"]), []).append(_arm_of_row(row, columns))
    return {name: reduce(Arm.__add__, parts) for name, parts in sorted(found.items())}


def _arm_of_row(row: Mapping[str, Any], columns: Sequence[str]) -> Arm:
    products = np.zeros((len(columns), len(columns)))
    for i, j in combinations_with_replacement(range(len(columns)), 2):
        products[i, j] = products[j, i] = row[f"covariance_{i}_{j}"] * row["row_count"]
    means = np.array([row[f"mean_{place}"] for place in range(len(columns))])
    return Arm(
        names=tuple(columns),
        count=row["row_count"],
        means=means,
        products=_settled(row["row_count"], means, products),
    )


def _settled(count: int, means: Floats, products: Floats) -> Floats:
    """Without what rounding leaves of a column that is the same in all rows, and is no variation."""
    is_constant = products.diagonal() <= count * (_NOISE * means) ** 2
    return np.where(is_constant[:, None] | is_constant, 0.0, products)
