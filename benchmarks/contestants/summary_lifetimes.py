"""Repeat purchases from orders: the summary of lifetimes, from a Parquet file to another."""

from pathlib import Path
from typing import Any

import pandas as pd
from lifetimes.utils import summary_data_from_transaction_data

END = "2026-06-30"


def load(given: Path) -> Path:
    return given


def work(given: Path, output: Path) -> dict[str, Any]:
    rows = pd.read_parquet(given)
    found = summary_data_from_transaction_data(rows, "customer_id", "placed_at", "amount", observation_period_end=END)
    found.reset_index().to_parquet(output / "summary.parquet")
    return {"customers": len(found)}
