"""Spark over a warehouse: the same tables and the same answers, from a cluster.

Java 17 and the extra `spark` are wanted (`pip install zhike[spark]`, or `make spark` in a checkout). What answers
depend on is set here; memory, executors and the like are Spark's own settings (spark-defaults.conf in SPARK_CONF_DIR).
"""

from __future__ import annotations

import os
import shutil
import warnings
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhike.engine.backend import Engine
from zhike.engine.versions import TableFiles
from zhike.engine.warehouse import Warehouse
from zhike.runtime.problems import EnvironmentProblem

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

EXTRA = "spark"
JAVA = "openjdk-17-jre-headless"
STARTING = {
    "spark.app.name": "zhike",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",  # shows anybody who reaches the port what is asked
    "spark.ui.showConsoleProgress": "false",
}
ON_THIS_MACHINE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
ANSWERING = {
    "spark.sql.session.timeZone": "UTC",
    # As DuckDB: what overflows or cannot be cast is an error and no null,
    "spark.sql.ansi.enabled": "true",
    # and 8 places less 8 places are 8 places, not 7.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
}


class SparkEngine(Engine):
    """An engine whose tables are views of a session of its own.

    The executors read the warehouse where this process does, in a folder that all share, or below the address in
    ZHIKE_SPARK_WAREHOUSE where they find it elsewhere, such as s3a://bucket/warehouse.
    """

    def __init__(self, warehouse: Warehouse, *, master: str) -> None:
        load_libraries()
        super().__init__(warehouse)
        self._place = os.environ.get("ZHIKE_SPARK_WAREHOUSE", f"file://{warehouse.folder.resolve()}").rstrip("/")
        self._kept: list[DataFrame] = []
        with self._leased():
            self._session = start(master)
            self._show_tables()

    def _show_tables(self) -> None:
        from pyspark.errors import AnalysisException

        from zhike.engine.spark_backend import SparkBackend

        SparkBackend.register_options()
        self.ibis = SparkBackend()
        self.ibis.do_connect(self._session)
        try:
            for name, files in self.version.tables.items():
                self._live(files).createTempView(name)
        except AnalysisException as problem:
            raise EnvironmentProblem(
                zh=f"Spark 在 {self._place} 找不到数据仓库的文件：集群的每台机器都要能读到（ZHIKE_SPARK_WAREHOUSE）。",
                en=f"Spark does not find the files of the warehouse at {self._place}: every machine of the cluster has"
                " to be able to read them there (ZHIKE_SPARK_WAREHOUSE).",
            ) from problem

    def materialize(self, name: str, rows: ir.Table) -> ir.Table:
        from pyspark.storagelevel import StorageLevel

        frame = self.ibis.frame(rows).persist(StorageLevel.MEMORY_AND_DISK)
        self._kept.append(frame)
        frame.count()
        frame.createTempView(name)
        return self.ibis.table(name)

    def put(self, name: str, rows: pa.Table) -> ir.Table:
        self._session.createDataFrame(rows).createTempView(name)
        return self.ibis.table(name)

    def read(self, file: Path) -> ir.Table:
        name = "file_" + file.stem.replace("-", "_")
        self._rows(str(file.relative_to(self._folder))).createOrReplaceTempView(name)
        return self.ibis.table(name)

    def write(self, rows: ir.Table, file: Path) -> None:
        """Through this process, because the executors would write a folder of files, as whoever they run as."""
        from pyarrow import parquet

        parquet.write_table(rows.to_pyarrow(), file)

    def leave_a_processor(self) -> None:
        """Nothing: the executors have processors of their own."""

    def _close(self) -> None:
        for frame in self._kept:
            frame.unpersist()

    def _show_differences(self, view: str, before: TableFiles, after: TableFiles) -> None:
        base = self._rows(after.base)
        nothing = base.limit(0)
        old, new = (self._rows(files.changes) if files.changes else nothing for files in (before, after))
        old_gone, new_gone = (self._rows(files.gone) if files.gone else nothing for files in (before, after))
        key, version = [after.key], [after.key, after.change]
        parts = [
            base.join(new_gone.select(key), key, "left_semi").join(old_gone.select(key), key, "left_anti"),
            old.join(new.select(version), version, "left_anti"),
            new.join(old.select(version), version, "left_anti"),
        ]
        reduce(_together, parts).createOrReplaceTempView(view)

    def _live(self, files: TableFiles) -> DataFrame:
        base = self._rows(files.base)
        if not (files.gone and files.changes):
            return base
        return _together(base.join(self._rows(files.gone), [files.key], "left_anti"), self._rows(files.changes))

    def _rows(self, path: str) -> DataFrame:
        return self._session.read.parquet(f"{self._place}/{path}")


def load_libraries() -> None:
    """:raises EnvironmentProblem: pyspark or Java is not there"""
    if find_spec("pyspark") is None:
        raise EnvironmentProblem(
            zh=f"Spark 引擎需要 pyspark：pip install 'zhike[{EXTRA}]'；在源码目录中可用 make spark（约 0.5 GB）。",
            en=f"the Spark engine wants pyspark: pip install 'zhike[{EXTRA}]', or make spark in a checkout (0.5 GB).",
        )
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        raise EnvironmentProblem(
            zh=f"Spark 引擎需要 Java 17 或更新版本：请安装（如 apt install {JAVA}），或设置 JAVA_HOME。",
            en=f"the Spark engine wants Java 17 or newer: install it (apt install {JAVA}), or set JAVA_HOME.",
        )
    with _without_warnings():
        import_module("zhike.engine.spark_backend")


def start(master: str) -> SparkSession:
    """A session of its own on the cluster; a process has one application there, which ends with it.

    :raises EnvironmentProblem: pyspark or Java is not there, or the cluster does not answer
    """
    load_libraries()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession
    from splink.internals.spark.jar_location import similarity_jar_location

    is_here = master.startswith("local")
    builder = SparkSession.builder.master(master)
    with_jar = {"spark.jars": similarity_jar_location()}  # how alike two texts are, for the scan for duplicates
    for name, value in (STARTING | with_jar | (ON_THIS_MACHINE if is_here else {})).items():
        builder = builder.config(name, value)
    try:
        with _without_warnings():
            session = builder.getOrCreate().newSession()
    except (Py4JError, PySparkException, OSError) as reason:
        raise EnvironmentProblem(
            zh=f"Spark 没有在 {master} 上启动；请检查集群是否应答、能否连到本机：{_cause(reason)}",
            en=f"Spark does not start on {master}; does the cluster answer, and reach this machine? {_cause(reason)}",
        ) from reason
    for name, value in ANSWERING.items():
        session.conf.set(name, value)
    return session


def _cause(reason: Exception) -> str:
    """One line; Java's exceptions come with where they were thrown."""
    lines = str(reason).splitlines() or [type(reason).__name__]
    return next((line.removeprefix(": ") for line in lines if line.startswith(": ")), lines[0])


def _together(one: DataFrame, other: DataFrame) -> DataFrame:
    return one.unionByName(other)


def _without_warnings() -> Any:
    """Spark has not declared itself for pandas 3; what is used of it here goes by Arrow."""
    return warnings.catch_warnings(action="ignore")
