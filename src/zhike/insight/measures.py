"""From the warehouse to each customer's value: purchase summary, RFM, pyramid, life cycle, relationship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from zhike.science.lifecycle import LifeCycleRules, life_cycle
from zhike.science.purchases import purchase_summary
from zhike.science.pyramid import PyramidShares, pyramid
from zhike.science.relationship import CLIENT_PURCHASES, relationship_depth
from zhike.science.rfm import rfm

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from zhike.engine.backend import Engine


@dataclass(frozen=True, kw_only=True)
class Currencies:
    """Which currency the money figures are in, and how many orders of others they leave out."""

    scored: str
    left_out: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Value:
    """What was computed. table: one row a customer, with the columns of the facts; the rest is for the reasons.

    orders: what was counted: customer_id (null for anonymous orders), placed_on, amount. cutoffs: the worst values
    that still earn 5, 4, 3 and 2. thresholds: the least amounts of the layers.
    """

    table: ir.Table
    orders: ir.Table
    cutoffs: Mapping[str, Any]
    thresholds: Mapping[str, Any]
    rhythm_days: float


PYRAMID = PyramidShares()
RULES = LifeCycleRules()


def choose_currency(orders: ir.Table, *, as_of: date, company: str) -> Currencies:
    """The company's currency, unless every order is in one other."""
    import ibis

    known = orders.filter(orders.placed_on <= ibis.literal(as_of))
    rows = known.group_by("currency").agg(orders=known.count()).to_pyarrow().to_pylist()
    counts = {row["currency"]: row["orders"] for row in rows}
    scored = next(iter(counts)) if len(counts) == 1 else company
    return Currencies(scored=scored, left_out={code: count for code, count in counts.items() if code != scored})


def customer_value(engine: Engine, *, as_of: date, currency: str) -> Value:
    """Everything that is known of each customer's value on that day, from the orders in one currency."""
    import ibis

    customers, orders = engine.table("customers"), engine.table("orders")
    in_currency = orders.filter(
        orders.currency == currency,
        # A refund of nothing is no purchase; the measures tell purchases by their sign.
        (orders.kind != "refund") | (orders.total_amount < 0),
        orders.placed_on <= ibis.literal(as_of),
    )
    counted = in_currency.select("customer_id", "placed_on", amount=in_currency.total_amount)
    everyone = customers.select(customer_id=customers.id)
    summary = kept(engine, purchase_summary(counted, as_of=as_of, customers=everyone), name="summary")
    scored = rfm(summary)
    graded = pyramid(scored.scores, shares=PYRAMID)
    staged = life_cycle(graded.grades, rules=RULES)
    depth = relationship_depth(summary, relationships=customers.select("relationship", customer_id=customers.id))
    rows = staged.stages.join(depth, "customer_id")
    figures = rows.select(
        rows.customer_id,
        as_of=ibis.literal(as_of),
        grade=rows.grade.fill_null(""),
        stage=rows.stage,
        relationship=rows.relationship,
        r=rows.r,
        f=rows.f,
        m=rows.m,
        order_count=rows.order_count.cast("int32"),
        amount=rows.amount.cast("decimal(24, 6)"),
        first_order_on=rows.first_order_on,
        last_order_on=rows.last_order_on,
        interval_days=ibis.cases((rows.order_count > 0, rows.expected_interval_days)),
        overdue_rate=rows.overdue_ratio,
    )
    return Value(
        table=kept(engine, figures, name="value"),
        orders=counted,
        cutoffs=_only_row(scored.cutoffs),
        thresholds=_only_row(graded.thresholds),
        rhythm_days=_only_row(staged.rhythm)["rhythm_days"],
    )


def parameters() -> dict[str, Any]:
    """What the measures are asked with, as it is kept beside the run."""
    return {
        "rfm": "quintiles",
        "pyramid": {grade: str(getattr(PYRAMID, grade)) for grade in ("top", "high", "normal", "small")},
        "life_cycle": {
            "mature_purchases": RULES.mature_purchases,
            "decline_after": RULES.decline_after,
            "lost_after": RULES.lost_after,
            "prior_intervals": RULES.prior_intervals,
            "shortest_interval_days": RULES.shortest_interval_days,
        },
        "relationship": {"client_purchases": CLIENT_PURCHASES},
    }


def kept(engine: Engine, table: ir.Table | pa.Table, *, name: str) -> ir.Table:
    """The table computed once and held by the engine until it is closed."""
    return engine.ibis.create_table(name, table, temp=True)


def _only_row(table: ir.Table) -> dict[str, Any]:
    row: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return row
