"""The engine over a warehouse: Ibis tables that stay as they were when it was opened."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from zhike.engine.versions import TableFiles, Version
from zhike.engine.warehouse import Warehouse
from zhike.runtime.problems import EnvironmentProblem

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

DEFAULT_ENGINE = "duckdb"
MEMORY_LIMIT = "2GB"


class Engine:
    """An open engine: `table` gives Ibis tables, `ibis` the backend itself; close it, or use `with`."""

    def __init__(self, warehouse: Warehouse, *, memory_limit: str, threads: int | None) -> None:
        import ibis

        self._folder = warehouse.folder
        self._threads = threads or os.process_cpu_count() or 1
        self._lease = warehouse.read()
        self.version = self._lease.version
        self.ibis: Backend = ibis.duckdb.connect(
            threads=self._threads,
            memory_limit=memory_limit,
            temp_directory=str(self._lease.scratch),
            preserve_insertion_order=False,
            autoinstall_known_extensions=False,  # nothing may be fetched from the network behind our back
        )
        self.ibis.raw_sql("SET TimeZone = 'UTC'")
        for name, files in self.version.tables.items():
            self.ibis.raw_sql(_view(name, files, warehouse.folder))

    @property
    def fingerprint(self) -> str:
        """Names the contents: the same for equal contents, whenever and however they were gathered."""
        return self.version.fingerprint

    def table(self, name: str) -> ir.Table:
        """A table of the warehouse.

        :raises KeyError: if the warehouse has no table of that name
        """
        self.version.tables[name]
        return self.ibis.table(name)

    def differences(self, name: str, *, since: Version) -> ir.Table | None:
        """The rows that came, went or changed since that version, as they were and as they are: a changed one twice.

        A row that was read again, because a transaction was open, may be there twice though it is as it was.
        since: an earlier version, held by a lease while the rows are used. None where its files do not tell: the
        table was written anew.
        """
        before, after = since.tables.get(name), self.version.tables[name]
        if before is None or before.base != after.base:
            return None
        view = f"{name}_since_{since.number}"
        self.ibis.raw_sql(_differences(view, before, after, self._folder))
        return self.ibis.table(view)

    def materialize(self, name: str, rows: ir.Table) -> ir.Table:
        """Compute the rows once and keep them, under a new name, until the engine is closed."""
        import ibis.expr.operations as ops

        # As Ibis creates a table, without asking where it is and what it looks like: that is known.
        columns = ", ".join(each.sql("duckdb") for each in rows.schema().to_sqlglot_column_defs("duckdb"))
        self.ibis.raw_sql(f'CREATE TEMP TABLE "{name}" ({columns})')
        self.ibis.raw_sql(f'INSERT INTO "{name}" {self.ibis.compile(rows)}')
        place = ops.Namespace(catalog="temp", database="main")
        return ops.DatabaseTable(name, schema=rows.schema(), source=self.ibis, namespace=place).to_expr()

    def leave_a_processor(self) -> None:
        """From now on leave one to what runs beside, if there are two."""
        self.ibis.raw_sql(f"SET threads = {max(1, self._threads - 1)}")

    def close(self) -> None:
        self.ibis.disconnect()
        self._lease.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(warehouse: Warehouse, *, memory_limit: str = MEMORY_LIMIT, threads: int | None = None) -> Engine:
    """Open the engine that ZHIKE_ENGINE names over the newest version of the warehouse.

    memory_limit: beyond it intermediate results spill into the warehouse folder. threads: all processors by default.
    :raises WarehouseEmpty: before the first refresh
    :raises EnvironmentProblem: if ZHIKE_ENGINE names an engine that this release does not have
    """
    name = os.environ.get("ZHIKE_ENGINE", DEFAULT_ENGINE)
    if name != DEFAULT_ENGINE:
        raise EnvironmentProblem(
            zh=f"ZHIKE_ENGINE={name}：此版本只支持 {DEFAULT_ENGINE}；spark:// 集群引擎已预留，尚未实现。",
            en=f"ZHIKE_ENGINE={name}: this release only has {DEFAULT_ENGINE}; spark:// is reserved, not there yet.",
        )
    return Engine(warehouse, memory_limit=memory_limit, threads=threads)


def _view(name: str, files: TableFiles, folder: Path) -> str:
    query = f"FROM {_rows(files.base, folder)} AS base"
    if files.gone and files.changes:
        gone, changes = _rows(files.gone, folder), _rows(files.changes, folder)
        query += f' ANTI JOIN {gone} AS gone USING ("{files.key}") UNION ALL FROM {changes}'
    return f'CREATE VIEW "{name}" AS {query}'


def _differences(view: str, before: TableFiles, after: TableFiles, folder: Path) -> str:
    """Of the base what is gone since; of either side's changes what the other does not hold."""
    nothing = f"(FROM {_rows(after.base, folder)} LIMIT 0)"
    old, new = (_rows(files.changes, folder) if files.changes else nothing for files in (before, after))
    old_gone, new_gone = (_rows(files.gone, folder) if files.gone else nothing for files in (before, after))
    key, version = f'"{after.key}"', f'"{after.key}", "{after.change}"'
    return (
        f'CREATE OR REPLACE VIEW "{view}" AS'
        f" FROM {_rows(after.base, folder)} AS base SEMI JOIN {new_gone} AS gone USING ({key})"
        f" ANTI JOIN {old_gone} AS old_gone USING ({key})"
        f" UNION ALL FROM {old} AS old ANTI JOIN {new} AS new USING ({version})"
        f" UNION ALL FROM {new} AS new ANTI JOIN {old} AS old USING ({version})"
    )


def _rows(path: str, folder: Path) -> str:
    quoted = str(folder / path).replace("'", "''")
    return f"read_parquet('{quoted}')"
