"""Every measure that is a query, over tables of any engine."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis.expr.types as ir

from zhike.science.baskets.together import basket_items, basket_sizes, frequent_items, frequent_pairs, frequent_triples
from zhike.science.churn.hazard import purchase_silences
from zhike.science.churn.silence import purchase_gaps
from zhike.science.clv.histories import KEYS
from zhike.science.cohort import cohort_retention
from zhike.science.concentration import gini, lorenz_curve, rank_contributors, revenue_by_grade
from zhike.science.contribution.profit import contribution, whale_curve, whale_figures
from zhike.science.experiments.arms import arm_statistics
from zhike.science.features.examples import labelled_examples
from zhike.science.features.sources import SOURCES, Clock
from zhike.science.features.store import customer_features
from zhike.science.forecasting.series import demand
from zhike.science.lifecycle import company_rhythm, life_cycle
from zhike.science.movement import movements
from zhike.science.outliers import quantile_grid
from zhike.science.purchases import calibrated_summary, purchase_summary
from zhike.science.pyramid import pyramid
from zhike.science.relationship import relationship_depth
from zhike.science.rfm import rfm
from zhike.science.winback.causes import lost_causes, lost_classes

SHANGHAI = ZoneInfo("Asia/Shanghai")
_FACT = {"customer_id": "int64", "key": "string", "at": "timestamp('UTC')", "known_at": "timestamp('UTC')"}
_VALUES = {
    "amount": "decimal(24, 8)",
    **dict.fromkeys(("category", "kind"), "string"),
    **dict.fromkeys(("score", "points"), "int64"),
}
# Facts are tables of their own, named fact_ and their source.
SCHEMAS: Mapping[str, dict[str, str]] = {
    "orders": {"customer_id": "int64", "placed_on": "date", "amount": "decimal(24, 8)"},
    "customers": {"customer_id": "int64", "relationship": "string"},
    "trial": {"arm": "string", "visit": "boolean", "spend": "decimal(24, 8)"},
    "lines": {"order_id": "int64", "product_id": "int64", "quantity": "int64"},
    "signals": {"customer_id": "int64", "satisfaction": "int16", "named_price": "boolean"},
    **{
        f"fact_{name}": {**_FACT, **{each: _VALUES[each] for each in source.columns}}
        for name, source in SOURCES.items()
    },
}

# What `measures` tells of, without composing it: every process of a parallel run collects the tests of each.
NAMES = (
    *("summary", "calibrated", "histories", "rfm", "pyramid", "life_cycle", "rhythm", "relationship", "cohort"),
    *("grades", "lorenz", "gini", "movements", "amounts", "demand", "arms", "silences", "gaps", "causes"),
    *("cause_classes", "features", "examples", "basket_sizes", "frequent_items", "pairs", "triples", "profit"),
    *("whale_curve", "whale_figures"),
)


def measures(tables: Mapping[str, ir.Table], *, day: date, support: float = 0.01) -> dict[str, ir.Table]:
    """By name. tables: as in :data:`SCHEMAS`. day: as of which; examples and movements look a month before it."""
    orders, customers = tables["orders"], tables["customers"]
    facts = {name: tables[f"fact_{name}"] for name in SOURCES}
    summary = purchase_summary(orders, as_of=day, customers=customers)
    month_before = day - timedelta(days=30)
    calibrated = calibrated_summary(orders, calibration_end=day)
    grades = pyramid(summary).grades
    return {
        "summary": summary,
        "calibrated": calibrated,
        "histories": calibrated.group_by(*KEYS).agg(customers=calibrated.count()),
        "rfm": rfm(summary).scores,
        "pyramid": grades,
        "life_cycle": life_cycle(summary).stages,
        "rhythm": company_rhythm(summary),
        "relationship": relationship_depth(summary, relationships=customers),
        "cohort": cohort_retention(orders, as_of=day),
        "grades": revenue_by_grade(grades),
        "lorenz": lorenz_curve(rank_contributors(summary)),
        "gini": gini(rank_contributors(summary)),
        "movements": movements(
            pyramid(purchase_summary(orders, as_of=month_before, customers=customers)).grades, grades, column="grade"
        ),
        "amounts": quantile_grid(summary, value="amount", by=["order_count"]),
        "demand": demand(orders, unit="week"),
        "arms": arm_statistics(tables["trial"], arm="arm", columns=["visit", "spend"]),
        "silences": purchase_silences(orders, as_of=day),
        "gaps": purchase_gaps(orders, as_of=day),
        "causes": lost_causes(grades, tables["signals"]),
        "cause_classes": lost_classes(lost_causes(grades, tables["signals"])),
        "features": customer_features(facts, clock=Clock(as_of=day, zone=SHANGHAI)),
        "examples": labelled_examples(facts, origins=[month_before], days=30, clock=Clock(as_of=day)),
        **_baskets(tables["lines"], support),
        **_profits(orders, tables["fact_lines"]),
    }


def _baskets(lines: ir.Table, support: float) -> dict[str, Any]:
    items = basket_items(lines)
    pairs = frequent_pairs(items, support=support)
    return {
        "basket_sizes": basket_sizes(items),
        "frequent_items": frequent_items(items, support=support),
        "pairs": pairs,
        "triples": frequent_triples(items, pairs, support=support),
    }


def _profits(orders: ir.Table, goods: ir.Table) -> dict[str, Any]:
    profit = contribution(orders, costs={"goods": goods.select("customer_id", "amount")}).rows
    return {"profit": profit, "whale_curve": whale_curve(profit), "whale_figures": whale_figures(profit)}
