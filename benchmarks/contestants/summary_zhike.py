"""Repeat purchases from orders: the library's summary, from a Parquet file to another."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import ibis

from zhike.science.purchases import calibrated_summary

END = date(2026, 6, 30)
MEMORY_MB = int(os.environ.get("ZHIKE_BENCH_MEMORY_MB", 6_000))


def load(given: Path) -> Path:
    return given


def work(given: Path, output: Path) -> dict[str, Any]:
    engine = ibis.duckdb.connect(memory_limit=f"{MEMORY_MB}MB", temp_directory=str(output))
    engine.raw_sql("SET preserve_insertion_order = false")
    rows = calibrated_summary(engine.read_parquet(given), calibration_end=END)
    summary = output / "summary.parquet"
    engine.raw_sql(f"COPY ({ibis.to_sql(rows, dialect='duckdb')}) TO '{summary}'")
    return {"customers": engine.read_parquet(summary).count().execute()}
