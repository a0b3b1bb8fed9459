"""Where records are compared: in this process by DuckDB, or on a Spark cluster. Either is asked in DuckDB's SQL."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import sqlglot
from splink import DuckDBAPI

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

GIVEN = "given"


class Place(Protocol):
    """Holds the records as the table :data:`GIVEN`."""

    def hashed(self, sql: str) -> str:
        """A number for the value of an expression."""

    def create(self, name: str, query: str) -> None: ...

    def first(self, query: str) -> tuple[Any, ...]:
        """The first row."""

    def table(self, query: str) -> pa.Table: ...

    def splink(self, name: str) -> Any:
        """The table as Splink takes it."""

    def close(self) -> None: ...


class InProcess:
    """DuckDB. spill: a folder for what does not fit into `memory`."""

    def __init__(self, records: pa.Table, *, memory: str, spill: str) -> None:
        self._con = duckdb.connect(config={"memory_limit": memory, "threads": 2, "preserve_insertion_order": False})
        if spill:
            self._con.execute(f"SET temp_directory = '{spill}'")
        self._con.register(GIVEN, records)

    def hashed(self, sql: str) -> str:
        return f"hash({sql})"

    def create(self, name: str, query: str) -> None:
        self._con.execute(f"CREATE TABLE {name} AS {query}")

    def first(self, query: str) -> tuple[Any, ...]:
        return self._con.execute(query).fetchone() or ()

    def table(self, query: str) -> pa.Table:
        return self._con.execute(query).fetch_arrow_table()

    def splink(self, name: str) -> Any:
        return DuckDBAPI(self._con).register(name)

    def close(self) -> None:
        self._con.close()


class OnSpark:
    """A cluster, which keeps what it computed in memory and spills by itself. Splink's jar is wanted there."""

    def __init__(self, records: pa.Table, session: SparkSession) -> None:
        self._session = session
        session.createDataFrame(records).createOrReplaceTempView(GIVEN)

    def hashed(self, sql: str) -> str:
        return f"xxhash64({sql})"

    def create(self, name: str, query: str) -> None:
        self._asked(query).persist().createOrReplaceTempView(name)

    def first(self, query: str) -> tuple[Any, ...]:
        return tuple(self._asked(query).first() or ())

    def table(self, query: str) -> pa.Table:
        return self._asked(query).toArrow()

    def splink(self, name: str) -> Any:
        with warnings.catch_warnings(action="ignore"):  # that pandas is newer than Spark knows, which is not used
            from splink import SparkAPI

            api: Any = SparkAPI
            return api(spark_session=self._session, break_lineage_method="persist").register(name)

    def close(self) -> None:
        # By name: all sessions share one cache, and clearing it would take what a refresh beside has computed.
        for view in self._session.catalog.listTables():
            self._session.table(view.name).unpersist()

    def _asked(self, query: str) -> Any:
        return self._session.sql(sqlglot.transpile(query, read="duckdb", write="spark")[0])
