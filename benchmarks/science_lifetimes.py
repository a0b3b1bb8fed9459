"""Repeat purchases: BG/NBD of a million customers, against lifetimes."""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contests import Told, ours, peer
from harness import emit, missed
from zhike.science.clv.beta_geo import BetaGeo
from zhike.science.clv.simulation import simulate_histories

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
CDNOW = BetaGeo(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, log_likelihood=-9582.43)
FIRST_DAYS, LAST_DAYS = 27 * 7, 39 * 7  # customers joined during twelve weeks


def plant(file: Path) -> None:
    """Customers of the fitted CDNOW model, by days."""
    days = np.random.default_rng(1).integers(FIRST_DAYS, LAST_DAYS, CUSTOMERS, endpoint=True)
    made = simulate_histories(CDNOW, days / 7, seed=2, resolution=1 / 7)
    rows = pa.table(
        {
            "customer_id": np.arange(CUSTOMERS),
            "frequency": made.frequency,
            "recency_weeks": np.round(made.recency * 7) / 7,
            "age_weeks": made.age,
        }
    )
    pq.write_table(rows, file)


def tell(mine: Told, theirs: Told) -> None:
    """Emit bgnbd_fit_1m_cpu_s, bgnbd_score_1m_cpu_s and bgnbd_ratio; both are to find the same."""
    found, known = mine.found, theirs.found
    sizes = {"customers": CUSTOMERS, "distinct": found["distinct"]}
    group = round(found["group_cpu_s"], 2)
    emit("bgnbd_fit_1m_cpu_s", found["fit_cpu_s"], "CPU s", target="<= 2", grouping=group, **sizes)
    emit("bgnbd_score_1m_cpu_s", found["score_cpu_s"], "CPU s", target="<= 1", scored=found["scored"])
    ratio = known["fit_cpu_s"] / found["fit_cpu_s"]
    emit("bgnbd_ratio", ratio, "x", target=">= 15", lifetimes_cpu_s=round(known["fit_cpu_s"], 1))
    emit("bgnbd_score_ratio", known["score_cpu_s"] / found["score_cpu_s"], "x")
    emit("bgnbd_peak_mb", mine.peak_mb, "MB", lifetimes_mb=round(theirs.peak_mb))
    apart = max(abs(a / b - 1) for a, b in zip(found["parameters"], known["parameters"], strict=True))
    emit("bgnbd_parameters_apart", apart, "share", target="<= 0.001", parameters=found["parameters"])


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="zhike-bench-", dir=os.environ.get("ZHIKE_BENCH_FOLDER")) as folder:
        file = Path(folder) / "customers.parquet"
        plant(file)
        tell(ours("bgnbd_zhike", file), peer("bgnbd_lifetimes", file))
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
