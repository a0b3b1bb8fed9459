"""Uplift on the e-mail trial: learners, verdicts, profit, and scikit-uplift and econml on the same folds."""

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from contests import peer
from harness import ROOT, emit, missed
from zhike.science.uplift.bases import boosted_trees, straight_line
from zhike.science.uplift.crossing import cross_fitted, folds_of
from zhike.science.uplift.learners import LEARNERS, XLearner, robust_scores
from zhike.science.uplift.policy import Costs, policy_of, profit_curve, uplift_at
from zhike.science.uplift.qini import judge, qini
from zhike.science.uplift.trial import Floats, Trial

FOLDS, REPEATS, ROUNDS = 5, 2, 500
TREES = boosted_trees(seed=0)
BEST = partial(XLearner, TREES, of_effect=straight_line())
COSTS = Costs(margin=10, contact=0.5)
CAMPAIGNS = {"womens": "Womens E-Mail", "mens": "Mens E-Mail"}


def trial_of(rows: pl.DataFrame, arm: str) -> Trial:
    rows = rows.filter(pl.col("segment").is_in([arm, "No E-Mail"]))
    kinds = [pl.col("zip_code") == "Urban", pl.col("zip_code") == "Rural"]
    kinds += [pl.col("channel") == "Web", pl.col("channel") == "Phone"]
    features = rows.select(
        "recency", "history", "mens", "womens", "newbie", *(kind.alias(f"k{n}") for n, kind in enumerate(kinds))
    )
    treated = rows["segment"].to_numpy() == arm
    return Trial.of_columns(features.cast(pl.Float64).to_numpy(), treated, rows["visit"])


def learn(campaign: str, trial: Trial) -> Floats:
    """Every learner by its Qini; the scores of the one that the verdict is about."""
    began = time.process_time()
    scores = cross_fitted(BEST, trial, folds=FOLDS, repeats=REPEATS, seed=0)
    seconds = time.process_time() - began
    verdict = judge(scores, trial.treated, trial.outcome, rounds=ROUNDS, seed=1)
    interval = {"low": round(verdict.low, 4), "high": round(verdict.high, 4), "p": round(verdict.p, 4)}
    if campaign == "womens":
        emit("uplift_womens_qini", verdict.coefficient, "Qini", target=">= 0.06", **interval, cpu_s=round(seconds, 1))
    else:
        # The truth is that there is nothing to find: p above 0.05 is the right answer.
        emit("uplift_mens_p", verdict.p, "p", target=">= 0.05", qini=round(verdict.coefficient, 4), **interval)
    for name, learner in LEARNERS.items():
        found = cross_fitted(partial(learner, TREES), trial, folds=FOLDS, repeats=REPEATS, seed=0)
        each = [qini(one, trial.treated, trial.outcome) for one in found]
        emit(f"uplift_{campaign}_{name.replace(' ', '_')}", float(np.mean(each)), "Qini")
    return scores


def compete(campaign: str, trial: Trial, scores: Floats, folder: Path) -> None:
    file = folder / f"{campaign}.parquet"
    columns = {f"x{place}": column for place, column in enumerate(trial.features.T)}
    dealt = {}
    for repeat in range(REPEATS):
        dealt[f"fold{repeat}"] = np.zeros(len(trial.outcome), dtype=np.int64)
        for place, (_rest, own) in enumerate(folds_of(trial, folds=FOLDS, seed=repeat)):
            dealt[f"fold{repeat}"][own] = place
    given = {**columns, **dealt, "treated": trial.treated, "outcome": trial.outcome, "score": scores[0]}
    pl.DataFrame(given).write_parquet(file)
    # The causal forest of the library runs where its extra is installed.
    told = peer("uplift_sklift", file, PYTHONPATH=str(ROOT / "src")).found
    apart = abs(told["qini_of_our_scores"] - qini(scores[0], trial.treated, trial.outcome))
    emit(f"uplift_{campaign}_qini_apart", apart * 1e9, "billionths", target="<= 1")
    for name, found in told["qini"].items():
        emit(f"uplift_{campaign}_peer_{name}", found, "Qini")


def earn(trial: Trial, scores: Floats) -> None:
    """A visit worth 10, a letter that costs 0.5: what choosing whom to write to costs and brings."""
    effects = robust_scores(trial, base=TREES, seed=0, folds=FOLDS)
    mean = scores.mean(axis=0)
    at_30 = uplift_at(mean, trial, share=0.3)
    emit("uplift_womens_at_30", at_30.value, "visits", error=round(at_30.standard_error, 4))
    for found in [policy_of(mean, effects, share=share, costs=COSTS) for share in (0.3, 0.5, 1.0)]:
        lead = found.against_chance
        emit(
            f"policy_womens_{100 * found.share:.0f}_profit",
            found.profit.value,
            "profit",
            error=round(found.profit.standard_error),
            against_chance=round(lead.value),
            against_chance_error=round(lead.standard_error),
            cost_per_visit=found.cost_per_gain and round(found.cost_per_gain, 2),
        )
    best = max(profit_curve(mean, effects, costs=COSTS), key=lambda policy: policy.profit.value)
    emit("policy_womens_best_share", best.share, "share", profit=round(best.profit.value))


def main() -> int:
    file = Path(os.environ.get("ZHIKE_TRIAL_DATA", "")) / "hillstrom" / "hillstrom.csv.gz"
    if not file.is_file():
        return 0
    rows = pl.read_csv(file, infer_schema_length=None)
    with tempfile.TemporaryDirectory(prefix="zhike-bench-", dir=os.environ.get("ZHIKE_BENCH_FOLDER")) as folder:
        for campaign, arm in CAMPAIGNS.items():
            trial = trial_of(rows, arm)
            scores = learn(campaign, trial)
            compete(campaign, trial, scores, Path(folder))
            if campaign == "womens":
                earn(trial, scores)
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
