"""Experiments: published figures, false alarms of whoever keeps looking, what covariates save, one pass over rows."""

import os
import sys
import time
from pathlib import Path

import ibis
import numpy as np
import polars as pl

from harness import emit, missed
from zhike.science.experiments.arms import Arm, arm_statistics, arms_of_table
from zhike.science.experiments.comparing import Metric, compare
from zhike.science.experiments.rehearsal import rehearse

RUNS = int(os.environ.get("ZHIKE_BENCH_RUNS", 10_000))
ROWS = int(os.environ.get("ZHIKE_BENCH_ROWS", 20_000_000))
TUNING = 5_000
COLUMNS = ("visit", "spend")
# Of the e-mail trial, by GrowthBook's formulae: the difference, its 95 % interval, and the always-valid one.
PUBLISHED = {
    "visit": (0.076590, 0.069953, 0.083226, 0.065685, 0.087494),
    "spend": (0.769827, 0.485140, 1.054515),
}
MILLION = 1e6


def reproduce(trial: pl.DataFrame) -> None:
    rows = ibis.memtable(trial.to_arrow())
    arms = arms_of_table(arm_statistics(rows, arm="segment", columns=COLUMNS), columns=COLUMNS)
    for metric, known in PUBLISHED.items():
        found = compare(arms["Mens E-Mail"], arms["No E-Mail"], metric=Metric(of=metric)).difference
        told = (found.value, *found.interval(), *found.always_valid(tuning=TUNING))[: len(known)]
        apart = max(abs(a - b) for a, b in zip(told, known, strict=True))
        emit(f"ab_{metric}_apart", apart * MILLION, "millionths", target="<= 1", found=[round(one, 6) for one in told])


def keep_looking(trial: pl.DataFrame) -> None:
    """Both arms from nobody's mail, looked at after every pair from the first look on."""
    nobody = trial.filter(pl.col("segment") == "No E-Mail")
    values = {
        "visit": (nobody["visit"].to_numpy(), 100),
        "spend": (nobody["spend"].to_numpy(), 1_000),
        "normal": (np.random.default_rng(1).normal(size=100_000), 100),
    }
    for name, (pool, first_look) in values.items():
        found = rehearse(pool, runs=RUNS, rows=10_000, first_look=first_look, tuning=TUNING, seed=7)
        told = {"runs": RUNS, "first_look": first_look, "fixed_interval": found.peeking, "one_look": found.once}
        emit(f"aa_{name}_false_alarms", found.always_valid, "share", target="<= 0.05", **told)


def adjust() -> None:
    chance, apart = np.random.default_rng(3), []
    for correlation in (0.2, 0.5, 0.8, 0.95):
        arms = []
        for _arm in range(2):
            before = chance.normal(size=200_000)
            after = correlation * before + np.sqrt(1 - correlation**2) * chance.normal(size=200_000)
            arms.append(Arm.of_values(y=after, before=before))
        saved = compare(*arms, metric=Metric(of="y", adjusted_by=("before",))).noise_saved
        apart.append(abs(saved - correlation**2))
    emit("cuped_gain_apart", max(apart), "share", target="<= 0.005")


def gather() -> None:
    """Count, means and covariances of three columns in two arms."""
    engine = ibis.duckdb.connect()
    number = ibis.range(ROWS).unnest().name("n").as_table()
    rows = number.mutate(
        arm=(number.n % 2).cast("string"),
        visit=number.n % 9 == 0,
        spend=(number.n % 1_000).cast("float64"),
        before=(number.n % 777).cast("float64"),
    )
    held = engine.create_table("trial", rows)
    began, cpu = time.perf_counter(), time.process_time()
    statistics = ibis.memtable(engine.to_pyarrow(arm_statistics(held, arm="arm", columns=("visit", "spend", "before"))))
    arms = arms_of_table(statistics, columns=("visit", "spend", "before"))
    assert sum(arm.count for arm in arms.values()) == ROWS
    used = time.process_time() - cpu
    emit("ab_statistics_ns", used / ROWS * 1e9, "CPU ns a row", rows=ROWS, wall_s=round(time.perf_counter() - began, 1))


def main() -> int:
    file = Path(os.environ.get("ZHIKE_TRIAL_DATA", "")) / "hillstrom" / "hillstrom.csv.gz"
    if file.is_file():
        trial = pl.read_csv(file, infer_schema_length=None)
        reproduce(trial)
        keep_looking(trial)
    adjust()
    gather()
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
