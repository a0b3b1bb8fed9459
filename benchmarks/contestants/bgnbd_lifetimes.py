"""BG/NBD of lifetimes: one row a customer, fitted, scored."""

from pathlib import Path
from typing import Any

import pandas as pd
from lifetimes import BetaGeoFitter
from runner import cpu_seconds

WEEKS = 39.0


def load(given: Path) -> pd.DataFrame:
    return pd.read_parquet(given)


def work(rows: pd.DataFrame, output: Path) -> dict[str, Any]:
    began = cpu_seconds()
    model = BetaGeoFitter().fit(rows["frequency"], rows["recency_weeks"], rows["age_weeks"])
    fitted = cpu_seconds()
    expected = model.conditional_expected_number_of_purchases_up_to_time(
        WEEKS, rows["frequency"], rows["recency_weeks"], rows["age_weeks"]
    )
    model.conditional_probability_alive(rows["frequency"], rows["recency_weeks"], rows["age_weeks"])
    return {
        "fit_cpu_s": fitted - began,
        "score_cpu_s": cpu_seconds() - fitted,
        "parameters": [float(model.params_[name]) for name in ("r", "alpha", "a", "b")],
        "expected": float(expected.sum()),
    }
