"""Whatever happens to a table between refreshes, the warehouse holds what the table held at the last one."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from zhike.engine import tables
from zhike.engine.backend import connect
from zhike.engine.sources import Source
from zhike.engine.tests.shop import ORDERS, ORDERS_WITH_NOTES, TABLES
from zhike.engine.versions import Version
from zhike.engine.warehouse import RefreshReport, Warehouse

pytestmark = pytest.mark.long

ids = st.lists(st.integers(1, 60), min_size=1, max_size=8)


class Histories(RuleBasedStateMachine):
    """Two writers, of which the second commits late; it keeps to odd keys, so that they never wait for each other."""

    database: str
    orders: Source

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.warehouse = Warehouse(Path(self.folder.name))
        self.writer = psycopg.connect(self.database, autocommit=True)
        self.late = psycopg.connect(self.database)
        self.refreshed = False
        self.expected: list[tuple[Any, ...]] = []

    @initialize(count=st.integers(0, 60))
    def fill(self, count: int) -> None:
        self.writer.execute(TABLES)
        self.writer.execute("SET lock_timeout = '5s'")
        self.writer.execute("INSERT INTO shop_order (amount) SELECT n FROM generate_series(1, %s) n", [count])
        # New keys stay clear of those that are brought back.
        self.writer.execute("SELECT setval('shop_order_id_seq', 1000)")

    @rule(count=st.integers(1, 6))
    def insert(self, count: int) -> None:
        self.writer.execute("INSERT INTO shop_order (amount) SELECT n FROM generate_series(1, %s) n", [count])

    @rule(ids=ids)
    def update(self, ids: list[int]) -> None:
        self.writer.execute("UPDATE shop_order SET amount = amount + 1 WHERE id %% 2 = 0 AND id = ANY(%s)", [ids])

    @rule(ids=ids)
    def delete(self, ids: list[int]) -> None:
        self.writer.execute("DELETE FROM shop_order WHERE id %% 2 = 0 AND id = ANY(%s)", [ids])

    @rule(ids=ids)
    def bring_back(self, ids: list[int]) -> None:
        self.writer.execute(
            "INSERT INTO shop_order (id, note) SELECT DISTINCT 2 * n, 'back' FROM unnest(%s::bigint[]) n"
            " ON CONFLICT DO NOTHING",
            [ids],
        )

    @rule(ids=ids)
    def write_late(self, ids: list[int]) -> None:
        self.late.execute("UPDATE shop_order SET note = 'late' WHERE id %% 2 = 1 AND id = ANY(%s)", [ids])
        self.late.execute("DELETE FROM shop_order WHERE id %% 2 = 1 AND id = %s", [ids[0]])
        self.late.execute("INSERT INTO shop_order (note) VALUES ('late')")

    @rule()
    def commit_late(self) -> None:
        self.late.commit()

    @rule()
    def abandon_late(self) -> None:
        self.late.rollback()

    @rule()
    def refresh(self) -> None:
        before = self.warehouse.read() if self.refreshed else None
        known = set(self.expected)
        report = self.warehouse.refresh(self.database, [self.orders])
        self.refreshed = True
        self.expected = self.writer.execute("SELECT id, amount, note, changed_xid FROM shop_order").fetchall()
        self.check_report(report)
        if before:
            self.check_differences(before.version, known)
            before.release()

    def check_differences(self, before: Version, known: set[tuple[Any, ...]]) -> None:
        with connect(self.warehouse, threads=1) as engine:
            found = engine.differences("orders", since=before)
            if found is not None:
                rows = found.select("id", "amount", "note", "changed_xid").to_pyarrow().to_pylist()
                times = Counter(tuple(row.values()) for row in rows)
                assert {row for row, count in times.items() if count == 1} == known ^ set(self.expected)
                assert {row for row, count in times.items() if count > 1} <= known & set(self.expected)

    def check_report(self, report: RefreshReport) -> None:
        [table] = report.tables
        assert table.row_count == len(self.expected)
        again = Warehouse(Path(self.folder.name) / "again").refresh(self.database, [self.orders], full=True)
        assert report.fingerprint == again.fingerprint

    @precondition(lambda self: self.refreshed)
    @invariant()
    def the_warehouse_holds_what_the_table_held(self) -> None:
        with connect(self.warehouse, threads=1) as engine:
            rows = engine.table("orders").select("id", "amount", "note", "changed_xid").to_pyarrow().to_pylist()
        assert sorted(tuple(row.values()) for row in rows) == sorted(self.expected)

    def teardown(self) -> None:
        self.writer.close()
        self.late.close()
        self.folder.cleanup()


@pytest.mark.parametrize("orders", [ORDERS, ORDERS_WITH_NOTES], ids=["counted", "noted"])
def test_every_history_ends_in_the_same_rows(orders: Source, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhike.engine.warehouse.COMPACTION_SHARE", 0.3)
    monkeypatch.setattr(Histories, "database", database, raising=False)
    monkeypatch.setattr(Histories, "orders", orders, raising=False)
    run_state_machine_as_test(
        Histories,
        settings=settings(max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck)),
    )


def test_many_row_groups_add_up(
    shop: psycopg.Connection[Any], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "GROUP_ROWS", 1000)
    shop.execute("INSERT INTO shop_order (amount, note) SELECT n, repeat('x', 2000) FROM generate_series(1, 30000) n")
    Warehouse(tmp_path).refresh(database, [ORDERS])
    [base] = tmp_path.glob("tables/orders/*-base.parquet")
    assert pq.ParquetFile(base).num_row_groups > 3
    with connect(Warehouse(tmp_path), threads=1) as engine:
        assert engine.table("orders").amount.sum().to_pyarrow().as_py() == 30000 * 30001 // 2
