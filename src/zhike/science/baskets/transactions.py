"""Orders as sets of products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

type Integers = np.ndarray[Any, np.dtype[np.int64]]
type Flags = np.ndarray[Any, np.dtype[np.bool_]]


class BasketsEmpty(ValueError):
    """There is no basket to count in."""


class PeriodUnknown(ValueError):
    """Baskets have periods, but of one of them it is not told."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Baskets that are not counted. empty: everything was taken back. over_cap: more products than the cap; largest:
    the products of the largest of these."""

    empty: int = 0
    over_cap: int = 0
    largest: int = 0


@dataclass(frozen=True, kw_only=True)
class Baskets:
    """Each basket a set of products.

    items: the ids of all products, in order. held, starts: the codes (places in items) of basket b are
    held[starts[b]:starts[b + 1]]. period: of each basket its place in periods (an Arrow array, in order); without
    periods, all zero.
    """

    items: pa.Array
    starts: Integers
    held: Integers
    period: Integers
    periods: Any = ()
    left_out: LeftOut = LeftOut()

    @classmethod
    def of_table(cls, lines: ir.Table, *, cap: int | None = None) -> Self:
        """From order lines; the engine puts lines together and takes back what was returned.

        lines: order_id, product_id and, where there are such, quantity (negative: taken back) and period (of the
        order: a season, a month). A product is in the basket when its quantities add up to more than nothing; without
        a quantity, when there is a line. Lines without order or product are left out; equal lines count once.
        cap: baskets with more products than that are left out, and reported.

        :raises PeriodUnknown: no line of an order tells its period
        """
        rows = distinct_lines(lines)
        orders = rows.order_id.nunique().to_pyarrow().as_py() if "quantity" in rows.columns else None
        bought = rows.filter(rows.quantity > 0).drop("quantity") if "quantity" in rows.columns else rows
        table = bought.to_pyarrow()
        orders_held, order = _in_order(table["order_id"])
        labels: Any = ()
        period = np.zeros(len(orders_held), dtype=np.int64)
        if "period" in table.column_names:
            labels, period = _periods(table["period"], order, len(orders_held))
        items, product = _in_order(table["product_id"])
        empty = 0 if orders is None else orders - len(period)
        return cls._of_codes(items, order, product, period, labels, cap=cap, empty=empty)

    @classmethod
    def of_lists(
        cls, baskets: Iterable[Iterable[Any]], *, periods: Sequence[Any] | None = None, cap: int | None = None
    ) -> Self:
        """Each basket the ids of its products; periods: of each basket, what it belongs to.

        :raises PeriodUnknown: a period is None
        """
        import pyarrow as pa

        sets = [{item for item in basket if item is not None} for basket in baskets]
        order = np.repeat(np.arange(len(sets)), [len(one) for one in sets]).astype(np.int64)
        items, product = _in_order(pa.chunked_array([pa.array([item for one in sets for item in one])]))
        kept = np.array([bool(one) for one in sets], dtype=bool)
        labels: Any = ()
        period = np.zeros(len(sets), dtype=np.int64)
        if periods is not None:
            labels, period = _periods(pa.chunked_array([pa.array(periods)]), np.arange(len(sets)), len(sets))
        place = np.cumsum(kept) - 1
        empty = int((~kept).sum())
        return cls._of_codes(items, place[order], product, period[kept], labels, cap=cap, empty=empty)

    @classmethod
    def _of_codes(
        cls,
        items: Any,
        order: Integers,
        product: Integers,
        period: Integers,
        labels: Any,
        *,
        cap: int | None,
        empty: int,
    ) -> Self:
        sizes = np.bincount(order, minlength=len(period))
        sorted_by = np.lexsort((product, order))
        starts = np.concatenate([[0], np.cumsum(sizes)])
        whole = cls(items=items, starts=starts, held=product[sorted_by], period=period, periods=labels)
        over = sizes > cap if cap is not None else np.zeros(len(sizes), dtype=bool)
        left_out = LeftOut(empty=empty, over_cap=int(over.sum()), largest=int(sizes[over].max()) if over.any() else 0)
        kept = whole.part(~over)
        return cls(
            items=items, starts=kept.starts, held=kept.held, period=kept.period, periods=labels, left_out=left_out
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Integers:
        """Products of each basket."""
        return np.diff(self.starts)

    def part(self, kept: Flags) -> Baskets:
        """Only those baskets."""
        sizes = self.sizes
        starts = np.concatenate([[0], np.cumsum(sizes[kept])])
        return Baskets(
            items=self.items,
            starts=starts,
            held=self.held[np.repeat(kept, sizes)],
            period=self.period[kept],
            periods=self.periods,
            left_out=self.left_out,
        )

    def only(self, products: Integers) -> Baskets:
        """Only those products (places in items, ascending), with codes of their own; baskets stay, if empty too."""
        code = np.full(len(self.items), -1, dtype=np.int64)
        code[products] = np.arange(len(products))
        held = code[self.held]
        stays: Flags = held >= 0
        row = np.repeat(np.arange(len(self)), self.sizes)
        return Baskets(
            items=self.items.take(products),
            starts=np.concatenate([[0], np.cumsum(np.bincount(row[stays], minlength=len(self)))]),
            held=held[stays],
            period=self.period,
            periods=self.periods,
            left_out=self.left_out,
        )

    def item_counts(self) -> Integers:
        """In how many baskets each product is."""
        return np.bincount(self.held, minlength=len(self.items))

    def check_any(self) -> None:
        """:raises BasketsEmpty: there is none"""
        if not len(self):
            raise BasketsEmpty("there are no baskets")


def distinct_lines(lines: ir.Table) -> ir.Table:
    """Each order's products once, with the sum of their quantities (where lines have any) and the order's period."""
    known = lines.filter(lines.order_id.notnull(), lines.product_id.notnull())
    figures = {}
    if "quantity" in lines.columns:
        figures["quantity"] = known.quantity.sum()
    if "period" in lines.columns:
        figures["period"] = known.period.min()
    keys = ("order_id", "product_id")
    return known.group_by(*keys).agg(**figures) if figures else known.select(*keys).distinct()


def _in_order(column: pa.ChunkedArray) -> tuple[Any, Integers]:
    """The distinct values in their order, and of each row its value's place."""
    import pyarrow.compute as pc

    if not len(column):
        return column.cast("int64").combine_chunks(), np.zeros(0, dtype=np.int64)
    coded = pc.dictionary_encode(column).combine_chunks()
    by_value = pc.sort_indices(coded.dictionary).to_numpy()
    place = np.empty(len(by_value), dtype=np.int64)
    place[by_value] = np.arange(len(by_value))
    return coded.dictionary.take(by_value), place[_codes(coded)]


def _periods(column: pa.ChunkedArray, order: Integers, count: int) -> tuple[Any, Integers]:
    """The distinct periods, and of each order the place of its first.

    :raises PeriodUnknown: no row of an order has one
    """
    labels, codes = _in_order(column.drop_null())
    period = np.full(count, len(labels), dtype=np.int64)
    np.minimum.at(period, order[column.is_valid().to_numpy()], codes)
    if unknown := int((period == len(labels)).sum()):
        raise PeriodUnknown(f"{unknown} of {count} baskets without a period")
    return labels, period


def _codes(coded: Any) -> Integers:
    codes: Integers = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes
