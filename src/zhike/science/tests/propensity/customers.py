"""Invented customers whose chances are known, and the published data as examples."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from scipy.special import expit

from zhike.science.propensity.inputs import Examples, Floats, Inputs


def customers(size: int, *, seed: int, rate: float = 0.0) -> tuple[Examples, Floats]:
    """Four features: a quantity with a bend, one with gaps, a name, and one without meaning. Also the true chances.

    rate: moves the log odds.
    """
    chance = np.random.default_rng(seed)
    bend, gaps, noise = chance.normal(size=(3, size))
    place = chance.integers(0, 3, size)
    log_odds = rate - 1 + 1.5 * np.abs(bend) + 0.8 * gaps + np.array([-0.7, 0.0, 0.9])[place]
    gaps = np.where(chance.random(size) < 0.1, np.nan, gaps)
    inputs = Inputs(
        names=("bend", "gaps", "town", "noise"),
        values=np.column_stack([bend, gaps, place, noise]),
        levels={"town": ("杭州", "宁波", "温州")},
    )
    probability = expit(log_odds)
    happened = (chance.random(size) < probability).astype(np.int64)
    return Examples(inputs=inputs, happened=happened, time=np.arange(size) // 10), probability


def telco(trial_data: Path) -> pa.Table:
    options = pa.csv.ConvertOptions(
        null_values=["", " "], strings_can_be_null=True, column_types={"TotalCharges": pa.float64()}
    )
    rows = pa.csv.read_csv(trial_data / "telco_churn" / "Telco-Customer-Churn.csv", convert_options=options)
    return _as_label(rows, "Churn", "Yes")


def bank(trial_data: Path) -> pa.Table:
    """In the order of time, with the number of the row as such."""
    raw = gzip.decompress((trial_data / "bank_marketing" / "bank-additional-full.csv.gz").read_bytes())
    rows = pa.csv.read_csv(io.BytesIO(raw), parse_options=pa.csv.ParseOptions(delimiter=";"))
    return _as_label(rows, "y", "yes").append_column("row", pa.array(np.arange(rows.num_rows)))


def _as_label(rows: pa.Table, name: str, yes: str) -> Any:
    return rows.set_column(rows.column_names.index(name), name, pc.equal(rows[name], yes))
