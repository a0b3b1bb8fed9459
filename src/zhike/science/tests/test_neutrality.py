"""What keeps the library fit for another engine and light for whoever imports it."""

import subprocess
import sys
from datetime import date, timedelta

import ibis
import pytest

from zhike.science.baskets.together import basket_items, basket_sizes, frequent_pairs, frequent_triples
from zhike.science.cohort import cohort_retention
from zhike.science.concentration import gini, lorenz_curve, rank_contributors, revenue_by_grade
from zhike.science.contribution.profit import contribution, whale_curve, whale_figures
from zhike.science.experiments.arms import arm_statistics
from zhike.science.features.examples import labelled_examples
from zhike.science.features.sources import SOURCES, Clock
from zhike.science.forecasting.series import demand
from zhike.science.lifecycle import life_cycle
from zhike.science.movement import movements
from zhike.science.purchases import calibrated_summary, purchase_summary
from zhike.science.pyramid import pyramid
from zhike.science.relationship import relationship_depth
from zhike.science.rfm import rfm
from zhike.science.winback.causes import lost_causes, lost_classes

ORDERS = ibis.table({"customer_id": "int64", "placed_on": "date", "amount": "decimal(24, 8)"}, name="orders")
CUSTOMERS = ibis.table({"customer_id": "int64", "relationship": "string"}, name="customers")
TRIAL = ibis.table({"arm": "string", "visit": "boolean", "spend": "decimal(24, 8)"}, name="trial")
LINES = ibis.table({"order_id": "int64", "product_id": "int64", "quantity": "int64"}, name="lines")
ITEMS = basket_items(LINES)
PAIRS = frequent_pairs(ITEMS, support=0.01)
SIGNALS = ibis.table({"customer_id": "int64", "satisfaction": "int16", "named_price": "boolean"}, name="signals")
DAY = date(2026, 1, 31)
_FACT = {"customer_id": "int64", "key": "string", "at": "timestamp('UTC')", "known_at": "timestamp('UTC')"}
_VALUES = {
    "amount": "decimal(24, 8)",
    **dict.fromkeys(("category", "kind"), "string"),
    **dict.fromkeys(("score", "points"), "int64"),
}
FACTS = {
    name: ibis.table({**_FACT, **{each: _VALUES[each] for each in source.columns}}, name=name)
    for name, source in SOURCES.items()
}
PROFIT = contribution(ORDERS, costs={"goods": ORDERS}).rows
SUMMARY = purchase_summary(ORDERS, as_of=DAY, customers=CUSTOMERS)
MEASURES = {
    "summary": SUMMARY,
    "calibrated": calibrated_summary(ORDERS, calibration_end=DAY),
    "rfm": rfm(SUMMARY).scores,
    "pyramid": pyramid(SUMMARY).grades,
    "life_cycle": life_cycle(SUMMARY).stages,
    "relationship": relationship_depth(SUMMARY, relationships=CUSTOMERS),
    "cohort": cohort_retention(ORDERS, as_of=DAY),
    "grades": revenue_by_grade(pyramid(SUMMARY).grades),
    "gini": gini(rank_contributors(SUMMARY)),
    "arms": arm_statistics(TRIAL, arm="arm", columns=["visit", "spend"]),
    "basket_sizes": basket_sizes(ITEMS),
    "pairs": PAIRS,
    "triples": frequent_triples(ITEMS, PAIRS, support=0.01),
    "examples": labelled_examples(FACTS, origins=[DAY], days=30, clock=Clock(as_of=DAY + timedelta(days=30))),
    "causes": lost_classes(lost_causes(pyramid(SUMMARY).grades, SIGNALS)),
    "demand": demand(ORDERS, unit="week"),
    "profit": PROFIT,
    "whale_curve": whale_curve(PROFIT),
    "whale_figures": whale_figures(PROFIT),
    "movements": movements(pyramid(SUMMARY).grades, pyramid(SUMMARY).grades, column="grade"),
    "lorenz": lorenz_curve(rank_contributors(SUMMARY)),
}


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_can_be_written_for_spark(name: str) -> None:
    assert "SELECT" in ibis.to_sql(MEASURES[name], dialect="databricks")


def test_importing_the_library_loads_nothing_heavy() -> None:
    modules = "cohort, concentration, lifecycle, purchases, pyramid, relationship, rfm"
    code = (
        f"import sys\nfrom zhike.science import {modules}\n"
        "print([name for name in ('ibis', 'duckdb', 'pyarrow', 'polars', 'pandas', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
