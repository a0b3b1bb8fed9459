"""From orders to what models of repeat purchases take: ten million against lifetimes, a hundred million by itself."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from contests import Told, ours, peer
from harness import emit, missed

ORDERS = int(os.environ.get("ZHIKE_BENCH_ORDERS", 10_000_000))
ORDERS_A_CUSTOMER = 10
MANY, MANY_CUSTOMERS = 10 * ORDERS, ORDERS // 5
ROUNDS = 2
SHOWN = 5  # rows that differ, where there are any


def plant(file: Path, orders: int, customers: int) -> None:
    """Orders of two years in the order of their days, some of them after the end and some on one day."""
    with duckdb.connect(config={"memory_limit": "2GB"}) as engine:
        engine.execute(
            f"""COPY (
                SELECT (hash(n) % {customers})::BIGINT AS customer_id,
                    DATE '2024-07-20' + (n * 730 // {orders})::INTEGER AS placed_on,
                    ((hash(n + 1) % 100000) / 100)::DECIMAL(18, 2) AS amount
                FROM range({orders}) AS rows(n)
            ) TO '{file}' (ROW_GROUP_SIZE 1000000)"""  # noqa: S608
        )


def as_pandas_likes(file: Path) -> Path:
    """The same orders with times and binary numbers, for dates and decimals are Python objects to pandas."""
    other = file.with_name("orders_for_pandas.parquet")
    with duckdb.connect(config={"memory_limit": "2GB"}) as engine:
        orders = engine.read_parquet(str(file))
        orders.select("customer_id, placed_on::TIMESTAMP AS placed_at, amount::DOUBLE AS amount").to_parquet(str(other))
    return other


def quickest(contest: Callable[[], Told]) -> Told:
    """Of some runs, for others work on the machine too."""
    return min((contest() for _ in range(ROUNDS)), key=lambda told: told.wall_seconds)


def tell(mine: Told, theirs: Told) -> None:
    """Emit summary_ratio, from file to file on the machine's cores, summary_memory_ratio and summary_rows_apart."""
    sizes = {"orders": ORDERS, "customers": mine.found["customers"]}
    wall = {"s": round(mine.wall_seconds, 1), "lifetimes_s": round(theirs.wall_seconds, 1)}
    cpu = {"cpu_s": round(mine.cpu_seconds, 1), "lifetimes_cpu_s": round(theirs.cpu_seconds, 1)}
    emit("summary_ratio", theirs.wall_seconds / mine.wall_seconds, "x", target=">= 5", **wall, **cpu, **sizes)
    held = {"mb": round(mine.peak_mb), "lifetimes_mb": round(theirs.peak_mb)}
    emit("summary_memory_ratio", mine.peak_mb / theirs.peak_mb, "x", target="<= 0.5", **held)
    apart = differences(mine.output / "summary.parquet", theirs.output / "summary.parquet")
    emit("summary_rows_apart", len(apart), "rows", target="<= 0", first=[str(row) for row in apart[:SHOWN]])


def differences(mine: Path, theirs: Path) -> list[tuple[object, ...]]:
    """Customers of one who are not in the other, or not with the same figures; means to 1e-6."""
    with duckdb.connect() as engine:
        return engine.execute(
            f"""SELECT * FROM '{mine}' AS mine FULL JOIN '{theirs}' AS theirs USING (customer_id)
            WHERE (mine.frequency = theirs.frequency AND round(mine.recency_weeks * 7, 6) = theirs.recency
                AND round(mine.age_weeks * 7, 6) = theirs.T
                AND abs(coalesce(mine.mean_repeat_amount, 0)::DOUBLE - theirs.monetary_value) < 1e-6) IS NOT TRUE"""  # noqa: S608
        ).fetchall()


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="zhike-bench-", dir=os.environ.get("ZHIKE_BENCH_FOLDER")) as folder:
        file = Path(folder) / "orders.parquet"
        plant(file, ORDERS, ORDERS // ORDERS_A_CUSTOMER)
        mine = quickest(lambda: ours("summary_zhike", file, ZHIKE_BENCH_MEMORY_MB="1000"))
        other = as_pandas_likes(file)
        tell(mine, quickest(lambda: peer("summary_lifetimes", other)))
        plant(file, MANY, MANY_CUSTOMERS)
        told = ours("summary_zhike", file)
        sizes = {"events": MANY, "customers": told.found["customers"], "file_mb": round(file.stat().st_size / 1e6)}
        figures = {"cpu_s": round(told.cpu_seconds, 1), "peak_mb": round(told.peak_mb)}
        emit("summary_100m_s", told.wall_seconds, "s", target="<= 60", **figures, **sizes)
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
