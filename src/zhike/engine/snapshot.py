"""One moment of a PostgreSQL database, read as Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import pyarrow as pa
    from adbc_driver_manager import AdbcConnection, AdbcDatabase, AdbcStatement

# The timeline tells a cluster restored to a point in time from the one it was restored from.
_MOMENT = sql.SQL(
    """
    SELECT (pg_control_system()).system_identifier::text || '/' ||
           CASE WHEN pg_is_in_recovery() THEN ((pg_control_checkpoint()).timeline_id)::text
                ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int::text END || '/' ||
           (SELECT oid::text FROM pg_database WHERE datname = current_database()),
           pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    """
)
_FILE = sql.SQL("SELECT {}::regclass::oid::text || '/' || pg_relation_filenode({}::regclass)::text")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Which database it is and what it had committed.

    identity: of cluster, timeline and database. oldest_open: every transaction before this one had ended.
    next_xid: no transaction from this one on had begun.
    """

    identity: str
    oldest_open: int
    next_xid: int


# The driver counts a database's connections without one.
_COUNTING = Lock()


class Snapshot:
    """A read-only view that does not move while it is open."""

    def __init__(self, database: AdbcDatabase, connection: AdbcConnection, *, same: tuple[str, Moment] | None) -> None:
        self._database = database
        self._connection = connection
        self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if same:
            self.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(same[0])).as_string(None))
        self.execute("SET LOCAL row_security = off")
        self.execute("SET LOCAL statement_timeout = 0")
        self.moment = same[1] if same else self._find_moment()

    def share(self) -> str:
        """A name by which `again` sees the same moment, as long as this one is open."""
        return str(self._row(sql.SQL("SELECT pg_export_snapshot()"))[0])

    @contextmanager
    def again(self, shared: str) -> Iterator[Snapshot]:
        """The same moment on a connection of its own, for another thread. shared: what `share` answered."""
        with _snapshot(self._database, same=(shared, self.moment)) as same:
            yield same

    def file_of(self, table: str) -> str:
        """Which file holds the table now: a new one after TRUNCATE, a rewrite or a restore."""
        return str(self._row(_FILE.format(sql.Literal(table), sql.Literal(table)))[0])

    def count(self, query: sql.Composable) -> int:
        return int(self._row(query)[0])

    def batches(self, query: sql.Composable) -> Iterator[pa.RecordBatch]:
        """The query's rows as they arrive; memory does not grow with their number."""
        with self.reader(query) as reader:
            yield from reader

    @contextmanager
    def reader(self, query: sql.Composable) -> Iterator[pa.RecordBatchReader]:
        """The same, with the columns' names and types also where there is no row."""
        import pyarrow as pa

        with self._statement(query.as_string(None)) as statement:
            stream, _ = statement.execute_query()
            with pa.RecordBatchReader._import_from_c(stream.address) as reader:
                yield reader

    def execute(self, command: str) -> None:
        with self._statement(command) as statement:
            statement.execute_update()

    def _find_moment(self) -> Moment:
        row = self._row(_MOMENT)
        return Moment(identity=row[0], oldest_open=row[1], next_xid=row[2])

    def _row(self, query: sql.Composable) -> list[Any]:
        [batch] = self.batches(query)
        return [column[0].as_py() for column in batch]

    def _statement(self, text: str) -> AdbcStatement:
        import adbc_driver_manager

        statement = adbc_driver_manager.AdbcStatement(self._connection)
        statement.set_sql_query(text)
        return statement


@contextmanager
def open_snapshot(dsn: str) -> Iterator[Snapshot]:
    """Hold one moment of the database, now, for as many reads as needed.

    A role that row security would keep from some rows is refused by PostgreSQL instead of seeing a part.
    """
    import adbc_driver_postgresql

    # Once for all connections: the driver reads every type and every column that the database has.
    with adbc_driver_postgresql.connect(dsn) as database, _snapshot(database, same=None) as snapshot:
        yield snapshot


@contextmanager
def _snapshot(database: AdbcDatabase, *, same: tuple[str, Moment] | None) -> Iterator[Snapshot]:
    # Not the driver's dbapi module: that imports pandas.
    import adbc_driver_manager

    with _COUNTING:
        connection = adbc_driver_manager.AdbcConnection(database)
    try:
        connection.set_autocommit(False)
        try:
            yield Snapshot(database, connection, same=same)
        finally:
            connection.rollback()
    finally:
        with _COUNTING:
            connection.close()
