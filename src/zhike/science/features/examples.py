"""Features of past days, and what customers did strictly after each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from zhike.science.features.catalogue import STANDARD
from zhike.science.features.declared import Declared
from zhike.science.features.sources import SOURCES, Clock, known_rows
from zhike.science.features.store import customer_features

if TYPE_CHECKING:
    import ibis.expr.types as ir


class WindowNotOver(ValueError):
    """What customers will have done is not known yet: the window ends after the last day that is known."""


def rolling_origins(*, last: date, days: int, step_days: int, count: int) -> list[date]:
    """Days from which one could have looked `days` ahead and know by now what came, the oldest first.

    last: the last day that is known. The newest origin is `days` before it, each older one a step earlier.

    >>> rolling_origins(last=date(2026, 6, 30), days=30, step_days=30, count=2)
    [datetime.date(2026, 5, 1), datetime.date(2026, 5, 31)]
    """
    return [last - timedelta(days=days + step_days * back) for back in reversed(range(count))]


def purchase_labels(orders: ir.Table, *, clock: Clock, days: int, known: date) -> ir.Table:
    """Who bought in the `days` days that follow the clock's day, which itself does not count.

    orders: the source of that name. known: the last day that is known, in the company's zone; purchases that became
    known after it are not.
    Returns customer_id, purchases: a row for each who bought. Nobody else did.

    :raises WindowNotOver: the window ends after the last day that is known
    """
    if clock.as_of + timedelta(days=days) > known:
        raise WindowNotOver(f"{days} days from {clock.as_of} on are not over on {known}")
    rows = known_rows(orders, SOURCES["orders"], replace(clock, as_of=known))
    ahead = (known - clock.as_of).days
    later = rows.filter(rows.amount >= 0, rows.days_ago < ahead, rows.days_ago >= ahead - days)
    return later.group_by("customer_id").agg(purchases=later.count())


def labelled_examples(
    tables: Mapping[str, ir.Table],
    *,
    origins: Sequence[date],
    days: int,
    clock: Clock,
    customers: ir.Table | None = None,
    features: Iterable[Declared] = STANDARD,
) -> ir.Table:
    """Customers as they were on each of the origins, with bought: 1 if they bought within `days` days after it, else 0.

    clock: the day on which one learns; each origin's window is over by then. For churn, ask for 1 - bought.
    Returns the columns of :func:`zhike.science.features.store.customer_features` and bought; a customer may be there
    once for each origin.

    :raises WindowNotOver: an origin's window ends after the clock's day
    :raises ValueError: no origin
    """
    if not origins:
        raise ValueError("at least one origin")
    declared, found = tuple(features), None
    for origin in origins:
        then = replace(clock, as_of=origin)
        known = customer_features(tables, clock=then, customers=customers, features=declared)
        bought = purchase_labels(tables["orders"], clock=then, days=days, known=clock.as_of)
        rows = known.left_join(bought, "customer_id").drop("customer_id_right")
        rows = rows.mutate(bought=rows.purchases.notnull().cast("int8")).drop("purchases")
        found = rows if found is None else found.union(rows)
    return found
