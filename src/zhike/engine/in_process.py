"""DuckDB over a warehouse, in this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from zhike.engine.backend import Engine
from zhike.engine.versions import TableFiles
from zhike.engine.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


class DuckdbEngine(Engine):
    """An engine that needs nothing but a folder to spill into."""

    def __init__(self, warehouse: Warehouse, *, memory_limit: str, threads: int | None) -> None:
        import ibis

        super().__init__(warehouse)
        self._threads = threads or os.process_cpu_count() or 1
        with self._leased():
            self.ibis = ibis.duckdb.connect(
                threads=self._threads,
                memory_limit=memory_limit,
                temp_directory=str(self._lease.scratch),
                preserve_insertion_order=False,
                autoinstall_known_extensions=False,  # nothing may be fetched from the network behind our back
            )
            self.ibis.raw_sql("SET TimeZone = 'UTC'")
            for name, files in self.version.tables.items():
                self.ibis.raw_sql(_view(name, files, warehouse.folder))

    def materialize(self, name: str, rows: ir.Table) -> ir.Table:
        import ibis.expr.operations as ops

        # As Ibis creates a table, without asking where it is and what it looks like: that is known.
        columns = ", ".join(each.sql("duckdb") for each in rows.schema().to_sqlglot_column_defs("duckdb"))
        self.ibis.raw_sql(f'CREATE TEMP TABLE "{name}" ({columns})')
        self.ibis.raw_sql(f'INSERT INTO "{name}" {self.ibis.compile(rows)}')
        place = ops.Namespace(catalog="temp", database="main")
        return ops.DatabaseTable(name, schema=rows.schema(), source=self.ibis, namespace=place).to_expr()

    def put(self, name: str, rows: pa.Table) -> ir.Table:
        return self.ibis.create_table(name, rows, temp=True)

    def read(self, file: Path) -> ir.Table:
        return self.ibis.read_parquet(file)

    def write(self, rows: ir.Table, file: Path) -> None:
        rows.to_parquet(file)

    def leave_a_processor(self) -> None:
        self.ibis.raw_sql(f"SET threads = {max(1, self._threads - 1)}")

    def _close(self) -> None:
        self.ibis.disconnect()

    def _show_differences(self, view: str, before: TableFiles, after: TableFiles) -> None:
        self.ibis.raw_sql(_differences(view, before, after, self._folder))


def _view(name: str, files: TableFiles, folder: Path) -> str:
    query = f"FROM {_rows(files.base, folder)} AS base"
    if files.gone and files.changes:
        gone, changes = _rows(files.gone, folder), _rows(files.changes, folder)
        query += f' ANTI JOIN {gone} AS gone USING ("{files.key}") UNION ALL FROM {changes}'
    return f'CREATE VIEW "{name}" AS {query}'


def _differences(view: str, before: TableFiles, after: TableFiles, folder: Path) -> str:
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
