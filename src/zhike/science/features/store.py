"""Features of customers as of a day, point-in-time correct, as one query of the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from zhike.science.features.catalogue import STANDARD
from zhike.science.features.declared import Declared, Derived, Feature, FeatureInvalid
from zhike.science.features.sources import SOURCES, Clock, SourceInvalid, known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir


def customer_features(
    tables: Mapping[str, ir.Table],
    *,
    clock: Clock,
    customers: ir.Table | None = None,
    features: Iterable[Declared] = STANDARD,
) -> ir.Table:
    """What was known of each customer at the end of a day, one row each.

    tables: any of :data:`zhike.science.features.sources.SOURCES` by name, as :func:`known_rows` takes them. Features of
    a source that is not there are left out, and so are those derived from them.
    customers: customer_id and, if it is known, at (since when they are customers; those who became it after the day are
    left out). Without it: everybody of whom some fact was known.

    Returns customer_id, as_of and a column for each feature: a number or a name; null where nothing of its window was
    known and nothing stands for it (no last purchase, no mean of none).

    :raises SourceInvalid: there is no such source, or it lacks a column
    :raises FeatureInvalid: two features have one name
    """
    import ibis

    if unknown := sorted(set(tables) - set(SOURCES)):
        raise SourceInvalid(f"no such source: {', '.join(unknown)}")
    declared = _check(features)
    rows = {name: known_rows(table, SOURCES[name], clock) for name, table in sorted(tables.items())}
    rows |= _restated(rows)
    wide = _population(rows, clock, customers)
    told: dict[str, Any] = {"customer_id": wide.customer_id, "as_of": ibis.literal(clock.as_of)}
    for source, facts in rows.items():
        own = [each for each in declared if isinstance(each, Feature) and each.source == source]
        if not own:
            continue
        figures = facts.group_by("customer_id").agg(**{each.name: each.of(facts) for each in own})
        wide = wide.left_join(figures, "customer_id").drop("customer_id_right")
    for each in declared:
        if isinstance(each, Feature) and each.name in wide.columns:
            column = wide[each.name]
            column = column if column.type().is_string() else column.cast("float64")
            told[each.name] = column if each.empty is None else column.fill_null(float(each.empty))
    table = wide.select(**told)
    return table.mutate(
        **{
            each.name: each.measure(table)
            for each in declared
            if isinstance(each, Derived) and set(each.of) <= set(table.columns)
        }
    )


def _check(features: Iterable[Declared]) -> tuple[Declared, ...]:
    declared = tuple(features)
    if twice := [name for name, times in Counter(each.name for each in declared).items() if times > 1]:
        raise FeatureInvalid(f"declared twice: {', '.join(sorted(twice))}")
    return declared


def _population(rows: Mapping[str, ir.Table], clock: Clock, customers: ir.Table | None) -> ir.Table:
    if customers is not None:
        known = customers.filter(customers.customer_id.notnull())
        if "at" in customers.columns:
            known = known.filter(clock.days(known["at"])[0] <= clock.today)
        return known.select("customer_id").distinct()
    everyone = None
    for name, facts in rows.items():
        if name in SOURCES:
            ids = facts.select("customer_id")
            everyone = ids if everyone is None else everyone.union(ids)
    if everyone is None:
        raise SourceInvalid("neither customers nor a source")
    return everyone.distinct()


def _restated(rows: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
    """Purchase days with the gap before each; categories of a customer with their share of the money."""
    import ibis

    found = {}
    if "orders" in rows:
        orders = rows["orders"]
        days = orders.filter(orders.amount >= 0).group_by("customer_id", "days_ago").agg()
        earlier = days.days_ago.lag().over(ibis.window(group_by="customer_id", order_by=ibis.desc("days_ago")))
        found["purchase_days"] = days.mutate(gap_days=(earlier - days.days_ago).cast("float64"))
    if "lines" in rows:
        lines = rows["lines"]
        bought = lines.filter(lines.category.notnull(), lines.amount > 0)
        spent = bought.group_by("customer_id", "category").agg(
            spent=bought.amount.cast("float64").sum(), days_ago=bought.days_ago.min()
        )
        of_customer = ibis.window(group_by="customer_id")
        ranked = ibis.window(group_by="customer_id", order_by=[ibis.desc("spent"), "category"])
        found["customer_categories"] = spent.mutate(
            share=spent.spent / spent.spent.sum().over(of_customer), rank=ibis.row_number().over(ranked)
        )
    return found
