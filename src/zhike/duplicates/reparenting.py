"""Moves everything that hangs on customers over to the survivors, table by table, and back.

Each table takes at most four statements, whatever the number of pairs. What undoing needs is written down: which rows
moved, and of those that changed their values what they were before and after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

from django.db import connection
from psycopg import sql

from zhike.core.merging import ByService, Combine, Move, Newest
from zhike.duplicates.catalogue import Key, list_declared

PAIRS = sql.SQL("unnest(%(sources)s::bigint[], %(targets)s::bigint[]) WITH ORDINALITY AS pair(source, target, place)")


@dataclass(kw_only=True)
class Journal:
    """What became of the rows, by key. moved: by who gave them up. The others are by survivor.

    combined: [row, before, after] of rows that took values of another one. added: [row, itself] of rows that were
    copied. lowered: rows that are not the one of their kind any more. served: what services of apps want back.
    """

    moved: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    combined: dict[int, dict[str, list[Any]]] = field(default_factory=dict)
    added: dict[int, dict[str, list[Any]]] = field(default_factory=dict)
    lowered: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    served: dict[int, dict[str, Any]] = field(default_factory=dict)

    def of_survivor(self, target: int) -> dict[str, Any]:
        parts = {"combined": self.combined, "added": self.added, "lowered": self.lowered, "served": self.served}
        return {name: found[target] for name, found in parts.items() if target in found}


def reparent(pairs: Sequence[tuple[int, int]]) -> Journal:
    """Give the survivors everything of those that are given up. pairs: (given up, survivor), in their order.

    The caller holds the customers, and sees everything.

    :raises ImproperlyConfigured: a foreign key of which nobody says what becomes of it
    """
    journal = Journal()
    for key, rule in list_declared():
        if isinstance(rule, ByService):
            for target, served in rule.merge(pairs).items():
                journal.served.setdefault(target, {})[key.name] = served
        elif isinstance(rule, Move):
            step = _Step(key, rule, pairs, journal)
            if rule.alike or key.is_row:
                step.combine()
            if not key.is_row:
                step.move()
            if rule.single:
                step.keep_single()
    return journal


class _Step:
    """One table of a merge."""

    def __init__(self, key: Key, rule: Move, pairs: Sequence[tuple[int, int]], journal: Journal) -> None:
        self.key, self.rule, self.journal = key, rule, journal
        self.told: dict[str, Any] = {
            "sources": [source for source, _target in pairs],
            "targets": [target for _source, target in pairs],
        }
        self.told["ids"] = sorted({*self.told["sources"], *self.told["targets"]})
        self.names = {
            "table": sql.Identifier(key.table),
            "column": sql.Identifier(key.column),
            "row": sql.Identifier(key.row),
            "pairs": PAIRS,
            "alike": sql.SQL("").join(sql.SQL(", _r.{}").format(sql.Identifier(name)) for name in rule.alike),
        }

    def run(self, query: LiteralString, names: dict[str, sql.Composable] | None = None, **told: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(query).format(**self.names, **(names or {})), {**self.told, **told})
            return cursor.fetchall() if cursor.description else []

    def combine(self) -> None:
        """Where several rows become one, that one gets the values that the rule says."""
        found = self.run(
            """
            SELECT target, winner, has_own, before::text, after::text, (before || after)::text FROM (
                SELECT coalesce(pair.target, _r.{column}) AS target,
                    (array_agg(_r.{row} ORDER BY pair.place NULLS FIRST, _r.{row}))[1] AS winner,
                    (array_agg(to_jsonb(_r) ORDER BY pair.place NULLS FIRST, _r.{row}))[1] AS before,
                    bool_or(pair.source IS NULL) AS has_own, count(*) AS rows, {after} AS after
                FROM {table} AS _r LEFT JOIN {pairs} ON pair.source = _r.{column}
                WHERE _r.{column} = ANY(%(ids)s) GROUP BY coalesce(pair.target, _r.{column}){alike}
            ) AS one WHERE rows > 1 OR (%(is_row)s AND NOT has_own) ORDER BY target, winner
            """,
            names={"after": self._after()},
            is_row=self.key.is_row,
        )
        changed = [row for row in found if row[2] or not self.key.is_row]
        new = [row for row in found if self.key.is_row and not row[2]]
        columns = self._written()
        if columns and changed:
            self.run(
                """
                UPDATE {table} AS _r SET {sets} FROM unnest(%(rows)s::bigint[], %(after)s::text[]) AS now(row, after)
                WHERE _r.{row} = now.row
                """,
                names={"sets": sets_of(columns, sql.SQL("now.after::jsonb"))},
                rows=[row[1] for row in changed],
                after=[row[4] for row in changed],
            )
            for target, winner, _own, before, after, _whole in changed:
                self._note(self.journal.combined, target, [winner, before, after])
        if new:
            self._copy(new)

    def _copy(self, new: Sequence[tuple[Any, ...]]) -> None:
        """A row whose number is the customer's own cannot move: the survivor gets one like it."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self.key.columns))
        made = self.run(
            """
            INSERT INTO {table} AS made ({row}, {columns})
            SELECT now.target, {values} FROM unnest(%(targets_of)s::bigint[], %(rows)s::text[]) AS now(target, itself)
            CROSS JOIN jsonb_populate_record(NULL::{table}, now.itself::jsonb) AS x
            RETURNING made.{row}, to_jsonb(made)::text
            """,
            names={
                "columns": columns,
                "values": sql.SQL(", ").join(sql.SQL("x.{}").format(sql.Identifier(n)) for n in self.key.columns),
            },
            targets_of=[row[0] for row in new],
            rows=[row[5] for row in new],
        )
        for target, itself in made:
            self._note(self.journal.added, target, [target, itself])

    def move(self) -> None:
        if self.rule.alike:
            query = """
                WITH placed AS (
                    SELECT _r.{row} AS row, pair.source, pair.target, row_number() OVER (
                        PARTITION BY coalesce(pair.target, _r.{column}){alike} ORDER BY pair.place NULLS FIRST, _r.{row}
                    ) AS place
                    FROM {table} AS _r LEFT JOIN {pairs} ON pair.source = _r.{column} WHERE _r.{column} = ANY(%(ids)s)
                ), moved AS (
                    UPDATE {table} AS _r SET {column} = placed.target FROM placed
                    WHERE _r.{row} = placed.row AND placed.place = 1 AND placed.source IS NOT NULL
                    RETURNING _r.{row} AS row, placed.source
                ) SELECT source, array_agg(row ORDER BY row) FROM moved GROUP BY source
            """
        else:
            query = """
                WITH moved AS (
                    UPDATE {table} AS _r SET {column} = pair.target FROM {pairs}
                    WHERE _r.{column} = pair.source RETURNING _r.{row} AS row, pair.source
                ) SELECT source, array_agg(row ORDER BY row) FROM moved GROUP BY source
            """
        for source, rows in self.run(query):
            self.journal.moved.setdefault(source, {})[self.key.name] = rows

    def keep_single(self) -> None:
        """Of the rows that moved, those give up the flag whose kind has another row with it already."""
        single = self.rule.single
        moved = [row for found in self.journal.moved.values() for row in found.get(self.key.name, ())]
        if single is None or not moved:
            return
        lowered = self.run(
            """
            WITH placed AS (
                SELECT _r.{row} AS row, row_number() OVER (
                    PARTITION BY _r.{column}{within} ORDER BY _r.{row} = ANY(%(moved)s::bigint[]), _r.{row}
                ) AS place
                FROM {table} AS _r WHERE _r.{column} = ANY(%(targets)s) AND _r.{flag}
            )
            UPDATE {table} AS _r SET {flag} = false FROM placed
            WHERE _r.{row} = placed.row AND placed.place > 1 AND _r.{row} = ANY(%(moved)s::bigint[])
            RETURNING _r.{column}, _r.{row}
            """,
            names={
                "flag": sql.Identifier(single.flag),
                "within": sql.SQL("").join(sql.SQL(", _r.{}").format(sql.Identifier(name)) for name in single.within),
            },
            moved=moved,
        )
        for target, row in lowered:
            self._note(self.journal.lowered, target, row)

    def _note(self, where: dict[int, dict[str, list[Any]]], target: int, what: Any) -> None:
        where.setdefault(target, {}).setdefault(self.key.name, []).append(what)

    def _written(self) -> tuple[str, ...]:
        """Columns whose values a collision may change."""
        match self.rule.collide:
            case Combine(sums=sums, lowest=lowest, highest=highest):
                return (*sums, *lowest, *highest)
            case Newest():
                return tuple(name for name in self.key.columns if name not in self.rule.alike)
        return ()

    def _after(self) -> sql.Composable:
        """The values of the row that several become, as JSON."""
        match self.rule.collide:
            case Combine(sums=sums, lowest=lowest, highest=highest):
                ways: list[tuple[str, LiteralString]] = [
                    *((name, "sum(_r.{0})") for name in sums),
                    *((name, "(array_agg(_r.{0} ORDER BY _r.{0} NULLS LAST))[1]") for name in lowest),
                    *((name, "(array_agg(_r.{0} ORDER BY _r.{0} DESC NULLS LAST))[1]") for name in highest),
                ]
                parts = [
                    sql.SQL("{}, {}").format(sql.Literal(name), sql.SQL(way).format(sql.Identifier(name)))
                    for name, way in ways
                ]
                return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(parts))
            case Newest(by=by):
                return sql.SQL(
                    "(array_agg(to_jsonb(_r) - {own}::text[]"
                    " ORDER BY _r.{by} DESC NULLS LAST, pair.place NULLS FIRST))[1]"
                ).format(own=sql.Literal(sorted({self.key.row, self.key.column})), by=sql.Identifier(by))
        return sql.SQL("jsonb_build_object()")


def sets_of(columns: Sequence[str], values: sql.Composable) -> sql.Composed:
    """`column = its value in the JSON`, for an UPDATE of a table called _r."""
    one = sql.SQL("{name} = (jsonb_populate_record(_r, {values})).{name}")
    return sql.SQL(", ").join(one.format(name=sql.Identifier(name), values=values) for name in columns)
