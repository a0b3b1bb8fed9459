"""Segments: published figures found again, and what a million customers cost."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from harness import emit, missed
from zhike.science.segments.choosing import adjusted_rand, choose_segments, try_segments
from zhike.science.segments.customers import Qualities, Quantities
from zhike.science.segments.latent_classes import LatentClasses, LatentClassModel
from zhike.science.segments.methods import Density, KMeans, Method, Mixture, Ward
from zhike.science.segments.segmentation import fit_segments

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
NAMES = ("recency", "days", "amount")
# Stouffer and Toby (1951), as Goodman (1974) analysed them: 216 people, four conflicts of roles.
CONFLICTS = (42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20)
SILHOUETTES = {2: 0.4352, 3: 0.3403, 5: 0.3132}  # of K-means there, by the research
KINDS = np.array([[2.0, 3.5, 5.0], [3.0, 1.5, 8.0], [6.0, 0.8, 3.0]])


def goodman() -> None:
    patterns = np.stack(np.meshgrid(*[["+", "-"]] * 4, indexing="ij"), axis=-1).reshape(-1, 4).astype(object)
    people = Qualities(names=("A", "B", "C", "D"), values=patterns, counts=np.array(CONFLICTS))
    model = fit_segments(people, method=LatentClasses(segments=2), seed=1).assigner
    if not isinstance(model, LatentClassModel):
        raise TypeError(model)
    emit("latent_class_apart", abs(model.log_likelihood + 504.4677), "log-likelihood", target="<= 0.0001")


def retail(file: Path) -> None:
    """Online Retail (Chen 2012), cleaned as usual."""
    bought = pl.col("CustomerID").is_not_null() & (pl.col("Quantity") > 0) & (pl.col("UnitPrice") > 0)
    lines = pl.read_parquet(file).filter(bought).with_columns(day=pl.col("InvoiceDate").dt.date())
    rows = lines.group_by("CustomerID").agg(
        recency=(pl.lit(lines["day"].max()) - pl.col("day").max()).dt.total_days(),
        days=pl.col("day").n_unique(),
        amount=(pl.col("Quantity") * pl.col("UnitPrice")).sum(),
    )
    customers = Quantities(names=NAMES, values=rows.select(NAMES).to_numpy().astype(float))
    for count, known in SILHOUETTES.items():
        found = try_segments(customers, KMeans(segments=count), seed=1, rounds=4)
        emit(
            f"segments_silhouette_{count}",
            found.silhouette or 0.0,
            "silhouette",
            apart=round(abs((found.silhouette or 0.0) - known), 5),
            stability=round(found.stability, 3),
        )
    methods: list[Method] = [KMeans(segments=3), KMeans(segments=4), Mixture(segments=3), Ward(segments=3), Density()]
    began = time.process_time()
    choice = choose_segments(customers, methods, seed=1, rounds=10)
    emit(
        "segments_choice_cpu_s",
        time.process_time() - began,
        "CPU s",
        customers=len(customers.values),
        reason=choice.reason,
        stability={one.segmentation.method.name: round(one.stability, 3) for one in choice.candidates},
    )


def million() -> None:
    chance = np.random.default_rng(1)
    truth = chance.choice(3, CUSTOMERS, p=[0.5, 0.2, 0.3])
    values = np.expm1(np.abs(KINDS[truth] + chance.normal(0, 0.25, (CUSTOMERS, 3))))
    customers = Quantities(names=NAMES, values=values)
    began = time.process_time()
    found = fit_segments(customers, method=KMeans(segments=3, starts=3), seed=1)
    fitted = time.process_time()
    found.assign(values)
    assigned = time.process_time()
    agreement = adjusted_rand(truth, found.labels, np.ones(CUSTOMERS))
    emit("segments_fit_1m_cpu_s", fitted - began, "CPU s", customers=CUSTOMERS, agreement=round(agreement, 4))
    emit("segments_assign_1m_cpu_s", assigned - fitted, "CPU s", customers=CUSTOMERS)


def main() -> int:
    goodman()
    file = Path(os.environ.get("ZHIKE_TRIAL_DATA", "")) / "online_retail" / "online_retail.parquet"
    if file.is_file():
        retail(file)
    million()
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
