"""What is bought together: the rules of the groceries, against mlxtend, and pairs of many lines by the engine."""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contests import Told, ours, peer
from harness import emit, missed

LINES = int(os.environ.get("ZHIKE_BENCH_LINES", 5_000_000))
PRODUCTS = 10_000
BY_LENGTH = [157, 2_981, 6_831, 3_137, 376, 10]


def plant_groceries(published: Path, file: Path) -> None:
    baskets = [line.split(",") for line in published.read_text().splitlines()]
    order = [place for place, basket in enumerate(baskets) for _product in basket]
    product = [name for basket in baskets for name in basket]
    pq.write_table(pa.table({"order_id": order, "product_id": product}), file)


def plant_lines(file: Path) -> None:
    """Baskets of ten lines on average, products by a power law."""
    dice = np.random.default_rng(1)
    product = (PRODUCTS * dice.random(LINES) ** 3).astype(np.int64)
    pq.write_table(pa.table({"order_id": dice.integers(0, LINES // 10, LINES), "product_id": product}), file)


def tell(mine: Told, theirs: Told) -> None:
    """Emit basket_ratio; both are to find the same sets and rules."""
    found, known = mine.found, theirs.found
    same = all(found[name] == known[name] for name in known)
    emit("basket_cpu_s", mine.cpu_seconds, "CPU s", sets=found["sets"], rules=found["rules"])
    ratio = theirs.cpu_seconds / mine.cpu_seconds
    emit("basket_ratio", ratio, "x", target=">= 5", mlxtend_cpu_s=round(theirs.cpu_seconds, 2))
    emit("basket_peak_mb", mine.peak_mb, "MB", mlxtend_mb=round(theirs.peak_mb))
    emit("basket_same_as_mlxtend", int(same), "", target=">= 1", found=found, mlxtend=known)
    emit("basket_sets_published", int(found["by_length"] == BY_LENGTH), "", target=">= 1")


def main() -> int:
    published = Path(os.environ.get("ZHIKE_TRIAL_DATA", "")) / "groceries" / "groceries.csv"
    with tempfile.TemporaryDirectory(prefix="zhike-bench-", dir=os.environ.get("ZHIKE_BENCH_FOLDER")) as folder:
        if published.is_file():
            file = Path(folder) / "groceries.parquet"
            plant_groceries(published, file)
            tell(ours("baskets_zhike", file), peer("baskets_mlxtend", file))
        many = Path(folder) / "lines.parquet"
        plant_lines(many)
        pairs = ours("pairs_zhike", many)
        figures = {"lines": LINES, "pairs": pairs.found["pairs"], "cpu_s": round(pairs.cpu_seconds, 1)}
        emit("basket_pairs_s", pairs.wall_seconds, "s", peak_mb=round(pairs.peak_mb), **figures)
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
