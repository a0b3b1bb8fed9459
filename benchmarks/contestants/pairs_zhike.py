"""Frequent pairs of the library, counted by the engine with all its threads."""

from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from zhike.science.baskets.together import basket_items, frequent_pairs

SUPPORT = 0.002


def load(given: Path) -> ir.Table:
    return ibis.duckdb.connect().read_parquet(given)


def work(lines: ir.Table, output: Path) -> dict[str, Any]:
    items = basket_items(lines).cache()
    return {"pairs": frequent_pairs(items, support=SUPPORT).to_pyarrow().num_rows}
