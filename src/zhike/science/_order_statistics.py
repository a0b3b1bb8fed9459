"""Exact order statistics, as one-row tables, so that every engine returns the same cut-off."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def boundaries(table: ir.Table, column: str, shares: Mapping[str, Fraction], *, high_is_best: bool) -> ir.Table:
    """The worst value that still belongs to the best share of the rows, for each share.

    A value belongs to the best share s when the number of rows strictly better than it is less than s times
    the number of rows. So equal values are never parted and share the better side, a boundary within a row
    rounds up, and the best value belongs to every share above nothing. Integers only: no rounding error.

    table: any; rows whose column is null are left out.
    Returns one row, one column per share (null where the table has no rows).
    """
    import ibis

    values = table.filter(table[column].notnull())
    counts = values.group_by(value=values[column]).agg(row_count=values.count())
    best_first = counts.value.desc() if high_is_best else counts.value.asc()
    through = counts.row_count.sum().over(ibis.cumulative_window(order_by=best_first))
    ranked = counts.mutate(better_count=through - counts.row_count, total_count=counts.row_count.sum().over())
    worst = ranked.value.min if high_is_best else ranked.value.max
    return ranked.agg(
        **{
            name: worst(where=ranked.better_count * share.denominator < ranked.total_count * share.numerator)
            for name, share in shares.items()
        }
    )
