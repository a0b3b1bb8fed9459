"""What models of repeat purchases learn from: how often, how recently, for how long; equal histories counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

type Floats = np.ndarray[Any, np.dtype[np.float64]]
type Integers = np.ndarray[Any, np.dtype[np.int64]]

KEYS = ("frequency", "recency_weeks", "age_weeks")


class HistoryInvalid(ValueError):
    """The figures contradict each other: a last purchase after the end, a repeat purchase at no time."""


class NotIdentified(ValueError):
    """The data cannot tell the parameters: nobody, or nobody who bought again."""


@dataclass(frozen=True, kw_only=True)
class Histories:
    """Distinct histories, an entry each, and how many customers have each.

    frequency: repeat purchases; purchases of one day are one, the first does not count. recency: from the first to the
    last purchase, 0 where there is but one. age: from the first purchase to the end. Both in one unit of time, weeks
    where :meth:`of_table` made them.

    :raises HistoryInvalid: figures that no customer can have, or that are not numbers
    """

    frequency: Integers
    recency: Floats
    age: Floats
    customers: Integers

    def __post_init__(self) -> None:
        sizes = {len(self.frequency), len(self.recency), len(self.age), len(self.customers)}
        if len(sizes) != 1:
            raise HistoryInvalid(f"columns of different lengths: {sorted(sizes)}")
        if not (np.isfinite(self.recency).all() and np.isfinite(self.age).all()):
            raise HistoryInvalid("recency and age have to be numbers")
        if (self.frequency < 0).any() or (self.customers < 1).any():
            raise HistoryInvalid("a negative frequency, or a history of nobody")
        if (self.recency < 0).any() or (self.recency > self.age).any():
            raise HistoryInvalid("recency has to lie between 0 and age")
        if ((self.recency == 0) != (self.frequency == 0)).any():
            raise HistoryInvalid("recency is 0 for those who bought once, and for them alone")

    @classmethod
    def of_customers(cls, frequency: Any, recency: Any, age: Any) -> Self:
        """Each entry a customer; equal ones are not put together."""
        held = np.asarray(frequency, dtype=np.int64)
        if not np.array_equal(held, np.asarray(frequency, dtype=np.float64)):
            raise HistoryInvalid("frequency has to be whole numbers")
        return cls(
            frequency=held,
            recency=np.asarray(recency, dtype=np.float64),
            age=np.asarray(age, dtype=np.float64),
            customers=np.ones(len(held), dtype=np.int64),
        )

    @classmethod
    def of_table(cls, rows: ir.Table) -> Self:
        """From :func:`zhike.science.purchases.calibrated_summary`: the engine groups, so a fit costs what the distinct
        histories do. In order, so that sums and with them the fit are the same each time."""
        return cls.of_arrow(rows.group_by(*KEYS).agg(customers=rows.count()).order_by(KEYS).to_pyarrow())

    @classmethod
    def of_arrow(cls, rows: pa.Table) -> Self:
        """From frequency, recency_weeks, age_weeks and, where there are more than one of each, customers."""
        frequency, recency, age = (_numbers(rows[name]) for name in KEYS)
        counted = "customers" in rows.column_names
        return cls(
            frequency=frequency.astype(np.int64, copy=False),
            recency=recency.astype(np.float64, copy=False),
            age=age.astype(np.float64, copy=False),
            customers=_numbers(rows["customers"]) if counted else np.ones(rows.num_rows, dtype=np.int64),
        )

    @property
    def customer_count(self) -> int:
        return int(self.customers.sum())

    @property
    def purchase_count(self) -> int:
        """Repeat purchases of all customers."""
        return int(self.customers @ self.frequency)

    def check_identified(self) -> None:
        """:raises NotIdentified: there is nobody, or nobody bought again"""
        if not self.customer_count:
            raise NotIdentified("there are no customers")
        if not self.purchase_count:
            raise NotIdentified("nobody bought again")


def _numbers(column: pa.ChunkedArray) -> Any:
    return np.from_dlpack(column.combine_chunks())
