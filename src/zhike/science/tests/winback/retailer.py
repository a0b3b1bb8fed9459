"""Online Retail (Chen 2012) as orders, and its lost customers ranked in every way that is compared."""

from datetime import date
from pathlib import Path

import ibis
import ibis.expr.types as ir
import polars as pl

from zhike.science.propensity.inputs import Floats
from zhike.science.winback.returning import FEATURES, fit_returns, lapsed_customers, spending_after

LAST_DAY = date(2011, 9, 8)  # the cut is the day after
WEEKS, LOST_DAYS = 13, 90
FURTHER = ("products", "pieces", "price")


def invoices(file: Path) -> ir.Table:
    lines = pl.read_parquet(file).filter(pl.col("CustomerID").is_not_null(), pl.col("UnitPrice") > 0)
    rows = lines.group_by("InvoiceNo").agg(
        customer_id=pl.col("CustomerID").first().cast(pl.Int64),
        placed_on=pl.col("InvoiceDate").min().dt.date(),
        amount=(pl.col("Quantity") * pl.col("UnitPrice")).sum().round(2).cast(pl.Decimal(24, 8)),
        products=pl.col("StockCode").n_unique(),
        pieces=pl.col("Quantity").abs().sum(),
        price=pl.col("UnitPrice").median(),
    )
    return ibis.memtable(rows.to_arrow())


def ranked(orders: ir.Table) -> tuple[dict[str, Floats], Floats]:
    """Who was lost at the cut by each ranking, and what they spent in the weeks after it."""
    model = fit_returns(orders, as_of=LAST_DAY, lost_days=LOST_DAYS, weeks=WEEKS, further=FURTHER)
    lost = lapsed_customers(orders, as_of=LAST_DAY, lost_days=LOST_DAYS, further=FURTHER)
    returns = model.predict(lost)
    rate, mean = (lost.features[:, FEATURES.index(name)] for name in ("rate", "mean"))
    rankings = {
        "return": returns.p,
        "value": returns.value,
        "nbd": rate,
        "nbd_by_mean": rate * mean,
        "recency": -lost.recency_days,
    }
    return rankings, spending_after(orders, lost.customer_ids, day=LAST_DAY, weeks=WEEKS)
