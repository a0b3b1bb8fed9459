"""Demand by day, week or month, without gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

from zhike.science.propensity.inputs import Floats

if TYPE_CHECKING:
    import ibis.expr.types as ir

type Unit = Literal["day", "week", "month"]

SEASON: dict[Unit, int] = {"day": 7, "week": 52, "month": 12}
MEASURES = ("order_count", "amount", "customer_count")


class SeriesInvalid(ValueError):
    """Values that are missing or endless, a start that begins no period, or nobody's orders."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """A value for each day, week (from Monday) or month from `start` on.

    :raises SeriesInvalid: a value is missing or endless, or `start` begins no such period
    """

    start: date
    unit: Unit
    values: Floats

    def __post_init__(self) -> None:
        if self.unit not in SEASON or _first_day(self.start, self.unit) != self.start:
            raise SeriesInvalid(f"{self.start} begins no {self.unit}")
        if self.values.ndim != 1 or not np.isfinite(self.values).all():
            raise SeriesInvalid("a value is missing or endless")

    def __len__(self) -> int:
        return len(self.values)

    def until(self, count: int) -> Series:
        return Series(start=self.start, unit=self.unit, values=self.values[:count])


def period_starts(start: date, unit: Unit, count: int) -> list[date]:
    """The first days of so many periods, and of the one after them."""
    days = [start]
    for _ in range(count):
        days.append(_next(days[-1], unit))
    return days


def demand(orders: ir.Table, *, unit: Unit, by: str | None = None) -> ir.Table:
    """Orders, revenue and customers of each period in which there was an order.

    orders: customer_id, placed_on, amount (refunds negative) and, where it is named, `by`, such as a segment.
    Returns period (its first day), `by`, order_count (without refunds), amount and customer_count (who ordered).
    """
    told = orders.mutate(period=orders.placed_on.truncate({"day": "D", "week": "W", "month": "M"}[unit]).cast("date"))
    is_order = told.amount >= 0
    return told.group_by("period", *([by] if by else [])).agg(
        order_count=told.amount.count(where=is_order),
        amount=told.amount.sum(),
        customer_count=told.customer_id.nunique(where=is_order),
    )


def series_of(rows: ir.Table, *, measure: str, unit: Unit, as_of: date, by: str | None = None) -> dict[str, Series]:
    """One series of each segment, or one named "all"; 0 where nothing was ordered.

    rows: of :func:`demand`. measure: one of :data:`MEASURES`. All begin with the first period of anybody; a period
    that is not over at the end of `as_of` is left out.

    :raises SeriesInvalid: no period is over
    """
    if measure not in MEASURES:
        raise SeriesInvalid(f"none of {', '.join(MEASURES)}: {measure}")
    told = rows.select("period", *([by] if by else []), value=rows[measure].cast("float64")).to_pyarrow().to_pylist()
    told = [row for row in told if _next(row["period"], unit) <= as_of + timedelta(days=1)]
    if not told:
        raise SeriesInvalid("no period with orders is over")
    start = min(row["period"] for row in told)
    places = {day: place for place, day in enumerate(_over(start, unit, as_of))}
    found: dict[str, Floats] = {}
    for row in told:
        found.setdefault(str(row[by]) if by else "all", np.zeros(len(places)))[places[row["period"]]] = row["value"]
    return {name: Series(start=start, unit=unit, values=found[name]) for name in sorted(found)}


def _over(start: date, unit: Unit, as_of: date) -> Iterator[date]:
    while (after := _next(start, unit)) <= as_of + timedelta(days=1):
        yield start
        start = after


def _next(day: date, unit: Unit) -> date:
    if unit == "month":
        return date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return day + timedelta(days=7 if unit == "week" else 1)


def _first_day(day: date, unit: Unit) -> date:
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if unit == "week" else day
