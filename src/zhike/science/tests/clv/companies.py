"""The company whose figures are published, and invented ones whose parameters are known."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from zhike.science.clv.histories import Histories
from zhike.science.tests.tables import ORDERS

CALIBRATION_END = date(1997, 9, 30)
WEEKS = 39
BETA_GEO = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}


def cdnow_orders(trial_data: Path) -> ir.Table:
    """The published tenth of the customers: both halves of the year and a half."""
    rows = []
    for line in (trial_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines():
        _master, sample, day, _discs, amount = line.split()
        rows.append((int(sample), date.fromisoformat(day), Decimal(amount)))
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), ORDERS.types, strict=True)]
    return ibis.memtable(pa.table(columns, schema=ORDERS))


def held_out(orders: ir.Table, customers: list[int]) -> Any:
    """Days on which these bought in the weeks after the calibration."""
    last = CALIBRATION_END + timedelta(weeks=WEEKS)
    later = orders.filter(orders.placed_on > CALIBRATION_END, orders.placed_on <= last)
    counted = later.group_by("customer_id").agg(days=later.placed_on.nunique()).to_pyarrow().to_pylist()
    known = {row["customer_id"]: row["days"] for row in counted}
    return np.array([known.get(customer, 0) for customer in customers])


def beta_geo_company(size: int, *, seed: int, is_modified: bool = False, **parameters: float) -> Histories:
    """Customers as the model tells of them, by the week in real numbers."""
    told = {**BETA_GEO, **parameters}
    chance = np.random.default_rng(seed)
    age = chance.uniform(27, 39, size)
    rate = chance.gamma(told["r"], 1 / told["alpha"], size)
    leaves = chance.beta(told["a"], told["b"], size)
    frequency, recency = np.zeros(size, np.int64), np.zeros(size)
    here = np.flatnonzero(chance.random(size) >= leaves) if is_modified else np.arange(size)
    while len(here):
        bought = recency[here] + chance.exponential(1 / np.maximum(rate[here], 1e-12))
        in_time = bought < age[here]
        here, bought = here[in_time], bought[in_time]
        recency[here] = bought
        frequency[here] += 1
        here = here[chance.random(len(here)) >= leaves[here]]
    return Histories.of_customers(frequency, recency, age)


def pareto_company(size: int, *, seed: int, r: float, alpha: float, s: float, beta: float) -> Histories:
    chance = np.random.default_rng(seed)
    age = chance.uniform(27, 39, size)
    rate = chance.gamma(r, 1 / alpha, size)
    lifetime = np.minimum(chance.exponential(1 / chance.gamma(s, 1 / beta, size)), age)
    frequency = chance.poisson(rate * lifetime)
    # Of so many purchases spread evenly over the lifetime, the last.
    recency = np.where(frequency > 0, lifetime * chance.random(size) ** (1 / np.maximum(frequency, 1)), 0.0)
    return Histories.of_customers(frequency, recency, age)
