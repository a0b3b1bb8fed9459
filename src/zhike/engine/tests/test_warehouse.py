import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import adbc_driver_manager
import duckdb
import psutil
import psycopg
import pytest

from zhike.engine import spark
from zhike.engine.backend import connect, load
from zhike.engine.sources import Column, Source
from zhike.engine.tests.conftest import settle
from zhike.engine.tests.shop import ORDERS, TABLES
from zhike.engine.warehouse import Warehouse, WarehouseBusy, WarehouseEmpty
from zhike.runtime import postgres
from zhike.runtime.home import Home
from zhike.runtime.locks import exclusive
from zhike.runtime.postgres_roles import APP
from zhike.runtime.problems import EnvironmentProblem

type Shop = psycopg.Connection[Any]
LINES = Source(name="lines", table="shop_line", columns=(Column(name="order_id", kind="bigint"),))


def add_orders(shop: Shop, count: int) -> None:
    shop.execute("INSERT INTO shop_order (customer_id, amount) SELECT n, n FROM generate_series(1, %s) n", [count])
    settle(shop)


def contents(warehouse: Warehouse) -> list[dict[str, Any]]:
    with connect(warehouse, threads=1) as engine:
        orders = engine.table("orders")
        rows: list[dict[str, Any]] = orders.order_by("id").to_pyarrow().to_pylist()
    return rows


def modes(shop: Shop, warehouse: Warehouse, database: str) -> dict[str, tuple[str, int, int, int]]:
    settle(shop)
    report = warehouse.refresh(database, [ORDERS, LINES])
    return {t.name: (t.mode, t.row_count, t.read_count, t.deleted_count) for t in report.tables}


def test_values_arrive_exactly(shop: Shop, database: str, tmp_path: Path) -> None:
    largest = Decimal("-9999999999999999.99999999")
    for amount, note in ((largest, '客户 "甲"\n'), (Decimal("0.10000000"), ""), (Decimal(0), None)):
        shop.execute("INSERT INTO shop_order (amount, note) VALUES (%s, %s)", [amount, note])
    warehouse = Warehouse(tmp_path)
    warehouse.refresh(database, [ORDERS])
    rows = contents(warehouse)
    assert [row["amount"] for row in rows] == [largest, Decimal("0.1"), 0]
    assert [row["note"] for row in rows] == ['客户 "甲"\n', "", None]
    assert {row["placed_on"] for row in rows} == {date(2026, 3, 2)}
    assert {row["customer_id"] for row in rows} == {None}


def test_only_what_changed_is_read_again(shop: Shop, database: str, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    add_orders(shop, 100)
    assert modes(shop, warehouse, database) == {"orders": ("full", 100, 100, 0), "lines": ("full", 0, 0, 0)}
    assert modes(shop, warehouse, database) == {"orders": ("unchanged", 100, 0, 0), "lines": ("unchanged", 0, 0, 0)}
    shop.execute("UPDATE shop_order SET note = 'x' WHERE id <= 3")
    assert modes(shop, warehouse, database)["orders"] == ("delta", 100, 3, 0)
    shop.execute("DELETE FROM shop_order WHERE id IN (2, 50)")
    assert modes(shop, warehouse, database)["orders"] == ("delta", 98, 0, 2)
    assert [row["id"] for row in contents(warehouse) if row["note"]] == [1, 3]


def test_what_commits_after_a_snapshot_is_in_the_next_one(shop: Shop, database: str, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    add_orders(shop, 100)
    with psycopg.connect(database) as late:
        late.execute("UPDATE shop_order SET note = 'late' WHERE id = 1")
        shop.execute("UPDATE shop_order SET note = 'early' WHERE id = 2")
        warehouse.refresh(database, [ORDERS])
        assert [row["note"] for row in contents(warehouse)[:2]] == [None, "early"]
        late.commit()
    assert modes(shop, warehouse, database)["orders"] == ("delta", 100, 2, 0)
    assert [row["note"] for row in contents(warehouse)[:2]] == ["late", "early"]


def test_a_base_with_many_replaced_rows_is_written_anew(shop: Shop, database: str, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    add_orders(shop, 100)
    warehouse.refresh(database, [ORDERS])
    shop.execute("UPDATE shop_order SET note = 'x' WHERE id <= 11")
    [report] = warehouse.refresh(database, [ORDERS]).tables
    assert (report.mode, report.compacted, report.row_count) == ("delta", True, 100)
    assert len(list(tmp_path.glob("tables/orders/*"))) == 1


def test_equal_contents_have_equal_fingerprints(shop: Shop, database: str, tmp_path: Path) -> None:
    add_orders(shop, 100)
    grown, fresh = Warehouse(tmp_path / "grown"), Warehouse(tmp_path / "fresh")
    before = grown.refresh(database, [ORDERS]).fingerprint
    assert grown.refresh(database, [ORDERS]).fingerprint == before
    shop.execute("UPDATE shop_order SET amount = 7 WHERE id = 7")
    shop.execute("DELETE FROM shop_order WHERE id = 8")
    after = grown.refresh(database, [ORDERS]).fingerprint
    assert after == fresh.refresh(database, [ORDERS]).fingerprint != before


@pytest.mark.parametrize("change", ["TRUNCATE shop_order", TABLES])
def test_a_table_with_another_file_is_read_in_full(shop: Shop, database: str, tmp_path: Path, change: str) -> None:
    warehouse = Warehouse(tmp_path)
    add_orders(shop, 5)
    warehouse.refresh(database, [ORDERS])
    shop.execute(change)
    shop.execute("INSERT INTO shop_order (id, changed_xid) VALUES (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)")
    assert modes(shop, warehouse, database)["orders"] == ("full", 5, 5, 0)


def test_another_definition_is_read_in_full(shop: Shop, database: str, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    add_orders(shop, 5)
    warehouse.refresh(database, [ORDERS])
    other = Source(name="orders", table="shop_order", columns=(Column(name="note", kind="text"),))
    [report] = warehouse.refresh(database, [other]).tables
    assert report.mode == "full"
    assert set(contents(warehouse)[0]) == {"id", "note", "changed_xid"}


@pytest.mark.parametrize(("field", "value"), [("identity", "another/1/1"), ("watermark", 1 << 60)])
def test_a_restored_database_is_read_in_full(
    shop: Shop, database: str, tmp_path: Path, field: str, value: object
) -> None:
    warehouse = Warehouse(tmp_path)
    add_orders(shop, 5)
    warehouse.refresh(database, [ORDERS])
    [path] = tmp_path.glob("versions/*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    assert modes(shop, warehouse, database)["orders"] == ("full", 5, 5, 0)


def test_a_reader_keeps_its_version(shop: Shop, database: str, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    add_orders(shop, 5)
    first = warehouse.refresh(database, [ORDERS])
    with connect(warehouse, threads=1) as engine:
        for _ in range(3):
            add_orders(shop, 5)
            warehouse.refresh(database, [ORDERS], full=True)
        assert engine.table("orders").count().to_pyarrow().as_py() == 5
        assert engine.fingerprint == first.fingerprint
    warehouse.refresh(database, [ORDERS])
    assert len(list(tmp_path.glob("tables/*/*"))) == 1
    assert not list(tmp_path.glob("scratch-*"))
    assert len(contents(warehouse)) == 20


def test_what_a_killed_reader_leaves_is_removed(shop: Shop, database: str, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.refresh(database, [ORDERS])
    code = (
        "import os, signal, sys; from pathlib import Path; from zhike.engine.warehouse import Warehouse\n"
        "lease = Warehouse(Path(sys.argv[1])).read(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert len(list(tmp_path.glob("scratch-*"))) == 1
    with connect(warehouse, threads=1):
        warehouse.refresh(database, [ORDERS])
        assert len(list(tmp_path.glob("scratch-*"))) == 1
    assert not list(tmp_path.glob("scratch-*"))


def test_a_second_refresh_at_the_same_time_is_refused(shop: Shop, database: str, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with exclusive(tmp_path / "lock"), pytest.raises(WarehouseBusy):
        warehouse.refresh(database, [ORDERS])
    assert warehouse.current() is None


def test_a_role_that_row_security_would_mislead_is_refused(shop: Shop, database: str, tmp_path: Path) -> None:
    add_orders(shop, 5)
    shop.execute("ALTER TABLE shop_order ENABLE ROW LEVEL SECURITY")
    shop.execute("CREATE POLICY first_two ON shop_order USING (id < 3)")
    shop.execute(f"GRANT SELECT ON shop_order TO {APP}")
    cluster = postgres.ensure_running(Home.current())
    as_app = cluster.app_url.rpartition("/")[0] + "/" + database.rpartition("/")[2]
    warehouse = Warehouse(tmp_path)
    with pytest.raises(adbc_driver_manager.Error, match="row-level security"):
        warehouse.refresh(as_app, [ORDERS])
    assert warehouse.current() is None


def test_an_empty_warehouse_says_so(tmp_path: Path) -> None:
    with pytest.raises(WarehouseEmpty):
        connect(Warehouse(tmp_path))


def test_an_engine_that_does_not_open_holds_nothing(shop: Shop, database: str, tmp_path: Path) -> None:
    add_orders(shop, 3)
    warehouse = Warehouse(tmp_path)
    warehouse.refresh(database, [ORDERS])
    for file in tmp_path.rglob("*.parquet"):
        file.write_bytes(b"no table")
    open_files = psutil.Process().num_fds()
    for _attempt in range(3):
        with pytest.raises(duckdb.Error):
            connect(warehouse, threads=1)
    assert psutil.Process().num_fds() <= open_files
    assert [path.name for path in tmp_path.rglob("scratch-*")] == []


def test_an_engine_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sqlite", "spark", "spark://"):
        monkeypatch.setenv("ZHIKE_ENGINE", name)
        with pytest.raises(EnvironmentProblem, match=f"ZHIKE_ENGINE={name}"):
            connect(Warehouse(tmp_path))


def test_what_spark_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIKE_ENGINE", "spark://cluster:7077")
    monkeypatch.setattr(spark, "find_spec", lambda _name: None)
    with pytest.raises(EnvironmentProblem, match="pip install"):
        connect(Warehouse(tmp_path))
    monkeypatch.setattr(spark, "find_spec", lambda name: name)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="Java 17"):
        connect(Warehouse(tmp_path))
    with pytest.raises(EnvironmentProblem, match="Java 17"):
        load()


def test_importing_the_engine_loads_nothing_heavy() -> None:
    code = (
        "import sys, zhike.engine.backend, zhike.engine.results\n"
        "print([name for name in ('ibis', 'duckdb', 'pyarrow', 'polars', 'pandas', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
