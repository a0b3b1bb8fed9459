"""Who bought what on which days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

type Integers = np.ndarray[Any, np.dtype[np.int64]]
type Scores = np.ndarray[Any, np.dtype[np.float32]]

EPOCH = date(1970, 1, 1)


class NothingBought(ValueError):
    """There is no purchase to learn from."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Of each customer and product that was bought, in their order: on how many days, and the first and last one."""

    user: Integers
    item: Integers
    days: Integers
    first: Integers
    last: Integers


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """users, items: the ids, in order. user, item, day: an entry for each customer, product and day (since 1970) with
    a purchase, in that order; the first two are places among the ids."""

    users: pa.Array
    items: pa.Array
    user: Integers
    item: Integers
    day: Integers

    @classmethod
    def of_table(cls, lines: ir.Table, *, customers: ir.Table | None = None, products: ir.Table | None = None) -> Self:
        """From order lines; the engine puts them together.

        lines: customer_id, product_id, placed_on (date) and, where there is one, quantity (negative: taken back).
        Without customer, product or day a line is left out. What was taken back altogether was not bought; what was
        taken back in part stays. Doubled lines change nothing.
        customers: customer_id; products: product_id: who and what is known besides, without a purchase.

        :raises NothingBought: nothing is left
        """
        import pyarrow as pa

        known = lines.filter(lines.customer_id.notnull(), lines.product_id.notnull(), lines.placed_on.notnull())
        keys = ("customer_id", "product_id")
        if "quantity" in lines.columns:
            daily = known.group_by(*keys, "placed_on").agg(quantity=known.quantity.sum())
            kept = daily.group_by(*keys).agg(quantity=daily.quantity.sum())
            kept = kept.filter(kept.quantity > 0)
            bought = daily.filter(daily.quantity > 0).semi_join(kept, keys).select(*keys, "placed_on")
        else:
            bought = known.select(*keys, "placed_on").distinct()
        rows = bought.to_pyarrow()
        if not rows.num_rows:
            raise NothingBought("nobody bought anything")
        users, user = _coded(rows["customer_id"], None if customers is None else customers.customer_id)
        items, item = _coded(rows["product_id"], None if products is None else products.product_id)
        day = rows["placed_on"].cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
        return cls.of_codes(users, items, user, item, day)

    @classmethod
    def of_codes(cls, users: pa.Array, items: pa.Array, user: Integers, item: Integers, day: Integers) -> Self:
        """From places among the ids; entries in any order, equal ones count once."""
        order = np.lexsort((day, item, user))
        user, item, day = user[order], item[order], day[order]
        if len(user):
            new = (np.diff(user) != 0) | (np.diff(item) != 0) | (np.diff(day) != 0)
            kept = np.concatenate([[True], new])
            user, item, day = user[kept], item[kept], day[kept]
        return cls(users=users, items=items, user=user, item=item, day=day)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.users), len(self.items)

    @property
    def last_day(self) -> int:
        """Days since 1970; the day as of which everything is told.

        :raises NothingBought: there is no purchase
        """
        self.check_any()
        return int(self.day.max())

    @cached_property
    def pairs(self) -> Pairs:
        new = np.concatenate([[True], (np.diff(self.user) != 0) | (np.diff(self.item) != 0)])
        starts = np.flatnonzero(new[: len(self.user)])
        ends = np.append(starts[1:], len(self.user))
        return Pairs(
            user=self.user[starts],
            item=self.item[starts],
            days=ends - starts,
            first=self.day[starts],
            last=self.day[ends - 1],
        )

    @cached_property
    def held(self) -> sparse.csr_matrix:
        """Customers by products, 1 where bought."""
        return self.weighted(np.ones(len(self.pairs.user)))

    @cached_property
    def counted(self) -> sparse.csr_matrix:
        """Customers by products, the days on which bought."""
        return self.weighted(self.pairs.days)

    def weighted(self, weights: Any) -> sparse.csr_matrix:
        """Customers by products. weights: of :attr:`pairs`."""
        starts = np.searchsorted(self.pairs.user, np.arange(len(self.users) + 1)).astype(np.int32)
        weights = np.asarray(weights, dtype=np.float32)
        return sparse.csr_matrix((weights, self.pairs.item.astype(np.int32), starts), shape=self.shape)

    def until(self, day: date) -> Interactions:
        """What had been bought on that day and before; all ids stay."""
        kept = self.day <= (day - EPOCH).days
        return Interactions(
            users=self.users, items=self.items, user=self.user[kept], item=self.item[kept], day=self.day[kept]
        )

    def places(self, customers: Any) -> Integers:
        """Of each customer's id the place among them; -1: unknown."""
        import pyarrow as pa
        import pyarrow.compute as pc

        asked = customers if isinstance(customers, pa.Array | pa.ChunkedArray) else pa.array(customers)
        found = pc.index_in(asked.cast(self.users.type), value_set=self.users)
        places: Integers = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return places

    def check_any(self) -> None:
        """:raises NothingBought: there is no purchase"""
        if not len(self.user):
            raise NothingBought("nobody bought anything")


def calendar_day(day: int) -> date:
    return EPOCH + timedelta(days=day)


def _coded(column: Any, more: ir.Column | None) -> tuple[Any, Integers]:
    """The distinct ids in order, with those known besides, and of each row its place."""
    import pyarrow as pa
    import pyarrow.compute as pc

    held = column.combine_chunks()
    ids = pc.unique(held)
    if more is not None:
        besides = more.to_pyarrow().cast(ids.type)
        besides = besides.combine_chunks() if isinstance(besides, pa.ChunkedArray) else besides
        ids = pc.unique(pc.drop_null(pa.concat_arrays([ids, besides])))
    ids = ids.take(pc.sort_indices(ids))
    places: Integers = pc.index_in(held, value_set=ids).to_numpy(zero_copy_only=False).astype(np.int64)
    return ids, places
