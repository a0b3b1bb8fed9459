"""One import at work: its tables in the schema `staging`, its connection, its progress."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from string import Formatter
from time import perf_counter
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from django.db import connection
from psycopg import sql

from zhike.core.actor import Actor
from zhike.exchange.aside import Aside
from zhike.exchange.models import Import
from zhike.exchange.progress import Progress

if TYPE_CHECKING:
    import polars as pl
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

SCHEMA = "staging"
PREFIX = "import_"
# The value of a column `changed_xid`, worked out once a statement and not once a row as its default is.
STAMP = sql.SQL("(SELECT pg_current_xact_id()::text::bigint)")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a file is to be read: what does not change while it is imported.

    mapping: column of the file to code of its field. source: system of its external ids. zone: of dates without one.
    """

    import_id: int
    mapping: Mapping[str, str]
    source: str
    currency: str
    zone: str
    is_day_first: bool

    @classmethod
    def of(cls, job: Import) -> "Plan":
        return cls(
            import_id=job.pk,
            mapping={column: job.mapping[column] for column in job.columns if column in job.mapping},
            source=job.source,
            currency=job.currency,
            zone=job.zone,
            is_day_first=job.is_day_first,
        )

    def columns_of(self, field: str) -> list[str]:
        """The file's columns that mean this field, in the file's order."""
        return [column for column, code in self.mapping.items() if code == field]


@dataclass(kw_only=True)
class Run:
    """What an importable works with. Braces in SQL name staging tables: `{rows}` is this import's table of rows."""

    job: Import
    actor: Actor
    at: datetime
    progress: Progress
    plan: Plan
    asides: list[Aside] = field(default_factory=list)
    is_beside_done: bool = False  # everything that ran beside the merge is committed

    def table(self, name: str) -> sql.Identifier:
        return sql.Identifier(SCHEMA, f"{PREFIX}{self.job.pk}_{name}")

    def execute(
        self, query: LiteralString, parameters: Mapping[str, Any] | None = None, /, **parts: sql.Composable
    ) -> psycopg.Cursor[Any]:
        """Run a statement. Braces are filled from `parts`, else they name a staging table of this import."""
        composed = self._compose(query, parts)
        known = {"import_id": self.job.pk, "source": self.plan.source, "at": self.at}
        began = perf_counter()
        cursor = raw_connection().execute(composed, {**known, **(parameters or {})})
        logger.debug("%6.2f s %9d rows: %s", perf_counter() - began, cursor.rowcount, " ".join(query.split())[:100])
        return cursor

    def part(self, query: LiteralString, /, **parts: sql.Composable) -> sql.Composed:
        """A query with its names filled in, to stand in another one."""
        return self._compose(query, parts)

    def _compose(self, query: LiteralString, parts: Mapping[str, sql.Composable]) -> sql.Composed:
        names = {name for _, name, _, _ in Formatter().parse(query) if name}
        return sql.SQL(query).format(**{name: parts.get(name) or self.table(name) for name in names})

    def make(
        self, name: str, query: LiteralString, parameters: Mapping[str, Any] | None = None, /, **parts: sql.Composable
    ) -> int:
        """Make the staging table `name` anew from a query, with statistics; the number of its rows."""
        self.drop(name)
        cursor = self.execute(
            "CREATE UNLOGGED TABLE {made} AS {query}",
            parameters,
            made=self.table(name),
            query=self._compose(query, parts),
        )
        count = cursor.rowcount
        self.execute("ANALYZE {made}", made=self.table(name))
        return count

    def drop(self, name: str) -> None:
        self.execute("DROP TABLE IF EXISTS {made}", made=self.table(name))

    def value(
        self, query: LiteralString, parameters: Mapping[str, Any] | None = None, /, **parts: sql.Composable
    ) -> Any:
        """The first column of the first row."""
        row = self.execute(query, parameters, **parts).fetchone()
        return row[0] if row else None

    def query_of(self, rows: "QuerySet[Any, Any]") -> sql.Composable:
        """A queryset as a part of a statement."""
        query, parameters = rows.query.sql_with_params()
        text = psycopg.ClientCursor(raw_connection()).mogrify(query, parameters)
        # Its parameters are quoted in; what is left of per cent signs is text.
        return sql.SQL(text.replace("%", "%%"))

    def copy(self, name: str, columns: Sequence[str], frame: "pl.DataFrame") -> None:
        """Append the frame's rows to a staging table."""
        copy_frame(self.table(name), columns, frame)

    def reserve(self, table: str, count: int) -> int:
        """The first of `count` consecutive ids for new rows of a table; the same again in a repeated run.

        The numbers come from the table's own sequence. Somebody may create a record meanwhile, so a stretch with a
        hole is let go and the next one taken.
        """
        first, reserved = self.job.reserved.get(table, (0, 0))
        if reserved >= count:
            return int(first)
        sequence = self.value("SELECT pg_get_serial_sequence(%(table)s, 'id')", {"table": table})
        while True:
            row = self.execute(
                "SELECT min(id), max(id) FROM (SELECT nextval({sequence}::regclass) AS id"
                " FROM generate_series(1, %(count)s)) AS drawn",
                {"count": count},
                sequence=sql.Literal(sequence),
            ).fetchone()
            first, last = row or (0, 0)
            if last - first + 1 == count:
                break
        self.job.reserved[table] = [first, count]
        self.job.save(update_fields=["reserved"])
        return int(first)

    def beside(self, work: Callable[[], None]) -> None:
        """Start work in a second transaction that commits after the merge."""
        aside = Aside(work)
        self.asides.append(aside)
        aside.start()

    def abandon_asides(self) -> None:
        for aside in self.asides:
            aside.abandon()
        self.asides.clear()


def copy_frame(table: sql.Identifier, columns: Sequence[str], frame: "pl.DataFrame") -> None:
    """Append the frame's rows to any table, in Django's transaction."""
    buffer = BytesIO()
    frame.select(columns).write_csv(buffer, include_header=False)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(table, names)
    with raw_connection().cursor().copy(statement) as copy:
        copy.write(buffer.getbuffer())


@contextmanager
def copying_into(table: str, columns: Sequence[str]) -> "Iterator[psycopg.Copy]":
    """COPY into a table in Django's transaction, also where a policy guards it: there by way of a temporary table."""
    connection = raw_connection()
    target, names = sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    row = connection.execute("SELECT row_security_active(%s)", [table]).fetchone()
    is_guarded = bool(row and row[0])
    beside = sql.Identifier("pg_temp", f"{table}_copied") if is_guarded else target
    if is_guarded:
        connection.execute(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
                sql.Identifier(f"{table}_copied"), names, target
            )
        )
    with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(beside, names)) as copy:
        yield copy
    if is_guarded:
        connection.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(target, names, names, beside))
        connection.execute(sql.SQL("DROP TABLE {}").format(beside))


def raw_connection() -> "psycopg.Connection[Any]":
    """Django's connection without its wrapping: for COPY and for composed SQL, in the same transaction."""
    wrapper: Any = connection
    wrapper.tell_who_acts()
    raw: psycopg.Connection[Any] = connection.connection
    return raw
