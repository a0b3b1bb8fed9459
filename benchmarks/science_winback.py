"""Win-back on the orders of Online Retail: lost for more than 90 days, the next 13 weeks, against NBD and recency."""

import os
import sys
from datetime import date
from pathlib import Path

import ibis
import polars as pl

from harness import emit, missed
from zhike.science.winback.judging import judge_rankings
from zhike.science.winback.returning import FEATURES, fit_returns, lapsed_customers, spending_after

LAST_DAY = date(2011, 9, 8)  # the cut is the day after
WEEKS, LOST_DAYS, ROUNDS = 13, 90, 2_000
FURTHER = ("products", "pieces", "price")


def main() -> int:
    file = Path(os.environ.get("ZHIKE_TRIAL_DATA", "")) / "online_retail" / "online_retail.parquet"
    if not file.is_file():
        return 0
    lines = pl.read_parquet(file).filter(pl.col("CustomerID").is_not_null(), pl.col("UnitPrice") > 0)
    invoices = lines.group_by("InvoiceNo").agg(
        customer_id=pl.col("CustomerID").first().cast(pl.Int64),
        placed_on=pl.col("InvoiceDate").min().dt.date(),
        amount=(pl.col("Quantity") * pl.col("UnitPrice")).sum().round(2).cast(pl.Decimal(24, 8)),
        products=pl.col("StockCode").n_unique(),
        pieces=pl.col("Quantity").abs().sum(),
        price=pl.col("UnitPrice").median(),
    )
    orders = ibis.memtable(invoices.to_arrow())
    model = fit_returns(orders, as_of=LAST_DAY, lost_days=LOST_DAYS, weeks=WEEKS, further=FURTHER)
    lost = lapsed_customers(orders, as_of=LAST_DAY, lost_days=LOST_DAYS, further=FURTHER)
    returns = model.predict(lost)
    spent = spending_after(orders, lost.customer_ids, day=LAST_DAY, weeks=WEEKS)
    rate, mean = (lost.features[:, FEATURES.index(name)] for name in ("rate", "mean"))
    rankings = {
        "return": returns.p,
        "value": returns.value,
        "nbd": rate,
        "nbd_by_mean": rate * mean,
        "recency": -lost.recency_days,
    }
    sizes = {"customers": len(spent), "returned": round(float((spent > 0).mean()), 4)}
    for name, found in judge_rankings(rankings, spent, rounds=ROUNDS, seed=1).items():
        for figure in ("auc", "captured"):
            told, lead = getattr(found, figure), getattr(found, f"{figure}_lead")
            interval = {"low": round(told.low, 4), "high": round(told.high, 4)}
            emit(f"winback_{name}_{figure}", told.value, "share", **interval, **sizes)
            if name in ("nbd", "recency"):
                ends = {"low": round(lead.low, 4), "high": round(lead.high, 4)}
                emit(f"winback_lead_over_{name}_{figure}", lead.value, "share", target=">= 0", **ends)
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
