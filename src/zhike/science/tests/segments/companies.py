"""Customers with segments that are known, and those of published data."""

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhike.science.propensity.inputs import Integers
from zhike.science.segments.customers import Qualities, Quantities

# Stouffer and Toby (1951), as Goodman (1974) analysed them: 216 people, four conflicts of roles.
CONFLICTS = (42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20)


def conflicts() -> Qualities:
    patterns = np.array(list(itertools.product("+-", repeat=4)), dtype=object)
    return Qualities(names=("A", "B", "C", "D"), values=patterns, counts=np.array(CONFLICTS))


def three_groups(size: int = 300, *, seed: int = 1) -> tuple[Quantities, Integers]:
    """Regulars, big spenders and those long gone, well apart; and who is which."""
    chance = np.random.default_rng(seed)
    centres = np.array([[2.0, 3.5, 5.0], [3.0, 1.5, 8.0], [6.0, 0.8, 3.0]])
    truth = chance.choice(3, size, p=[0.5, 0.2, 0.3])
    logs = centres[truth] + chance.normal(0, 0.25, (size, 3))
    return Quantities(names=("recency", "orders", "amount"), values=np.expm1(logs)), truth


def retail(folder: Path) -> Quantities:
    """Online Retail (Chen 2012), cleaned as usual: recency in days, days with a purchase, amount."""
    path = folder / "online_retail" / "online_retail.parquet"
    if not path.is_file():
        pytest.skip("needs the trial data set online_retail")
    lines = pl.read_parquet(path).filter(
        pl.col("CustomerID").is_not_null(), pl.col("Quantity") > 0, pl.col("UnitPrice") > 0
    )
    day = pl.col("InvoiceDate").dt.date()
    last = lines.select(day.max()).item()
    rows = lines.group_by("CustomerID").agg(
        recency=(pl.lit(last) - day.max()).dt.total_days(),
        days=day.n_unique(),
        amount=(pl.col("Quantity") * pl.col("UnitPrice")).sum(),
    )
    names = ("recency", "days", "amount")
    return Quantities(names=names, values=rows.select(names).to_numpy().astype(float))
