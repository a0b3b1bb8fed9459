"""Revenue less the costs that are known, customer by customer, and how unevenly that is spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ibis.expr.types as ir

GOODS, SERVING, ACQUIRING, KEEPING = COSTS = ("goods", "serving", "acquiring", "keeping")


class CostUnknown(ValueError):
    """A kind of cost that is none of those of :data:`COSTS`."""


class Contribution(NamedTuple):
    """rows: one of each customer. missing: kinds of cost of which nothing is known; the profit is before them."""

    rows: ir.Table
    missing: tuple[str, ...]


def contribution(revenue: ir.Table, *, costs: Mapping[str, ir.Table]) -> Contribution:
    """What each customer brought, less what they cost.

    revenue: customer_id, amount (refunds negative), any number of rows of a customer.
    costs: of the kinds that are known, goods, serving, acquiring (to win them), keeping (discounts, gifts, campaigns),
    a table each with customer_id and amount (positive), any number of rows of a customer.

    Returns customer_id, revenue, a column of each kind that is known, margin (revenue less goods; absent where goods
    are not known) and profit (revenue less every kind that is known). Who is in any table has a row. No row in a table
    of costs means that nothing was spent; a null amount means that it is not known, and so are the customer's margin
    and profit (null). A kind that is not given is no zero: it is named in `missing`.

    :raises CostUnknown: a kind of cost has another name
    """
    import ibis

    if strange := sorted(set(costs) - set(COSTS)):
        raise CostUnknown(f"none of {', '.join(COSTS)}: {', '.join(strange)}")
    known = [kind for kind in COSTS if kind in costs]
    totals = {"revenue": _totals(revenue, "revenue"), **{kind: _totals(costs[kind], kind) for kind in known}}
    ids = ibis.union(*(each.select("customer_id") for each in totals.values()), distinct=True) if known else None
    rows = totals["revenue"].select("customer_id") if ids is None else ids
    for kind, total in totals.items():
        joined = rows.left_join(total, "customer_id")
        amount = ibis.ifelse(
            joined[f"{kind}_row_count"].isnull(),
            ibis.literal(0).cast(joined[kind].type()),
            joined[kind],
        )
        rows = joined.select(*(rows[name] for name in rows.columns), amount.name(kind))
    spent = {kind: rows[kind] for kind in known}
    profit = rows.revenue
    for amount in spent.values():
        profit = profit - amount
    margin = {"margin": rows.revenue - spent[GOODS]} if GOODS in spent else {}
    return Contribution(rows.mutate(**margin, profit=profit), tuple(kind for kind in COSTS if kind not in costs))


def whale_curve(rows: ir.Table) -> ir.Table:
    """The customers whose profit is known, most profitable first, with the profit of them and all before.

    rows: of :func:`contribution`.
    Returns customer_id, profit, position (from 1; equal profits by customer_id), customer_rate, cumulative_amount and
    cumulative_rate (of the whole; null unless that is above 0).
    Source: Kaplan and Narayanan, Measuring and managing customer profitability (2001).
    """
    import ibis

    known = rows.filter(rows.profit.notnull()).select("customer_id", "profit")
    best_first = [known.profit.desc(), known.customer_id.asc()]
    ranked = known.mutate(
        position=ibis.row_number().over(order_by=best_first) + 1,
        cumulative_amount=known.profit.sum().over(ibis.cumulative_window(order_by=best_first)),
        whole_count=known.count().over(),
        whole=known.profit.sum().over(),
    )
    return ranked.select(
        "customer_id",
        "profit",
        "position",
        "cumulative_amount",
        customer_rate=ranked.position / ranked.whole_count,
        cumulative_rate=_share(ranked.cumulative_amount, ranked.whole),
    )


def whale_figures(rows: ir.Table) -> ir.Table:
    """The whale curve in one row.

    rows: of :func:`contribution`.
    Returns customer_count, unknown_count (of them, whose profit is not known), profitable_count, total_amount,
    peak_amount (of all whose profit is above 0), lost_amount (what the others take away again, 0 or below), peak_rate
    (peak by total; null unless the total is above 0) and above_rate (peak_rate less 1: the share above 100 %).
    """
    profit = rows.profit
    figures = rows.agg(
        customer_count=rows.count(),
        unknown_count=profit.isnull().count(where=profit.isnull()),
        profitable_count=profit.count(where=profit > 0),
        total_amount=profit.sum().fill_null(0),
        peak_amount=profit.sum(where=profit > 0).fill_null(0),
        lost_amount=profit.sum(where=profit < 0).fill_null(0),
    )
    rate = _share(figures.peak_amount, figures.total_amount)
    return figures.mutate(peak_rate=rate, above_rate=rate - 1)


def _totals(amounts: ir.Table, name: str) -> ir.Table:
    """Null where any amount is; and how many rows there were, to tell that from a customer without any."""
    whole = amounts.filter(amounts.customer_id.notnull()).group_by("customer_id")
    counted = whole.agg(
        sum_amount=amounts.amount.sum(), told_count=amounts.amount.count(), row_count=amounts.customer_id.count()
    )
    amount = (counted.told_count == counted.row_count).ifelse(counted.sum_amount, None)
    return counted.select("customer_id", amount.name(name), counted.row_count.name(f"{name}_row_count"))


def _share(part: ir.Value, whole: ir.Value) -> ir.Value:
    return (whole > 0).ifelse(part.cast("float64") / whole.cast("float64").nullif(0), None)
