"""The engine over a warehouse: Ibis tables that stay as they were when it was opened."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from zhike.engine.versions import TableFiles, Version
from zhike.engine.warehouse import Warehouse
from zhike.runtime.problems import EnvironmentProblem

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends.sql import SQLBackend
    from pyspark.sql import SparkSession

DEFAULT_ENGINE = "duckdb"
MEMORY_LIMIT = "2GB"


class Engine(ABC):
    """An open engine: `table` gives Ibis tables, `ibis` the backend itself; close it, or use `with`."""

    ibis: SQLBackend

    def __init__(self, warehouse: Warehouse) -> None:
        self._folder = warehouse.folder
        self._lease = warehouse.read()
        self.version = self._lease.version

    @contextmanager
    def _leased(self) -> Iterator[None]:
        """What does not open keeps no version of the warehouse from being retired."""
        try:
            yield
        except BaseException:
            self._lease.release()
            raise

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
        self._show_differences(view, before, after)
        return self.ibis.table(view)

    @abstractmethod
    def materialize(self, name: str, rows: ir.Table) -> ir.Table:
        """Compute the rows once and keep them, under a new name, until the engine is closed."""

    @abstractmethod
    def put(self, name: str, rows: pa.Table) -> ir.Table:
        """Rows from elsewhere as a table, under a new name, until the engine is closed."""

    @abstractmethod
    def read(self, file: Path) -> ir.Table:
        """A Parquet file in the folder of the warehouse."""

    @abstractmethod
    def write(self, rows: ir.Table, file: Path) -> None:
        """Compute the rows into one Parquet file in the folder of the warehouse."""

    @abstractmethod
    def leave_a_processor(self) -> None:
        """From now on leave one to what runs beside, if there are two."""

    def close(self) -> None:
        self._close()
        self._lease.release()

    @abstractmethod
    def _close(self) -> None: ...

    @abstractmethod
    def _show_differences(self, view: str, before: TableFiles, after: TableFiles) -> None:
        """Of the base what is gone since; of either side's changes what the other does not hold."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(warehouse: Warehouse, *, memory_limit: str = MEMORY_LIMIT, threads: int | None = None) -> Engine:
    """Open the engine that ZHIKE_ENGINE names over the newest version of the warehouse.

    ZHIKE_ENGINE: duckdb, in this process; spark://host:port, a cluster; spark:… with any other master that Spark
    knows, such as spark:yarn or spark:local[2]. memory_limit, threads: of DuckDB; Spark has settings of its own.
    Beyond the limit intermediate results spill into the warehouse folder; all processors by default.

    :raises WarehouseEmpty: before the first refresh
    :raises EnvironmentProblem: if ZHIKE_ENGINE names an engine that there is not, or that does not start
    """
    master = _spark_master()
    if master is not None:
        from zhike.engine.spark import SparkEngine

        return SparkEngine(warehouse, master=master)
    from zhike.engine.in_process import DuckdbEngine

    return DuckdbEngine(warehouse, memory_limit=memory_limit, threads=threads)


def load() -> None:
    """Load the libraries of the engine, which takes a second, before they are wanted.

    :raises EnvironmentProblem: if ZHIKE_ENGINE names an engine that there is not, or whose libraries are not there
    """
    if _spark_master() is None:
        import_module("ibis.backends.duckdb")
    else:
        from zhike.engine.spark import load_libraries

        load_libraries()


def spark_session() -> SparkSession | None:
    """A session on the cluster that ZHIKE_ENGINE names, for libraries that have a way of their own there; else None.

    :raises EnvironmentProblem: as of :func:`connect`
    """
    master = _spark_master()
    if master is None:
        return None
    from zhike.engine.spark import start

    return start(master)


def _spark_master() -> str | None:
    """What Spark is told to run on; None for DuckDB."""
    name = os.environ.get("ZHIKE_ENGINE", DEFAULT_ENGINE)
    kind, _, place = name.partition(":")
    if name == DEFAULT_ENGINE:
        return None
    if kind != "spark" or not place.strip("/"):
        raise EnvironmentProblem(
            zh=f"ZHIKE_ENGINE={name}：没有这种引擎；可用 {DEFAULT_ENGINE}、spark://主机:端口、spark:yarn 等。",
            en=f"ZHIKE_ENGINE={name}: there is no such engine, but {DEFAULT_ENGINE}, spark://host:port, spark:yarn.",
        )
    return name if place.startswith("//") else place
