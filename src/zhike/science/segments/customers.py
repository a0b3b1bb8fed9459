"""What customers are grouped by: quantities on one scale, or qualities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from zhike.science.propensity.inputs import Booleans, Floats, Integers

if TYPE_CHECKING:
    import pyarrow as pa


MISSING, UNKNOWN = -1, -2  # places of qualities
ROUNDING = 1e-12  # of the largest value: sums in another order differ by that, and customers do not


class FeaturesInvalid(ValueError):
    """A value is missing, endless, or below 0 where logarithms are taken; or columns do not fit together."""


class FeatureConstant(ValueError):
    """A feature is the same for everybody, so it tells nobody apart."""


class TooFewCustomers(ValueError):
    """There are fewer customers who differ than segments asked for."""


class Preparation(Protocol):
    """From features as they are told to rows of numbers that methods take."""

    def transform(self, values: Any) -> Floats:
        """A row for each customer.

        :raises FeaturesInvalid: a value is missing or cannot be taken
        """
        ...


class Customers(Protocol):
    """Features of customers: names of the columns, a row for each, and how many customers each row stands for."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> Any: ...
    @property
    def counts(self) -> Integers | None: ...
    def preparation(self) -> Preparation: ...


@dataclass(frozen=True, kw_only=True)
class Quantities:
    """Numbers, a row for each customer; log1p of them is standardised, or they themselves where not `is_logged`.

    counts: how many customers each row stands for, one each if not given.

    :raises FeaturesInvalid: a value is missing, endless, or below 0 where logarithms are taken
    """

    names: tuple[str, ...]
    values: Floats
    counts: Integers | None = None
    is_logged: bool = True

    def __post_init__(self) -> None:
        _check_shape(self.names, self.values, self.counts)
        _check_numbers(self.names, self.values, is_logged=self.is_logged)

    @classmethod
    def of_arrow(cls, rows: pa.Table, *, names: Sequence[str], is_logged: bool = True) -> Self:
        """From columns of numbers or decimals; customers, where there is such a column, says how many a row is of.

        :raises FeaturesInvalid: a value is missing, endless, or below 0 where logarithms are taken
        """
        columns = [np.array([np.nan if v is None else float(v) for v in rows[name].to_pylist()]) for name in names]
        counted = "customers" in rows.column_names
        return cls(
            names=tuple(names),
            values=np.column_stack(columns),
            counts=np.asarray(rows["customers"].to_pylist(), dtype=np.int64) if counted else None,
            is_logged=is_logged,
        )

    def preparation(self) -> Scaling:
        """
        :raises FeatureConstant: a feature is the same for everybody
        """
        rows = np.log1p(self.values) if self.is_logged else self.values
        constant = [
            name
            for name, column in zip(self.names, rows.T, strict=True)
            if np.ptp(column) <= ROUNDING * float(np.abs(column).max())
        ]
        if constant:
            raise FeatureConstant(f"the same for everybody: {', '.join(constant)}")
        mean = np.average(rows, axis=0, weights=self.counts)
        deviation = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=self.counts))
        return Scaling(names=self.names, mean=mean, deviation=deviation, is_logged=self.is_logged)


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Standardised as the customers were who were grouped."""

    names: tuple[str, ...]
    mean: Floats
    deviation: Floats
    is_logged: bool

    def transform(self, values: Any) -> Floats:
        numbers = np.asarray(values, dtype=np.float64)
        _check_shape(self.names, numbers, None)
        _check_numbers(self.names, numbers, is_logged=self.is_logged)
        logged = np.log1p(numbers) if self.is_logged else numbers
        return np.asarray((logged - self.mean) / self.deviation)


@dataclass(frozen=True, kw_only=True)
class Qualities:
    """Names or other values that are told apart and not measured, a row for each customer. None is missing.

    :raises FeaturesInvalid: the shapes differ
    """

    names: tuple[str, ...]
    values: np.ndarray[Any, np.dtype[np.object_]]
    counts: Integers | None = None

    def __post_init__(self) -> None:
        _check_shape(self.names, self.values, self.counts)

    @classmethod
    def of_arrow(cls, rows: pa.Table, *, names: Sequence[str]) -> Self:
        """From columns of any kind; customers, where there is such a column, says how many a row is of."""
        values = np.empty((rows.num_rows, len(names)), dtype=object)
        for place, name in enumerate(names):
            values[:, place] = rows[name].to_pylist()
        counted = "customers" in rows.column_names
        counts = np.asarray(rows["customers"].to_pylist(), dtype=np.int64) if counted else None
        return cls(names=tuple(names), values=values, counts=counts)

    def preparation(self) -> Levels:
        """
        :raises FeatureConstant: a feature is the same for everybody
        """
        levels = tuple(tuple(sorted({v for v in column if v is not None}, key=str)) for column in self.values.T)
        if constant := [name for name, known in zip(self.names, levels, strict=True) if len(known) < 2]:
            raise FeatureConstant(f"the same for everybody: {', '.join(constant)}")
        return Levels(names=self.names, levels=levels)


@dataclass(frozen=True, kw_only=True)
class Levels:
    """The place of each value among those that were known; -1 for what is missing, -2 for what was not known."""

    names: tuple[str, ...]
    levels: tuple[tuple[Any, ...], ...]

    def transform(self, values: Any) -> Floats:
        told = np.asarray(values, dtype=object)
        _check_shape(self.names, told, None)
        rows = np.empty(told.shape)
        for column, known in enumerate(self.levels):
            places = {None: MISSING} | {value: place for place, value in enumerate(known)}
            rows[:, column] = [places.get(value, UNKNOWN) for value in told[:, column]]
        return rows


def distinct(rows: Floats, counts: Integers | None) -> tuple[Floats, Floats]:
    """Rows that differ, in their order, with how many customers each is of: so neither the order in which customers
    are told nor whether equal ones are told one by one makes a difference."""
    found, which = np.unique(rows, axis=0, return_inverse=True)
    weights = None if counts is None else counts.astype(float)
    return found, np.bincount(which.ravel(), weights, minlength=len(found)).astype(float)


def _check_shape(names: tuple[str, ...], values: Any, counts: Integers | None) -> None:
    if values.ndim != 2 or values.shape[1] != len(names) or not names:
        raise FeaturesInvalid(f"{len(names)} names for values of the shape {values.shape}")
    if not len(values):
        raise TooFewCustomers("there is nobody")
    if counts is not None and (len(counts) != len(values) or (counts < 1).any()):
        raise FeaturesInvalid("how many customers each row is of: a number from 1 on for each")


def _check_numbers(names: tuple[str, ...], values: Floats, *, is_logged: bool) -> None:
    def named(bad: Booleans) -> str:
        return ", ".join(name for name, column in zip(names, bad.T, strict=True) if column.any())

    if wrong := named(~np.isfinite(values)):
        raise FeaturesInvalid(f"missing or endless: {wrong}")
    if is_logged and (wrong := named(values < 0)):
        raise FeaturesInvalid(f"below 0, of which there is no logarithm here: {wrong}")
