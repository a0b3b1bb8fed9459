"""Retention by the month of the first purchase."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def cohort_retention(orders: ir.Table, *, as_of: date) -> ir.Table:
    """How many customers of each first month bought again in every later month.

    orders: customer_id, placed_on (the local day, date), amount. Purchases count as in
    :func:`zhike.science.purchases.purchase_summary`: up to ``as_of``, 0 or more, with a customer. Months are those
    of the local calendar that placed_on is given in; the month of ``as_of`` is there even if it is not over.

    Returns one row per cohort and month up to that of ``as_of``, months without a purchase included:
    - cohort_on: first day of the month of the first purchase; a month in which nobody came first has no rows
    - months_since: 0 for that month itself
    - cohort_count: customers of the cohort
    - active_count: those who bought in the month
    - active_rate: active_count / cohort_count, 0 to 1
    """
    import ibis

    known = orders.filter(orders.customer_id.notnull(), orders.amount >= 0, orders.placed_on <= ibis.literal(as_of))
    bought = known.select(known.customer_id, month=known.placed_on.year() * 12 + known.placed_on.month() - 1).distinct()
    firsts = bought.group_by("customer_id").agg(first_month=bought.month.min())
    seen = bought.join(firsts, "customer_id")
    active = seen.group_by("first_month", months_since=seen.month - seen.first_month).agg(active_count=seen.count())
    cohorts = firsts.group_by("first_month").agg(cohort_count=firsts.count())
    last_month = as_of.year * 12 + as_of.month - 1
    grid = cohorts.mutate(months_since=ibis.range(0, last_month - cohorts.first_month + 1).unnest())
    filled = grid.left_join(active, ["first_month", "months_since"])
    active_count = filled.active_count.fill_null(0)
    return filled.select(
        cohort_on=ibis.date(filled.first_month // 12, filled.first_month % 12 + 1, 1),
        months_since=filled.months_since.cast("int64"),
        cohort_count=filled.cohort_count,
        active_count=active_count,
        active_rate=active_count / filled.cohort_count,
    )
