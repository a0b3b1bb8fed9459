"""What a customer's orders amount to on a given day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

MONEY = "decimal(38, 8)"
WEEK_DAYS = 7


class OrdersInvalid(TypeError):
    """A column that is missing, or that is not what it has to be."""


def check_orders(orders: ir.Table) -> None:
    """:raises OrdersInvalid: without customer_id, placed_on as a day or amount as a number"""
    kinds = orders.schema()
    missing = [name for name in ("customer_id", "placed_on", "amount") if name not in kinds]
    if missing:
        raise OrdersInvalid(f"orders are without {', '.join(missing)}")
    if not kinds["placed_on"].is_date():
        raise OrdersInvalid(
            f"placed_on is {kinds['placed_on']}: a day is wanted, the local one, and only you know in which time zone"
        )
    if not kinds["amount"].is_numeric():
        raise OrdersInvalid(f"amount is {kinds['amount']}: a number is wanted, of one currency")


def purchase_summary(orders: ir.Table, *, as_of: date, customers: ir.Table | None = None) -> ir.Table:
    """First and last purchase, frequency, amount and rhythm, one row per customer.

    orders: customer_id, placed_on (the local day, date), amount (decimal, one currency, refunds negative).
    customers: customer_id; when given, those who never ordered are returned too, with counts and amount 0.

    What counts:
    - Orders placed after ``as_of`` do not exist yet; the day itself belongs to it.
    - An order of 0 or more is a purchase (a gift or a fully discounted order is a visit too).
    - A negative order (refund, cancellation) lowers the amount, but is no purchase: it moves neither the
      counts nor the first and last day. The purchase that it takes back stays counted.
    - Orders without a customer or without an amount are left out.

    :raises OrdersInvalid: a column is missing, or a moment stands where a day has to

    Returns
    - customer_id
    - first_order_on, last_order_on: dates; null without a purchase
    - recency_days, tenure_days: whole days from the last and from the first purchase to ``as_of``
    - order_count, purchase_days: purchases, and the distinct days they fell on
    - amount: purchases minus refunds, decimal with 8 places
    - average_amount: mean purchase before refunds, rounded to 8 places; null without a purchase
    - mean_interval_days: mean days between successive purchase days; null with fewer than two
    """
    return summary_of_totals(purchase_totals(orders, as_of=as_of), as_of=as_of, customers=customers)


def purchase_totals(orders: ir.Table, *, as_of: date) -> ir.Table:
    """What the summary is made of, one row for each customer with an order; it does not age.

    orders: as in :func:`purchase_summary`. A customer's row follows from their own orders up to ``as_of`` alone, so
    rows made earlier stay true for those of whom no order came, went or changed.

    Returns customer_id, first_order_on, last_order_on, order_count, purchase_days, amount (as in
    :func:`purchase_summary`) and purchases (the amount before refunds; null without a purchase).
    """
    import ibis

    check_orders(orders)
    known = orders.filter(
        orders.customer_id.notnull(), orders.amount.notnull(), orders.placed_on <= ibis.literal(as_of)
    )
    is_purchase = known.amount >= 0
    return known.group_by("customer_id").agg(
        first_order_on=known.placed_on.min(where=is_purchase),
        last_order_on=known.placed_on.max(where=is_purchase),
        order_count=known.amount.count(where=is_purchase),
        purchase_days=known.placed_on.nunique(where=is_purchase),
        amount=known.amount.sum().cast(MONEY),
        purchases=known.amount.sum(where=is_purchase).cast(MONEY),
    )


def summary_of_totals(totals: ir.Table, *, as_of: date, customers: ir.Table | None = None) -> ir.Table:
    """The columns of :func:`purchase_summary`, from :func:`purchase_totals` up to that day.

    totals: without purchases, the summary is without average_amount.
    """
    import ibis

    if customers is not None:
        everyone = customers.select("customer_id")
        totals = everyone.left_join(totals, "customer_id").drop("customer_id_right")
    today = ibis.literal(as_of)
    order_count = totals.order_count.fill_null(0)
    span_days = totals.last_order_on.delta(totals.first_order_on, unit="day")
    average = {}
    if "purchases" in totals.columns:
        average["average_amount"] = (totals.purchases.cast("float64") / order_count.nullif(0)).cast(MONEY)
    return totals.select(
        totals.customer_id,
        totals.first_order_on,
        totals.last_order_on,
        recency_days=today.delta(totals.last_order_on, unit="day").cast("int64"),
        tenure_days=today.delta(totals.first_order_on, unit="day").cast("int64"),
        order_count=order_count,
        purchase_days=totals.purchase_days.fill_null(0),
        amount=totals.amount.fill_null(ibis.literal(0).cast(MONEY)),
        **average,
        mean_interval_days=span_days.cast("float64") / (totals.purchase_days - 1).nullif(0),
    )


def calibrated_summary(orders: ir.Table, *, calibration_end: date) -> ir.Table:
    """Repeat purchases up to the end of calibration, as buy-till-you-die models take them, one row per buyer.

    orders: as in :func:`purchase_summary`. Purchases of one day are one; refunds are ignored; customers whose
    first purchase lies after ``calibration_end`` are not in the table.

    Returns customer_id, frequency (repeat purchase days), recency_weeks (first to last purchase, t_x),
    age_weeks (first purchase to the end, T), mean_repeat_amount (decimal, of the repeat days; null without one).

    :raises OrdersInvalid: a column is missing, or a moment stands where a day has to

    Source: Fader and Hardie, "Creating an RFM summary using Excel" (2008); the published CDNOW summary.
    """
    import ibis

    check_orders(orders)
    purchases = orders.filter(
        orders.customer_id.notnull(), orders.amount >= 0, orders.placed_on <= ibis.literal(calibration_end)
    )
    days = purchases.group_by("customer_id", "placed_on").agg(day_amount=purchases.amount.sum())
    buyers = days.group_by("customer_id").agg(
        first_on=days.placed_on.min(),
        last_on=days.placed_on.max(),
        purchase_days=days.count(),
        amount=days.day_amount.sum(),
        first_amount=days.day_amount.argmin(days.placed_on),
    )
    frequency = buyers.purchase_days - 1
    repeat_amount = (buyers.amount - buyers.first_amount).cast("float64")
    return buyers.select(
        buyers.customer_id,
        frequency=frequency.cast("int64"),
        recency_weeks=buyers.last_on.delta(buyers.first_on, unit="day").cast("float64") / WEEK_DAYS,
        age_weeks=ibis.literal(calibration_end).delta(buyers.first_on, unit="day").cast("float64") / WEEK_DAYS,
        mean_repeat_amount=(repeat_amount / frequency.nullif(0)).cast(MONEY),
    )
