"""Ten products for every customer: purchases read, EASE fitted, lists made and written."""

import os
import time
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq

from zhike.science.recommending.interactions import Interactions
from zhike.science.recommending.lists import recommend
from zhike.science.recommending.neighbours import fit_ease


def load(given: Path) -> ir.Table:
    return ibis.duckdb.connect().read_parquet(given)


def work(lines: ir.Table, output: Path) -> dict[str, Any]:
    began = time.perf_counter()
    interactions = Interactions.of_table(lines)
    read = time.perf_counter()
    model = fit_ease(interactions)
    fitted = time.perf_counter()
    table = recommend(model, interactions, count=10, threads=os.cpu_count() or 1)
    pq.write_table(table, output / "lists.parquet")
    return {
        "customers": len(interactions.users),
        "products": len(interactions.items),
        "purchases": len(interactions.user),
        "rows": table.num_rows,
        "read_s": read - began,
        "fit_s": fitted - read,
        "list_s": time.perf_counter() - fitted,
    }
