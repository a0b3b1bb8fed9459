"""BG/NBD of the library: one row a customer, grouped, fitted, scored."""

import time
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
from runner import cpu_seconds

from zhike.science.clv.beta_geo import BetaGeo, fit_beta_geo
from zhike.science.clv.histories import Histories
from zhike.science.clv.scoring import score_repeat_purchases

WEEKS = 39.0


def load(given: Path) -> ir.Table:
    return ibis.duckdb.connect(threads=1).read_parquet(given).cache()


def work(rows: ir.Table, output: Path) -> dict[str, Any]:
    began, wall = cpu_seconds(), time.perf_counter()
    histories = Histories.of_table(rows)
    grouped = cpu_seconds()
    model = fit_beta_geo(histories)
    fitted, fitted_wall = cpu_seconds(), time.perf_counter()
    scores = score_repeat_purchases(rows, model, weeks=WEEKS).to_pyarrow()
    assert isinstance(model, BetaGeo)
    return {
        "group_cpu_s": grouped - began,
        "fit_cpu_s": fitted - began,
        "fit_wall_s": fitted_wall - wall,
        "score_cpu_s": cpu_seconds() - fitted,
        "scored": scores.num_rows,
        "distinct": len(histories.frequency),
        "parameters": [model.r, model.alpha, model.a, model.b],
        "expected": float(scores["expected_purchases"].to_numpy().sum()),
    }
