"""Where the engine computes, and where it reads."""

import shutil
import time
from pathlib import Path

import pytest
from tests.spark import companies

from zhike.engine.backend import connect, spark_session
from zhike.runtime.problems import EnvironmentProblem


def test_both_workers_are_there(spark_engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIKE_ENGINE", spark_engine)
    session = spark_session()
    assert session is not None
    assert session.range(1000).repartition(4).count() == 1000
    deadline = time.monotonic() + 60
    # The driver is one of them; workers join as they come up.
    while session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() < 3 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 3


def test_the_warehouse_may_have_another_address_there(
    spark_engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    warehouse = companies.warehouse(tmp_path / "here", companies.made(1, customers=3, orders=40))
    shutil.move(tmp_path / "here" / "tables", tmp_path / "there" / "tables")
    monkeypatch.setenv("ZHIKE_ENGINE", spark_engine)
    monkeypatch.setenv("ZHIKE_SPARK_WAREHOUSE", f"file://{tmp_path}/there/")
    with connect(warehouse) as engine:
        assert engine.table("orders").count().to_pyarrow().as_py() == 40
    monkeypatch.setenv("ZHIKE_SPARK_WAREHOUSE", f"file://{tmp_path}/elsewhere/")
    with pytest.raises(EnvironmentProblem, match="elsewhere"):
        connect(warehouse)
    assert [path.name for path in (tmp_path / "here").rglob("scratch-*")] == []
