"""A refresh that is killed at any moment leaves a warehouse that reads as before and goes on as if nothing happened."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from zhike.engine.backend import connect
from zhike.engine.tests.shop import ORDERS
from zhike.engine.warehouse import Warehouse

REFRESH = """
import sys
from pathlib import Path
from zhike.engine.tests.shop import ORDERS
from zhike.engine.warehouse import Warehouse
warehouse = Warehouse(Path(sys.argv[1]))
print("ready", flush=True)
warehouse.refresh(sys.argv[2], [ORDERS])
"""


def kill_a_refresh(folder: Path, database: str, *, after: float) -> bool:
    """Whether it was still running when it was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", REFRESH, str(folder), database], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() != 0


def total(warehouse: Warehouse) -> tuple[int, int]:
    with connect(warehouse, threads=1) as engine:
        orders = engine.table("orders")
        [row] = orders.agg(n=orders.count(), amount=orders.amount.sum()).to_pyarrow().to_pylist()
    return row["n"], int(row["amount"])


def moments(count: int) -> Iterator[float]:
    chance = random.Random(20261122)  # noqa: S311
    return (chance.uniform(0, 0.6) for _ in range(count))


@pytest.mark.fault
def test_a_killed_refresh_leaves_a_whole_warehouse(
    shop: psycopg.Connection[Any], database: str, tmp_path: Path
) -> None:
    shop.execute("INSERT INTO shop_order (amount) SELECT n FROM generate_series(1, 200000) n")
    warehouse = Warehouse(tmp_path)
    warehouse.refresh(database, [ORDERS])
    published = {total(warehouse)}
    killed = 0
    for turn, after in enumerate(moments(12)):
        if turn % 3 == 2:
            shop.execute("DELETE FROM shop_order WHERE id %% 1000 = %s", [turn])
        shop.execute("UPDATE shop_order SET amount = amount + 1 WHERE id %% %s = 0", [2 + turn % 4 * 20])
        now = shop.execute("SELECT count(*), sum(amount)::bigint FROM shop_order").fetchone()
        assert now is not None
        killed += kill_a_refresh(tmp_path, database, after=after)
        found = total(warehouse)
        assert found in published | {now}
        published = {found}
    assert killed > 3
    warehouse.refresh(database, [ORDERS])
    assert total(warehouse) == now
    version = warehouse.current()
    assert version is not None
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("tables/*/*")) == sorted(
        version.tables["orders"].paths
    )
