"""The features that Zhike computes without being asked: recency, frequency, money, trend, rhythm, season, diversity.

Each says its source and window. A purchase is an order of 0 or more, as in :mod:`zhike.science.purchases`.
"""

from __future__ import annotations

from typing import Any

from zhike.science.features.declared import Declared, Derived, Feature

QUARTER = 91
YEAR = 365


def _count(rows: Any, within: Any) -> Any:
    return within.count(where=within)


def _since(rows: Any, within: Any) -> Any:
    return rows.days_ago.min(where=within)


def _purchases(rows: Any, within: Any) -> Any:
    return rows.amount.count(where=within & (rows.amount >= 0))


def _spent(rows: Any, within: Any) -> Any:
    return rows.amount.cast("float64").sum(where=within & (rows.amount >= 0))


def _ratio(over: Any, under: Any) -> Any:
    return over / under.cast("float64").nullif(0)


def _trend(name: str) -> Derived:
    """From -1 (nothing in the last three months) over 0 to 1 (nothing in the three before)."""
    recent, before = f"{name}_91d", f"{name}_92_182d"
    return Derived(
        name=f"{name}_trend",
        of=(recent, before),
        measure=lambda row: _ratio(row[recent] - row[before], row[recent] + row[before]),
    )


ORDERS: tuple[Declared, ...] = (
    Feature(
        name="recency_days",
        source="orders",
        measure=lambda rows, within: rows.days_ago.min(where=within & (rows.amount >= 0)),
    ),
    Feature(
        name="tenure_days",
        source="orders",
        measure=lambda rows, within: rows.days_ago.max(where=within & (rows.amount >= 0)),
    ),
    Feature(name="orders", source="orders", measure=_purchases, empty=0),
    *(
        Feature(name=f"orders_{days}d", source="orders", measure=_purchases, days=days, empty=0)
        for days in (30, QUARTER, YEAR)
    ),
    Feature(name="orders_92_182d", source="orders", measure=_purchases, days=2 * QUARTER, skip=QUARTER, empty=0),
    # What the coming three months were a year ago.
    Feature(name="orders_same_season", source="orders", measure=_purchases, days=YEAR, skip=YEAR - QUARTER, empty=0),
    Feature(name="amount", source="orders", measure=_spent, empty=0),
    *(Feature(name=f"amount_{days}d", source="orders", measure=_spent, days=days, empty=0) for days in (QUARTER, YEAR)),
    Feature(name="amount_92_182d", source="orders", measure=_spent, days=2 * QUARTER, skip=QUARTER, empty=0),
    Feature(
        name="largest_order",
        source="orders",
        measure=lambda rows, within: rows.amount.cast("float64").max(where=within & (rows.amount >= 0)),
    ),
    Feature(
        name="refunds_365d",
        source="orders",
        measure=lambda rows, within: rows.amount.count(where=within & (rows.amount < 0)),
        days=YEAR,
        empty=0,
    ),
    Feature(
        name="refunded_amount",
        source="orders",
        measure=lambda rows, within: -rows.amount.cast("float64").sum(where=within & (rows.amount < 0)),
        empty=0,
    ),
    Feature(
        name="weekend_orders",
        source="orders",
        measure=lambda rows, within: rows.amount.count(where=within & (rows.amount >= 0) & (rows.weekday >= 5)),
        empty=0,
    ),
    Derived(name="average_order", of=("amount", "orders"), measure=lambda row: _ratio(row.amount, row.orders)),
    Derived(
        name="refund_rate",
        of=("refunded_amount", "amount"),
        measure=lambda row: _ratio(row.refunded_amount, row.amount),
    ),
    Derived(
        name="weekend_rate", of=("weekend_orders", "orders"), measure=lambda row: _ratio(row.weekend_orders, row.orders)
    ),
    _trend("orders"),
    _trend("amount"),
)

RHYTHM: tuple[Declared, ...] = (
    Feature(name="purchase_days", source="purchase_days", measure=_count, empty=0),
    Feature(
        name="mean_gap_days", source="purchase_days", measure=lambda rows, within: rows.gap_days.mean(where=within)
    ),
    Feature(
        name="gap_sd_days",
        source="purchase_days",
        measure=lambda rows, within: rows.gap_days.std(where=within, how="sample"),
    ),
    Feature(
        name="longest_gap_days", source="purchase_days", measure=lambda rows, within: rows.gap_days.max(where=within)
    ),
    Derived(
        name="silence_ratio",
        of=("recency_days", "mean_gap_days"),
        measure=lambda row: _ratio(row.recency_days, row.mean_gap_days),
    ),
    Derived(
        name="days_per_purchase_day",
        of=("tenure_days", "purchase_days"),
        measure=lambda row: _ratio(row.tenure_days, row.purchase_days),
    ),
)

DIVERSITY: tuple[Declared, ...] = (
    Feature(name="categories", source="customer_categories", measure=_count, empty=0),
    Feature(
        name="largest_category_rate",
        source="customer_categories",
        measure=lambda rows, within: rows.share.max(where=within),
    ),
    # Simpson: how likely two pieces of money went to different categories.
    Feature(
        name="category_diversity",
        source="customer_categories",
        measure=lambda rows, within: 1 - (rows.share * rows.share).sum(where=within),
    ),
    Feature(
        name="main_category",
        source="customer_categories",
        measure=lambda rows, within: rows.category.min(where=within & (rows.rank == 0)),
    ),
    Feature(name="lines_91d", source="lines", measure=_count, days=QUARTER, empty=0),
)

EVENTS: tuple[Declared, ...] = (
    *(
        Feature(name=f"events_{days}d", source="events", measure=_count, days=days, empty=0)
        for days in (7, 30, QUARTER)
    ),
    Feature(
        name="event_kinds_91d",
        source="events",
        measure=lambda rows, within: rows.kind.nunique(where=within),
        days=QUARTER,
        empty=0,
    ),
    Feature(name="days_since_event", source="events", measure=_since),
)

TICKETS: tuple[Declared, ...] = (
    *(
        Feature(name=f"tickets_{days}d", source="tickets", measure=_count, days=days, empty=0)
        for days in (QUARTER, YEAR)
    ),
    Feature(name="days_since_ticket", source="tickets", measure=_since),
)

SURVEYS: tuple[Declared, ...] = (
    Feature(name="surveys_365d", source="surveys", measure=_count, days=YEAR, empty=0),
    Feature(name="days_since_survey", source="surveys", measure=_since),
    Feature(
        name="last_score",
        source="surveys",
        measure=lambda rows, within: rows.score.cast("float64").mean(where=within & rows.is_latest),
    ),
    Feature(
        name="mean_score", source="surveys", measure=lambda rows, within: rows.score.cast("float64").mean(where=within)
    ),
    Derived(name="score_change", of=("last_score", "mean_score"), measure=lambda row: row.last_score - row.mean_score),
)

LOYALTY: tuple[Declared, ...] = (
    Feature(
        name="points_balance",
        source="loyalty",
        measure=lambda rows, within: rows.points.cast("float64").sum(where=within),
        empty=0,
    ),
    Feature(
        name="points_earned_91d",
        source="loyalty",
        measure=lambda rows, within: rows.points.cast("float64").sum(where=within & (rows.points > 0)),
        days=QUARTER,
        empty=0,
    ),
    Feature(
        name="points_spent_91d",
        source="loyalty",
        measure=lambda rows, within: -rows.points.cast("float64").sum(where=within & (rows.points < 0)),
        days=QUARTER,
        empty=0,
    ),
    Feature(name="days_since_points", source="loyalty", measure=_since),
)

STANDARD: tuple[Declared, ...] = (*ORDERS, *RHYTHM, *DIVERSITY, *EVENTS, *TICKETS, *SURVEYS, *LOYALTY)

# These need columns that a table of tickets may lack.
OPEN_TICKETS = Feature(
    name="open_tickets",
    source="tickets",
    measure=lambda rows, within: within.count(where=within & rows.resolved_at.isnull()),
    empty=0,
)
COMPLAINTS = Feature(
    name="complaints_365d",
    source="tickets",
    measure=lambda rows, within: rows.is_complaint.count(where=within & rows.is_complaint),
    days=YEAR,
    empty=0,
)
