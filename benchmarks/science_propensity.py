"""Propensity and churn on published data, against LightGBM as it comes, and what a million customers cost."""

import gzip
import io
import os
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import ibis
import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from sklearn.model_selection import StratifiedKFold

from harness import emit, missed
from zhike.science.churn.proportional import fit_proportional
from zhike.science.churn.silence import Gaps, fit_rhythm
from zhike.science.churn.survival import Durations, concordance, kaplan_meier
from zhike.science.features.catalogue import STANDARD
from zhike.science.features.examples import labelled_examples
from zhike.science.features.sources import Clock
from zhike.science.propensity.boosting import fit_boosting
from zhike.science.propensity.inputs import Examples
from zhike.science.propensity.leaks import find_leaks
from zhike.science.propensity.learning import fit_propensity
from zhike.science.propensity.performance import auc, measure
from zhike.science.propensity.trial import choose_left_out

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
CUT, WEEKS = date(2011, 9, 8), 13  # the last day known
HELD_OUT = 0.25
SEED = 1


def folds(happened: Any) -> Iterator[tuple[Any, Any]]:
    yield from StratifiedKFold(5, shuffle=True, random_state=42).split(happened, happened)


def crossed(examples: Examples, *, plain: bool = False) -> tuple[float, Any]:
    """The mean AUC over five folds, and everybody's probability from the fold that did not learn from them."""
    told, areas = np.empty(len(examples)), []
    for rest, held in folds(examples.happened):
        told[held] = _learn(examples.rows(rest), examples.rows(held), plain=plain)
        areas.append(auc(told[held], examples.happened[held])[0])
    return float(np.mean(areas)), told


def _learn(rest: Examples, tried: Examples, *, plain: bool = False) -> Any:
    if not plain:
        return fit_propensity(rest, seed=SEED).probability(tried.inputs)
    peer = lightgbm.LGBMClassifier(n_jobs=1, verbosity=-1, random_state=SEED)
    peer.fit(rest.inputs.values, rest.happened)
    return np.asarray(peer.booster_.predict(tried.inputs.values))


def telco(data: Path) -> None:
    options = pa.csv.ConvertOptions(
        null_values=["", " "], strings_can_be_null=True, column_types={"TotalCharges": pa.float64()}
    )
    rows = pa.csv.read_csv(data / "telco_churn" / "Telco-Customer-Churn.csv", convert_options=options)
    rows = rows.set_column(rows.column_names.index("Churn"), "Churn", pc.equal(rows["Churn"], "Yes"))
    examples = Examples.of_arrow(rows, happened="Churn", leave_out=["customerID"])
    area, told = crossed(examples)
    plain, _ = crossed(examples, plain=True)
    result = measure(told, examples.happened)
    emit("telco_auc", area, "AUC", target=">= 0.849", four=round(area, 4), lightgbm=round(plain, 4))
    error = result.calibration_error
    emit("telco_calibration_error", error, "share", target="<= 0.01", bins=10, by_chance=round(result.chance_error, 4))
    emit("telco_leaks", len(find_leaks(examples, seed=SEED).leaks), "features", target="<= 0")
    duration = np.array(rows["tenure"].to_pylist(), float)
    curve = kaplan_meier(Durations.of_customers(duration, examples.happened))
    for months, known in ((12, 0.8432), (24, 0.7887), (72, 0.5928)):
        emit(f"telco_s{months}", curve.at(months), "share", apart=round(abs(curve.at(months) - known), 5))
    inputs = examples.inputs.without(["tenure", "TotalCharges"])
    areas = []
    for rest, held in folds(examples.happened):
        model = fit_proportional(inputs.rows(rest), duration[rest], examples.happened[rest])
        areas.append(concordance(model.risk(inputs.rows(held)), duration[held], examples.happened[held]))
    emit("telco_cox_c", float(np.mean(areas)), "c", target=">= 0.86")


def bank(data: Path) -> None:
    raw = gzip.decompress((data / "bank_marketing" / "bank-additional-full.csv.gz").read_bytes())
    rows = pa.csv.read_csv(io.BytesIO(raw), parse_options=pa.csv.ParseOptions(delimiter=";"))
    rows = rows.set_column(rows.column_names.index("y"), "y", pc.equal(rows["y"], "yes"))
    rows = rows.append_column("row", pa.array(np.arange(rows.num_rows)))
    found = find_leaks(Examples.of_arrow(rows, happened="y", time="row"), seed=SEED).leaks
    names = [each.feature for each in found]
    emit("bank_leak_alarm", float(names == ["duration"]), "raised", target=">= 1", features=names)
    examples = Examples.of_arrow(rows, happened="y", time="row", leave_out=["duration"])
    emit("bank_leaks_without_duration", len(find_leaks(examples, seed=SEED).leaks), "features", target="<= 0")
    area, _ = crossed(examples)
    plain, _ = crossed(examples, plain=True)
    emit("bank_random_auc", area, "AUC", target=">= 0.803", four=round(area, 4), lightgbm=round(plain, 4))
    cut = int(len(examples) * (1 - HELD_OUT))
    past, tried = examples.rows(slice(0, cut)), examples.rows(slice(cut, None))
    # Chosen on the past alone: the three quarters do not know what came after them.
    timely = [each.feature for each in find_leaks(past, seed=SEED).tell_the_time]
    candidates = {"all": [], "without the calendar": ["month", "day_of_week"], "without what tells the time": timely}
    trees = {"boosted trees": partial(fit_boosting, seed=SEED)}
    chosen, told = choose_left_out(past, partial(fit_propensity, seed=SEED, candidates=trees), candidates)
    for name, left_out in candidates.items():
        result = measure(_learn(past.without(left_out), tried.without(left_out)), tried.happened)
        if name == "all":
            plain = auc(_learn(past, tried, plain=True), tried.happened)[0]
            emit("bank_forward_all_auc", result.auc, "AUC", four=round(result.auc, 4), lightgbm=round(plain, 4))
        if name == chosen:
            past_auc = {each: round(value, 4) for each, value in told.items()}
            emit(
                "bank_forward_auc",
                result.auc,
                "AUC",
                target=">= 0.68",
                four=round(result.auc, 4),
                interval=[round(each, 4) for each in result.auc_interval],
                chosen=chosen,
                rolling_in_the_past=past_auc,
                calibration_error=round(result.calibration_error, 4),
            )


def retail(data: Path) -> None:
    engine = ibis.duckdb.connect(threads=1)
    lines = engine.read_parquet(str(data / "online_retail" / "online_retail.parquet"))
    lines = lines.filter(lines.CustomerID.notnull(), lines.UnitPrice > 0)
    orders = lines.group_by(customer_id=lines.CustomerID.cast("int64"), key=lines.InvoiceNo).agg(
        at=lines.InvoiceDate.min(), amount=(lines.Quantity * lines.UnitPrice).sum()
    )
    products = lines.group_by(
        customer_id=lines.CustomerID.cast("int64"), invoice=lines.InvoiceNo, product=lines.StockCode
    ).agg(at=lines.InvoiceDate.min(), amount=(lines.Quantity * lines.UnitPrice).sum())
    products = products.mutate(key=products.invoice + "-" + products.product, category=products.product[:2])
    tables = {"orders": orders, "lines": products}
    features = [each for each in STANDARD if each.name != "main_category"]
    ahead = timedelta(weeks=WEEKS)

    def examples(origins: list[date], *, known: date, like: Any = None) -> Examples:
        rows = labelled_examples(tables, origins=origins, days=ahead.days, clock=Clock(as_of=known), features=features)
        buyers = rows.filter(rows.recency_days.notnull()).order_by("as_of", "customer_id").to_pyarrow()
        return Examples.of_arrow(buyers, happened="bought", time="as_of", leave_out=["customer_id"])

    tried = examples([CUT], known=CUT + ahead)
    for name, target, origins in (
        ("retail_forward_one_window_auc", "", [CUT - ahead]),
        ("retail_forward_auc", ">= 0.7426", [CUT - ahead - timedelta(days=30 * back) for back in (2, 1, 0)]),
    ):
        past = examples(origins, known=CUT)
        model = fit_propensity(past, seed=SEED)
        result = measure(model.probability(tried.inputs), tried.happened)
        random = auc(model.held_back, past.happened)[0]
        plain = auc(_learn(past, tried, plain=True), tried.happened)[0]
        emit(
            name,
            result.auc,
            "AUC",
            target=target,
            four=round(result.auc, 4),
            average_precision=round(result.average_precision, 4),
            customers=result.customers,
            random_split=round(random, 4),
            lightgbm=round(plain, 4),
            calibration_error=round(result.calibration_error, 4),
        )


def million() -> None:
    """What a night costs: learning from a million sampled to a hundred thousand, scoring and explaining a million."""
    chance = np.random.default_rng(SEED)
    values = chance.normal(size=(CUSTOMERS, 30))
    rows = pa.table({f"feature_{place}": values[:, place] for place in range(30)})
    odds = values[:, :5].sum(axis=1) - 9
    rows = rows.append_column("y", pa.array(chance.random(CUSTOMERS) < 1 / (1 + np.exp(-odds))))
    examples = Examples.of_arrow(rows, happened="y")
    began = time.process_time()
    model = fit_boosting(examples.sampled(most=100_000, seed=SEED), seed=SEED)
    learnt = time.process_time()
    told = model.log_odds(examples.inputs)
    scored = time.process_time()
    model.contributions(examples.inputs.rows(slice(0, CUSTOMERS // 10)))
    explained = time.process_time()
    more = {"customers": CUSTOMERS, "rate": round(float(examples.happened.mean()), 4)}
    area = auc(told, examples.happened)[0]
    emit("propensity_fit_1m_cpu_s", learnt - began, "CPU s", auc=round(area, 4), **more)
    emit("propensity_score_1m_cpu_s", scored - learnt, "CPU s", **more)
    emit("propensity_reasons_100k_cpu_s", explained - scored, "CPU s", **more)
    count = chance.integers(0, 9, CUSTOMERS)
    rows_of = np.repeat(np.arange(CUSTOMERS), count)
    gaps = chance.gamma(2.0, 1 / chance.gamma(4.0, 1 / 40.0, CUSTOMERS)[rows_of])
    total, logs = (np.bincount(rows_of, each, minlength=CUSTOMERS) for each in (gaps, np.log(gaps)))
    began = time.process_time()
    fit_rhythm(Gaps(count=count, total=total, log_total=logs))
    emit("rhythm_fit_1m_cpu_s", time.process_time() - began, "CPU s", customers=CUSTOMERS)
    risk = chance.normal(size=CUSTOMERS)
    months, left = np.ceil(chance.exponential(20 * np.exp(-risk))), chance.integers(0, 2, CUSTOMERS)
    began = time.process_time()
    c = concordance(risk, months, left)
    emit("concordance_1m_cpu_s", time.process_time() - began, "CPU s", customers=CUSTOMERS, c=round(c, 4))


def main() -> int:
    folder = os.environ.get("ZHIKE_TRIAL_DATA")
    if folder:
        for trial in (telco, bank, retail):
            trial(Path(folder))
    million()
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
