"""Who went from where to where, between two days."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def movements(before: ir.Table, after: ir.Table, *, column: str) -> ir.Table:
    """How many customers went from each grade, stage or segment to each.

    before, after: customer_id, which occurs once, and `column`, on two days.
    Returns origin, destination (null: not there on that day, or in none), customer_count and rate (of the origin's
    customers), a row for each pair that occurs; who was in none on both days is left out.
    """
    was = before.select("customer_id", origin=before[column])
    is_now = after.select(now_id=after.customer_id, destination=after[column])
    both = was.outer_join(is_now, was.customer_id == is_now.now_id)
    somewhere = both.filter(both.origin.notnull() | both.destination.notnull())
    counted = somewhere.group_by("origin", "destination").agg(customer_count=somewhere.count())
    whole = counted.customer_count.sum().over(group_by=counted.origin)
    return counted.mutate(rate=counted.customer_count / whole)
