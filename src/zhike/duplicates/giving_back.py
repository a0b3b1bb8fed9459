"""Takes the moving of rows back: those that are still with the survivor return with whatever was edited in them."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from django.db import connection
from psycopg import sql

from zhike.core.merging import ByService, Combine, Move
from zhike.duplicates.catalogue import Key, list_declared


def give_back(*, survivor_id: int, moved: Mapping[int, Mapping[str, Sequence[int]]], journal: Mapping[str, Any]) -> int:
    """Give the records that are there again what was theirs; how many rows that were.

    moved, journal: as `reparenting` wrote them. Rows that found another customer meanwhile, or are gone, stay so.
    """
    count = 0
    for key, rule in list_declared():
        if isinstance(rule, ByService):
            if key.name in journal.get("served", {}):
                rule.undo(survivor_id, journal["served"][key.name])
        elif isinstance(rule, Move):
            step = _Step(key, rule, survivor_id)
            step.take_away(journal.get("added", {}).get(key.name, ()))
            count += sum(step.return_rows(record, rows.get(key.name, ())) for record, rows in moved.items())
            step.take_apart(journal.get("combined", {}).get(key.name, ()))
            step.raise_again(journal.get("lowered", {}).get(key.name, ()))
    return count


class _Step:
    """One table of an undone merge."""

    def __init__(self, key: Key, rule: Move, survivor_id: int) -> None:
        self.key, self.rule, self.survivor_id = key, rule, survivor_id
        self.names = {
            "table": sql.Identifier(key.table),
            "column": sql.Identifier(key.column),
            "row": sql.Identifier(key.row),
        }

    def run(self, query: LiteralString, names: dict[str, sql.Composable] | None = None, **told: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(query).format(**self.names, **(names or {})), {"survivor": self.survivor_id, **told})
            return int(cursor.rowcount)

    def take_away(self, added: Sequence[Any]) -> None:
        """What was copied for the survivor goes where it is as it was."""
        for row, itself in added:
            self.run(
                "DELETE FROM {table} AS _r WHERE _r.{row} = %(row)s AND to_jsonb(_r) = %(itself)s::jsonb",
                row=row,
                itself=itself,
            )

    def return_rows(self, record_id: int, rows: Sequence[int]) -> int:
        if not rows:
            return 0
        return self.run(
            "UPDATE {table} SET {column} = %(record)s WHERE {row} = ANY(%(rows)s) AND {column} = %(survivor)s",
            record=record_id,
            rows=list(rows),
        )

    def take_apart(self, combined: Sequence[Any]) -> None:
        """Sums lose what was added; other values are what they were unless somebody edited them since."""
        sums = self.rule.collide.sums if isinstance(self.rule.collide, Combine) else ()
        for row, before, after in combined:
            sets = [_taken_off(name) if name in sums else _as_before(name) for name in _columns_of(self.key, after)]
            if sets:
                self.run(
                    "UPDATE {table} AS _r SET {sets}"
                    " FROM (SELECT %(before)s::jsonb, %(after)s::jsonb) AS x(before, after) WHERE _r.{row} = %(row)s",
                    names={"sets": sql.SQL(", ").join(sets)},
                    row=row,
                    before=before,
                    after=after,
                )

    def raise_again(self, lowered: Sequence[int]) -> None:
        """Where no other row of the record has the flag of its kind by now."""
        single = self.rule.single
        if single is None or not lowered:
            return
        same = sql.SQL("").join(
            sql.SQL(" AND other.{name} = _r.{name}").format(name=sql.Identifier(name)) for name in single.within
        )
        self.run(
            "UPDATE {table} AS _r SET {flag} = true WHERE _r.{row} = ANY(%(rows)s) AND _r.{column} <> %(survivor)s"
            " AND NOT EXISTS (SELECT FROM {table} AS other WHERE other.{column} = _r.{column} AND other.{flag}{same})",
            names={"flag": sql.Identifier(single.flag), "same": same},
            rows=list(lowered),
        )


def _columns_of(key: Key, after: str) -> list[str]:
    """Columns that the JSON has a value for and the table still has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT jsonb_object_keys(%s::jsonb)", [after])
        told = {name for (name,) in cursor.fetchall()}
    return [name for name in key.columns if name in told]


def _taken_off(name: str) -> sql.Composed:
    return sql.SQL(
        "{name} = _r.{name} - coalesce((x.after ->> {key})::numeric, 0) + coalesce((x.before ->> {key})::numeric, 0)"
    ).format(name=sql.Identifier(name), key=sql.Literal(name))


def _as_before(name: str) -> sql.Composed:
    return sql.SQL(
        "{name} = CASE WHEN to_jsonb(_r) -> {key} = x.after -> {key}"
        " THEN (jsonb_populate_record(_r, x.before)).{name} ELSE _r.{name} END"
    ).format(name=sql.Identifier(name), key=sql.Literal(name))
