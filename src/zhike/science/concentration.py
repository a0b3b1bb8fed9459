"""How unevenly revenue is spread over customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def revenue_by_grade(grades: ir.Table) -> ir.Table:
    """Customers and revenue of each grade, and their shares of the whole.

    grades: of :func:`zhike.science.pyramid.pyramid`; customers without a grade are left out.
    Returns grade, customer_count, amount, customer_rate and amount_rate (0 to 1; null where the whole is 0).
    """
    graded = grades.filter(grades.grade.notnull())
    totals = graded.group_by("grade").agg(customer_count=graded.count(), amount=graded.amount.sum())
    return totals.mutate(
        customer_rate=totals.customer_count / totals.customer_count.sum().over(),
        amount_rate=_share(totals.amount, totals.amount.sum().over()),
    )


def rank_contributors(summary: ir.Table) -> ir.Table:
    """The customers with a positive amount, best first; equal amounts by customer_id.

    summary: of :func:`zhike.science.purchases.purchase_summary`.
    Returns customer_id, amount, position (1 for the best), total_count and total_amount. Worth computing once where
    more than one figure is wanted.
    """
    import ibis

    contributors = summary.filter(summary.amount > 0).select("customer_id", "amount")
    best_first = [contributors.amount.desc(), contributors.customer_id.asc()]
    return contributors.mutate(
        position=ibis.row_number().over(order_by=best_first) + 1,
        total_count=contributors.count().over(),
        total_amount=contributors.amount.sum().over(),
    )


def lorenz_curve(ranked: ir.Table, *, steps: int = 100) -> ir.Table:
    """The share of revenue that the best 1/steps, 2/steps … of the contributing customers bring.

    ranked: of :func:`rank_contributors`.
    Returns step (1 … steps; steps without a customer are missing), customer_count, customer_rate and amount_rate,
    all running totals from the best customer down.
    """
    import ibis

    step = (ranked.position * steps + ranked.total_count - 1) // ranked.total_count
    slices = ranked.group_by(step=step).agg(
        slice_count=ranked.count(),
        slice_amount=ranked.amount.sum(),
        total_count=ranked.total_count.max(),
        total_amount=ranked.total_amount.max(),
    )
    running = ibis.cumulative_window(order_by=slices.step)
    customer_count = slices.slice_count.sum().over(running)
    return slices.select(
        slices.step,
        customer_count=customer_count,
        customer_rate=customer_count / slices.total_count,
        amount_rate=_share(slices.slice_amount.sum().over(running), slices.total_amount),
    )


def gini(ranked: ir.Table) -> ir.Table:
    """The Gini coefficient of the contributing customers' amounts: 0 if all bring the same, near 1 if one brings all.

    ranked: of :func:`rank_contributors`.
    Returns one row: customer_count, gini (null without customers). G = sum((n + 1 - 2 i) x_i) / (n sum(x)), with
    x_1 the largest. Source: Sen, On Economic Inequality (1973).
    """
    weight = (ranked.total_count + 1 - 2 * ranked.position).cast("float64")
    share = _share(ranked.amount, ranked.total_amount)
    return ranked.agg(customer_count=ranked.count(), gini=(weight / ranked.total_count * share).sum())


def _share(part: ir.Value, whole: ir.Value) -> ir.Value:
    return part.cast("float64") / whole.cast("float64").nullif(0)
