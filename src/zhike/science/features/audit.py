"""Does anything of the future enter?

Whatever lies after the day is taken away, and once more is spoilt; features that change with it know the future.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isclose
from typing import TYPE_CHECKING, Any

from zhike.science.features.sources import SOURCES, Clock

if TYPE_CHECKING:
    import ibis.expr.types as ir

type Build = Callable[[Mapping[str, ir.Table]], ir.Table]
TOLERANCE = 1e-9


class FutureLeak(AssertionError):
    """Features that know what was not known yet; names: which."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(f"these change with what happened or was entered after the day: {', '.join(names)}")


def check_point_in_time(build: Build, tables: Mapping[str, ir.Table], *, clock: Clock) -> None:
    """Build the features three times: as the tables are; without what came after the day; with other values
    there.

    build: from the tables by name to features with customer_id, as of the clock's day. tables: the sources by name.
    What came after the day is: rows that happened or became known after it, and the changing columns of rows that were
    updated after it.

    :raises FutureLeak: a feature, or who is in the table, differs
    """
    as_they_are = _rows(build(tables))
    leaking: set[str] = set()
    for change in (_without_future, _with_other_future):
        changed = {
            name: change(table, clock, SOURCES[name].changing if name in SOURCES else ())
            for name, table in tables.items()
        }
        leaking |= _differing(as_they_are, _rows(build(changed)))
    if leaking:
        raise FutureLeak(sorted(leaking))


def _future(table: ir.Table, clock: Clock) -> Any:
    later = clock.days(table["at"])[0] > clock.today
    if "known_at" in table.columns:
        later = later | (clock.days(table.known_at)[0] > clock.today)
    return later


def _without_future(table: ir.Table, clock: Clock, changing: tuple[str, ...]) -> ir.Table:
    import ibis

    rows = table.filter(~_future(table, clock).fill_null(False))
    if "updated_at" not in table.columns:
        return rows
    since = (clock.days(rows.updated_at)[0] > clock.today).fill_null(False)
    kept = {
        name: ibis.ifelse(since, ibis.null(rows[name].type()), rows[name]) for name in changing if name in rows.columns
    }
    return rows.mutate(**kept)


def _with_other_future(table: ir.Table, clock: Clock, changing: tuple[str, ...]) -> ir.Table:
    import ibis

    future = _future(table, clock).fill_null(False)
    values = [name for name in table.columns if name not in ("customer_id", "key", "at", "known_at", "updated_at")]
    spoilt = {name: ibis.ifelse(future, _other(table[name]), table[name]) for name in values}
    rows = table.mutate(**spoilt)
    if "updated_at" in table.columns:
        later = (clock.days(rows.updated_at)[0] > clock.today).fill_null(False)
        rows = rows.mutate(
            **{name: ibis.ifelse(later, _other(rows[name]), rows[name]) for name in changing if name in rows.columns}
        )
    return rows


def _other(column: Any) -> Any:
    import ibis

    kind = column.type()
    if kind.is_boolean():
        return ~column
    if kind.is_numeric():
        return (column * 7 + 1).cast(kind)
    if kind.is_temporal():
        return ibis.null(kind)
    return ibis.literal("another").cast(kind)


def _rows(table: ir.Table) -> dict[Any, dict[str, Any]]:
    return {row["customer_id"]: row for row in table.to_pyarrow().to_pylist()}


def _differing(before: dict[Any, dict[str, Any]], after: dict[Any, dict[str, Any]]) -> set[str]:
    if before.keys() != after.keys():
        return {"customer_id"}
    return {
        name
        for customer, row in before.items()
        for name, value in row.items()
        if not _same(value, after[customer][name])
    }


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)
