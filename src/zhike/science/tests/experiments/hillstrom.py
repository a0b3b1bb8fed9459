"""The e-mail trial whose figures are published: two campaigns and nobody, 64,000 customers."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

MENS, WOMENS, NOBODY = "Mens E-Mail", "Womens E-Mail", "No E-Mail"


def hillstrom_rows(trial_data: Path) -> pl.DataFrame:
    path = trial_data / "hillstrom" / "hillstrom.csv.gz"
    if not path.is_file():
        pytest.skip("needs the trial data set hillstrom")
    return pl.read_csv(path, infer_schema_length=None)
