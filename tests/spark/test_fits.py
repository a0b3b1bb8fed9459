"""Fits take what Spark aggregated, and their answers go back to its customers."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pytest
from tests.spark import companies

from zhike.engine.backend import Engine, connect
from zhike.science.baskets.transactions import Baskets
from zhike.science.churn.silence import Gaps, fit_rhythm, purchase_gaps, score_silence
from zhike.science.clv.beta_geo import BetaGeo, fit_beta_geo
from zhike.science.clv.gamma_gamma import Spending, fit_gamma_gamma
from zhike.science.clv.histories import Histories
from zhike.science.clv.scoring import score_repeat_purchases
from zhike.science.experiments.arms import arm_statistics, arms_of_table
from zhike.science.features.audit import check_point_in_time
from zhike.science.features.sources import Clock
from zhike.science.features.store import customer_features
from zhike.science.forecasting.series import demand, series_of
from zhike.science.purchases import calibrated_summary
from zhike.science.recommending.interactions import Interactions
from zhike.science.tests.clv.companies import CALIBRATION_END, WEEKS, cdnow_orders
from zhike.science.tests.tables import by_customer
from zhike.science.winback.returning import lapsed_customers

DAY = date(2026, 1, 31)


@pytest.fixture(scope="module")
def engines(spark_engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Engine]]:
    made = companies.made(9, customers=300, orders=3000)
    warehouse = companies.warehouse(tmp_path_factory.mktemp("warehouse"), made)
    with pytest.MonkeyPatch.context() as patch, connect(warehouse, threads=1) as duckdb:
        patch.setenv("ZHIKE_ENGINE", spark_engine)
        with connect(warehouse) as spark:
            yield {"duckdb": duckdb, "spark": spark}


def test_repeat_purchases_as_published(engines: dict[str, Engine], trial_data: Path) -> None:
    """BG/NBD and Gamma-Gamma on CDNOW (Fader, Hardie and Lee 2005): grouped by Spark, fitted here, scored by Spark."""
    orders = cdnow_orders(trial_data).to_pyarrow()
    scores, models = {}, {}
    for name, engine in engines.items():
        rows = calibrated_summary(engine.put("cdnow", orders), calibration_end=CALIBRATION_END)
        rows = engine.materialize("cdnow_summary", rows)
        histories = Histories.of_table(rows)
        assert len(histories.customers) < histories.customer_count == 2357
        model = fit_beta_geo(histories)
        assert isinstance(model, BetaGeo)
        assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.2426, 4.4136, 0.7929, 2.4259), rel=1e-3)
        models[name] = (model.log_likelihood, fit_gamma_gamma(spending(rows)).log_likelihood)
        scores[name] = by_customer(score_repeat_purchases(rows, model, weeks=WEEKS))
    assert models["spark"] == pytest.approx(models["duckdb"], rel=1e-9)
    assert models["spark"] == pytest.approx((-9582.43, -4055.92), rel=1e-6)
    for customer, score in scores["duckdb"].items():
        assert scores["spark"][customer] == pytest.approx(score, rel=1e-4)


def test_silences_arms_and_series(engines: dict[str, Engine]) -> None:
    found = {}
    for name, engine in engines.items():
        gaps = engine.materialize("gaps", purchase_gaps(orders(engine), as_of=DAY))
        rhythm = fit_rhythm(Gaps.of_arrow(gaps.to_pyarrow()))
        arms = arms_of_table(arm_statistics(engine.table("trial"), arm="arm", columns=["visit"]), columns=["visit"])
        series = series_of(demand(orders(engine), unit="month"), measure="order_count", unit="month", as_of=DAY)
        abnormal = sum(row["is_abnormal"] for row in by_customer(score_silence(gaps, rhythm, within_days=30)).values())
        found[name] = (rhythm.log_likelihood, arms["a"].mean("visit"), abnormal, *series["all"].values)
    assert found["spark"] == pytest.approx(found["duckdb"], rel=1e-9)


def test_what_methods_read_of_orders_and_lines_is_the_same(engines: dict[str, Engine]) -> None:
    found = {}
    for name, engine in engines.items():
        lapsed = lapsed_customers(orders(engine), as_of=DAY, lost_days=60)
        facts = engine.table("fact_lines")
        lines = facts.select("customer_id", product_id=facts.category, placed_on=facts["at"].date())
        held = Interactions.of_table(lines)
        baskets = Baskets.of_table(engine.table("lines"))
        whole = [lapsed.customer_ids, held.users, held.user, held.item, held.day, baskets.starts, baskets.held]
        found[name] = (lapsed.features, [np.asarray(each).tolist() for each in whole], baskets.left_out)
    (features, *whole), (others, *same) = found["duckdb"], found["spark"]
    assert features == pytest.approx(others, rel=1e-9)
    assert whole == same


def test_features_that_know_the_future_are_told(engines: dict[str, Engine]) -> None:
    facts = {name: engines["spark"].table(f"fact_{name}") for name in ("orders", "surveys")}
    clock = Clock(as_of=date(2025, 9, 30))
    check_point_in_time(lambda tables: customer_features(tables, clock=clock), facts, clock=clock)


def spending(rows: ir.Table) -> Spending:
    again = rows.filter(rows.frequency > 0).order_by("customer_id").to_pyarrow()
    return Spending.of(again["frequency"].to_pylist(), again["mean_repeat_amount"].to_pylist())


def orders(engine: Engine) -> ir.Table:
    return engine.table("orders")
