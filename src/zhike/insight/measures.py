"""From the warehouse to each customer's value: purchase summary, RFM, pyramid, life cycle, relationship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhike.science.lifecycle import LifeCycleRules, company_rhythm, life_cycle
from zhike.science.purchases import purchase_totals, summary_of_totals
from zhike.science.pyramid import GRADES, PyramidShares, pyramid, pyramid_thresholds
from zhike.science.relationship import CLIENT_PURCHASES, relationship_depth
from zhike.science.rfm import rfm, rfm_cutoffs

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from zhike.engine.backend import Engine
    from zhike.engine.versions import Version


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What an earlier run found, to go on from. values: its `Value.table` as a file; version: what it read."""

    values: Path
    version: Version
    as_of: date
    currency: str


@dataclass(frozen=True, kw_only=True)
class Currencies:
    """Which currency the money figures are in, and how many orders of others they leave out."""

    scored: str
    left_out: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Value:
    """What was computed. table: one row a customer, the columns of the facts and purchase_days; the rest is for the
    reasons.

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
    # Hardly ever is there any, and the files tell that without being read.
    others = _by_currency(known.filter(known.currency != company))
    if len(others) == 1 and _by_currency(known) == others:
        return Currencies(scored=next(iter(others)), left_out={})
    return Currencies(scored=company, left_out=others)


def _by_currency(orders: ir.Table) -> dict[str, int]:
    rows = orders.group_by("currency").agg(orders=orders.count()).to_pyarrow().to_pylist()
    return {row["currency"]: row["orders"] for row in rows}


def customer_value(engine: Engine, *, as_of: date, currency: str, earlier: Earlier | None = None) -> Value:
    """Everything that is known of each customer's value on that day, from the orders in one currency.

    earlier: spares counting the orders of customers for whom nothing changed; the result is the same without it.
    """
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
    # The mean purchase is not needed here, and a million of them cost a second.
    totals = _totals_since(engine, counted, earlier, as_of=as_of) if earlier and earlier.currency == currency else None
    if totals is None:
        totals = purchase_totals(counted, as_of=as_of).drop("purchases")
    summary = engine.materialize("summary", summary_of_totals(totals, as_of=as_of, customers=everyone))
    cutoffs, thresholds = rfm_cutoffs(summary), pyramid_thresholds(summary, shares=PYRAMID)
    # Held as one row, because they are wanted twice and an expression that holds them is long to put into SQL.
    bounds = cutoffs.cross_join(thresholds).cross_join(company_rhythm(summary, rules=RULES))
    bounds = engine.materialize("bounds", bounds)
    graded = pyramid(
        rfm(summary, scale=bounds.select(cutoffs.columns)).scores, thresholds=bounds.select(thresholds.columns)
    )
    staged = life_cycle(graded.grades, rules=RULES, rhythm=bounds.select("rhythm_days"))
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
        amount=rows.amount,
        first_order_on=rows.first_order_on,
        last_order_on=rows.last_order_on,
        interval_days=ibis.cases((rows.order_count > 0, rows.expected_interval_days)),
        overdue_rate=rows.overdue_ratio,
        purchase_days=rows.purchase_days,
    )
    value = engine.materialize("value", figures)
    [found] = bounds.to_pyarrow().to_pylist()
    return Value(
        table=value,
        orders=counted,
        cutoffs={name: found[name] for name in cutoffs.columns},
        thresholds={name: found[name] for name in thresholds.columns},
        rhythm_days=found["rhythm_days"],
    )


def _totals_since(engine: Engine, counted: ir.Table, earlier: Earlier, *, as_of: date) -> ir.Table | None:
    """The totals of an earlier run, counted anew for the customers to whom something happened since.

    That is: an order of theirs came, went or changed, or lies between the two days. None where it cannot be told.
    """
    import ibis

    changed = engine.differences("orders", since=earlier.version)
    if changed is None:
        return None
    first, last = (ibis.literal(day) for day in sorted((earlier.as_of, as_of)))
    orders = engine.table("orders")
    between = orders.filter(orders.placed_on > first, orders.placed_on <= last)
    customers = changed.select("customer_id")
    if as_of != earlier.as_of:
        customers = customers.union(between.select("customer_id"))
    moved = engine.materialize("moved", customers.distinct())
    fresh = purchase_totals(counted.semi_join(moved, "customer_id"), as_of=as_of).drop("purchases")
    known = engine.read(earlier.values)
    known = known.select(*fresh.columns).cast(fresh.schema()).anti_join(moved, "customer_id")
    return known.union(fresh)


def parameters() -> dict[str, Any]:
    """What the measures are asked with, as it is kept beside the run."""
    return {
        "rfm": "quintiles",
        "pyramid": {grade: str(getattr(PYRAMID, grade)) for grade in GRADES},
        "life_cycle": {
            "mature_purchases": RULES.mature_purchases,
            "decline_after": RULES.decline_after,
            "lost_after": RULES.lost_after,
            "prior_intervals": RULES.prior_intervals,
            "shortest_interval_days": RULES.shortest_interval_days,
        },
        "relationship": {"client_purchases": CLIENT_PURCHASES},
    }
