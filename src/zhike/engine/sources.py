"""What of PostgreSQL the warehouse carries: tables, their columns and the types they have outside."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import pyarrow as pa

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_KINDS = ("bigint", "integer", "smallint", "boolean", "double precision", "text", "date", "timestamptz")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the warehouse.

    kind: bigint, integer, smallint, boolean, double precision, text, date, timestamptz (UTC, microseconds)
    or decimal(p,s), which stays exact. expression: SQL over the row, where it is not the column of that name;
    it may depend on that row alone, since other rows' changes are not followed.
    """

    name: str
    kind: str
    expression: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS and not _DECIMAL.fullmatch(self.kind):
            raise ValueError(f"unknown kind of column {self.name}: {self.kind}")

    @property
    def is_decimal(self) -> bool:
        return self.kind.startswith("decimal")

    def select(self) -> sql.Composable:
        value = sql.SQL("({})").format(_trusted(self.expression) if self.expression else sql.Identifier(self.name))
        # Arrow has no type for PostgreSQL's numeric; digits as text cross exactly, and no slower than integers.
        return sql.SQL("{}::{} AS {}").format(
            value, _trusted("text" if self.is_decimal else self.kind), sql.Identifier(self.name)
        )

    def arrow_type(self) -> pa.DataType:
        import pyarrow as pa

        if decimal := _DECIMAL.fullmatch(self.kind):
            return pa.decimal128(int(decimal[1]), int(decimal[2]))
        types: dict[str, Any] = {
            "bigint": pa.int64(),
            "integer": pa.int32(),
            "smallint": pa.int16(),
            "boolean": pa.bool_(),
            "double precision": pa.float64(),
            "text": pa.string(),
            "date": pa.date32(),
            "timestamptz": pa.timestamp("us", tz="UTC"),
        }
        return types[self.kind]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table of PostgreSQL and its name and columns in the warehouse.

    The key (a unique bigint) and the change column are carried always. The change column holds the id of the
    transaction that last wrote the row, set by the database on every insert and update. deletions: the table, with
    columns table_name and xid, in which the database notes every transaction that deleted rows here; without one,
    each refresh counts the rows.
    """

    name: str
    table: str
    columns: tuple[Column, ...]
    key: str = "id"
    change: str = "changed_xid"
    deletions: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"a source's name becomes a folder and a table: {self.name}")
        names = [column.name for column in self.all_columns]
        if len(set(names)) < len(names):
            raise ValueError(f"columns of {self.name} repeat: {names}")

    @property
    def all_columns(self) -> tuple[Column, ...]:
        return (Column(name=self.key, kind="bigint"), *self.columns, Column(name=self.change, kind="bigint"))

    @property
    def definition(self) -> str:
        """A digest that changes whenever the stored rows would look different."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def select(self, *, since: int | None = None) -> sql.Composable:
        """All rows, or those written by transaction `since` or a later one."""
        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(column.select() for column in self.all_columns), self._table()
        )
        if since is None:
            return query
        return query + sql.SQL(" WHERE {} >= {}").format(sql.Identifier(self.change), sql.Literal(since))

    def select_keys(self) -> sql.Composable:
        return sql.SQL("SELECT {}::bigint AS key FROM {}").format(sql.Identifier(self.key), self._table())

    def select_count(self) -> sql.Composable:
        return sql.SQL("SELECT count(*) FROM {}").format(self._table())

    def select_deletions(self, *, since: int) -> sql.Composable | None:
        """How many deletions were noted by transaction `since` or a later one; None where they are not noted."""
        if self.deletions is None:
            return None
        return sql.SQL("SELECT count(*) FROM {} WHERE table_name = {} AND xid >= {}").format(
            sql.Identifier(*self.deletions.split(".")), sql.Literal(self.table), sql.Literal(since)
        )

    def schema(self) -> pa.Schema:
        import pyarrow as pa

        return pa.schema([pa.field(column.name, column.arrow_type()) for column in self.all_columns])

    def _table(self) -> sql.Identifier:
        return sql.Identifier(*self.table.split("."))


def _trusted(text: str) -> sql.SQL:
    """Text of the program itself, which psycopg asks to be marked as such."""
    return sql.SQL(text)
