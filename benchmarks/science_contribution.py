"""Contribution: the whale curve of a million customers, and a base forecast that holds what happens."""

import os
import sys
import time

import ibis
import numpy as np
import pyarrow as pa

from harness import emit, missed
from zhike.science.contribution.base_value import Moves, forecast_base, lifetime_worth
from zhike.science.contribution.profit import contribution, whale_curve, whale_figures

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
COMPANIES, LEVEL = 1_000, 0.9
TRUTH = np.array([[0.8, 0.1, 0.1], [0.1, 0.6, 0.3]])  # of two grades and being lost
WORTH = [50.0, 10.0]


def published() -> None:
    """Pfeifer and Carraway (2000): a customer of each recency, at 20 % discount, in this period and four more."""
    counts = np.array([[30, 70, 0, 0, 0], [20, 0, 80, 0, 0], [15, 0, 0, 85, 0], [5, 0, 0, 0, 95]])
    seen = Moves(states=("1", "2", "3", "4"), counts=counts, arrivals=np.zeros(4, dtype=np.int64))
    told = lifetime_worth(seen, value=[36, -4, -4, -4], discount=0.2, periods=4)
    apart = float(np.abs(told - [50.115, 4.220, 0.592, -1.980]).max())
    emit("base_worth_apart", apart, "of a unit", target="<= 0.001")


def coverage() -> None:
    for people in ((60, 150), (600, 1_500)):
        chance, inside = np.random.default_rng(1), []
        for company in range(COMPANIES):
            counts = [chance.multinomial(count, row) for count, row in zip(people, TRUTH, strict=True)]
            seen = Moves(states=("top", "small"), counts=np.array(counts), arrivals=np.zeros(2, dtype=np.int64))
            told = forecast_base(
                seen,
                customers=people,
                value=WORTH,
                periods=3,
                seed=company,
                with_arrivals=False,
                draws=500,
                level=LEVEL,
            )
            now, held = np.array(people), []
            for period in range(3):
                now = chance.multinomial(now, TRUTH).sum(axis=0)[:2]
                held.append(told.low[period] <= now @ WORTH <= told.high[period])
            inside.append(held)
        shares = np.mean(inside, axis=0)
        emit(
            f"base_coverage_{sum(people)}",
            float(shares.min()),
            "share",
            target=f">= {LEVEL - 4 * (LEVEL * (1 - LEVEL) / COMPANIES) ** 0.5:.3f}",
            level=LEVEL,
            by_period=[round(float(share), 3) for share in shares],
            companies=COMPANIES,
        )


def million() -> None:
    chance, orders = np.random.default_rng(1), 5 * CUSTOMERS
    engine = ibis.duckdb.connect(threads=1)

    def table(name: str, size: int, mean: float) -> ibis.Table:
        rows = {"customer_id": chance.integers(0, CUSTOMERS, size), "amount": chance.gamma(2, mean / 2, size).round(2)}
        return engine.create_table(name, pa.table(rows))

    revenue = table("revenue", orders, 120)
    costs = {"goods": table("goods", orders, 70), "serving": table("serving", 2 * CUSTOMERS, 90)}
    began = time.process_time()
    rows = contribution(revenue, costs=costs).rows.cache()
    told = whale_figures(rows).to_pyarrow().to_pylist()[0]
    figures = time.process_time()
    curve = whale_curve(rows)
    last = curve.filter(curve.position == told["customer_count"]).to_pyarrow().to_pylist()[0]
    emit(
        "contribution_1m_cpu_s",
        figures - began,
        "CPU s",
        customers=told["customer_count"],
        orders=orders,
        above_rate=round(told["above_rate"], 4),
    )
    apart = abs(float(last["cumulative_amount"]) / float(told["total_amount"]) - 1)
    emit("whale_curve_1m_cpu_s", time.process_time() - figures, "CPU s", apart=apart)


def main() -> int:
    published()
    coverage()
    million()
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
