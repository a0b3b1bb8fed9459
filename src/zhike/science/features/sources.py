"""Tables of facts about customers, and what of them was known on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zhike.science.features.days import day_number, local_days

if TYPE_CHECKING:
    import ibis.expr.types as ir

KEYS = ("customer_id", "key", "at")


class SourceInvalid(ValueError):
    """A table lacks a column of its source, or there is no such source."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """columns: those that have to be there besides customer_id, key and at. optional: those that may be.

    changing: of these, what may change after the fact; told of a day, it is null in a row that was changed since.
    """

    name: str
    columns: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    changing: tuple[str, ...] = ()


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.name: source
        for source in (
            Source(name="orders", columns=("amount",)),
            Source(name="lines", columns=("amount", "category"), optional=("product",)),
            Source(name="events", columns=("kind",)),
            Source(name="tickets", optional=("resolved_at", "is_complaint"), changing=("resolved_at", "is_complaint")),
            Source(name="surveys", columns=("score",)),
            Source(name="loyalty", columns=("points",)),
        )
    }
)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """as_of: the last day that is known, to its end in the company's zone. Nothing of a later moment may enter."""

    as_of: date
    zone: tzinfo = UTC

    @property
    def today(self) -> int:
        return day_number(self.as_of)

    def days(self, moments: Any) -> tuple[Any, Any]:
        return local_days(moments, zone=self.zone, until=self.as_of)


def known_rows(table: ir.Table, source: Source, clock: Clock) -> ir.Table:
    """The facts of a source that had happened and had become known by the end of that day, each once.

    table: customer_id, key (what identifies the fact), at (when it happened: a timestamp in UTC, or a local date), the
    columns of the source, and, where there are such things,

    - known_at: when this version of the row became known. Later ones do not exist yet; of several versions of one key
      the last that was known counts. A row that came late is therefore missing before it came, and one
      of which it is not told when it came is not taken.
    - updated_at: when the row was last overwritten. Where that was later, what the row said on the day is lost, so that
      the changing columns of the source are null. A row without it was never overwritten.
    - resolved_at of tickets is null where it lies after the day.

    Rows without customer, key or moment are left out. Rows of one key that differ without any known_at are settled by
    their moment, then by their values, so that the order of rows does not matter.

    Returns the columns with days_ago (0: on the day), weekday (0: Monday), moment (seconds, to order by), is_latest
    (of the customer's facts, none is later).

    :raises SourceInvalid: a column is missing
    """
    import ibis

    check_columns(table, source)
    day, moment = clock.days(table["at"])
    rows = table.mutate(day=day, moment=moment)
    rows = rows.filter(rows.customer_id.notnull(), rows.key.notnull(), rows.day <= clock.today)
    if "known_at" in table.columns:
        known_day, known_moment = clock.days(rows.known_at)
        rows = rows.mutate(known_day=known_day, known_moment=known_moment)
        rows = rows.filter(rows.known_day <= clock.today)
    rows = _once(rows)
    rows = rows.mutate(**_as_it_was(rows, source, clock))
    kept = [name for name in (*source.columns, *source.optional) if name in table.columns]
    newest = rows.moment.max().over(ibis.window(group_by="customer_id"))
    return rows.select(
        "customer_id",
        *kept,
        "moment",
        days_ago=ibis.literal(clock.today) - rows.day,
        weekday=(rows.day + 3) % 7,
        is_latest=rows.moment == newest,
    )


def check_columns(table: ir.Table, source: Source) -> None:
    """:raises SourceInvalid: a column is missing"""
    if missing := [name for name in (*KEYS, *source.columns) if name not in table.columns]:
        raise SourceInvalid(f"the table of {source.name} lacks {', '.join(missing)}")


def _once(rows: ir.Table) -> ir.Table:
    import ibis

    first = [name for name in ("known_moment", "moment") if name in rows.columns]
    others = [name for name in sorted(rows.columns) if name not in (*first, "key", "day", "known_day")]
    order = [ibis.desc(name) for name in (*first, *others)]
    ranked = rows.mutate(version=ibis.row_number().over(ibis.window(group_by="key", order_by=order)))
    return ranked.filter(ranked.version == 0)


def _as_it_was(rows: ir.Table, source: Source, clock: Clock) -> dict[str, Any]:
    """The columns that may have changed since, as they were known to be on the day."""
    import ibis

    told: dict[str, Any] = {}
    for name in source.changing:
        if name not in rows.columns:
            continue
        value = rows[name]
        if value.type().is_temporal():
            value = ibis.ifelse(clock.days(value)[0] <= clock.today, value, ibis.null(value.type()))
        if "updated_at" in rows.columns:
            since = (clock.days(rows.updated_at)[0] > clock.today).fill_null(False)
            value = ibis.ifelse(since, ibis.null(value.type()), value)
        told[name] = value
    return told
