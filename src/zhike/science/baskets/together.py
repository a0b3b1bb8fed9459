"""How often products are bought together, counted by the engine itself: for more lines than fit one machine's memory.

The same on every engine; :func:`zhike.science.baskets.itemsets.frequent_itemsets` goes deeper where baskets fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhike.science.baskets.itemsets import Share, exact_share
from zhike.science.baskets.transactions import distinct_lines

if TYPE_CHECKING:
    import ibis.expr.types as ir

CAP = 1_000


def basket_items(lines: ir.Table) -> ir.Table:
    """order_id and product_id, each product of a basket once.

    lines: as of :meth:`zhike.science.baskets.transactions.Baskets.of_table`.
    """
    rows = distinct_lines(lines)
    if "quantity" in rows.columns:
        rows = rows.filter(rows.quantity > 0)
    return rows.select("order_id", "product_id")


def basket_sizes(items: ir.Table, *, cap: int = CAP) -> ir.Table:
    """What the cap leaves out, one row: basket_count (all), over_cap (baskets with more products), largest."""
    sizes = items.group_by("order_id").agg(product_count=items.count())
    return sizes.agg(
        basket_count=sizes.count(),
        over_cap=sizes.product_count.count(where=sizes.product_count > cap),
        largest=sizes.product_count.max(),
    )


def frequent_items(items: ir.Table, *, support: Share, cap: int = CAP) -> ir.Table:
    """The rows of products that are in at least that share of the baskets, with item_count and total_count (baskets).

    items: of :func:`basket_items`, asked several times, so computed already where it is costly. Baskets with more
    products than the cap are left out here and in the total; :func:`basket_sizes` says how many.

    :raises zhike.science.baskets.itemsets.ThresholdInvalid: support is no such share
    """
    share = exact_share(support)
    sized = items.group_by("order_id").agg(product_count=items.count())
    small = sized.filter(sized.product_count <= cap)
    kept = items.semi_join(small, "order_id")
    total = small.agg(total_count=small.count())
    counts = kept.group_by("product_id").agg(item_count=kept.count()).cross_join(total)
    often = counts.filter(counts.item_count * share.denominator >= counts.total_count * share.numerator)
    return kept.inner_join(often, "product_id").select("order_id", "product_id", "item_count", "total_count")


def frequent_pairs(items: ir.Table, *, support: Share, cap: int = CAP) -> ir.Table:
    """Pairs of products in at least that share of the baskets.

    items, support, cap: as of :func:`frequent_items`.
    Returns first, second (first < second), basket_count, first_count, second_count, total_count.
    """
    share = exact_share(support)
    rows = frequent_items(items, support=support, cap=cap)
    other = rows.select("order_id", second=rows.product_id, second_count=rows.item_count)
    joined = rows.inner_join(other, [rows.order_id == other.order_id, rows.product_id < other.second])
    pairs = joined.group_by(first=joined.product_id, second=joined.second).agg(
        basket_count=joined.count(),
        first_count=joined.item_count.max(),
        second_count=joined.second_count.max(),
        total_count=joined.total_count.max(),
    )
    return pairs.filter(pairs.basket_count * share.denominator >= pairs.total_count * share.numerator)


def frequent_triples(items: ir.Table, pairs: ir.Table, *, support: Share, cap: int = CAP) -> ir.Table:
    """Sets of three in at least that share of the baskets.

    pairs: of :func:`frequent_pairs` with the same items, support and cap, computed already: what is not frequent as a
    pair is not looked at as a three.
    Returns first, second, third (in order), basket_count, total_count.
    """
    share = exact_share(support)
    rows = frequent_items(items, support=support, cap=cap)
    one = rows.select("order_id", "total_count", first=rows.product_id)
    two = rows.select("order_id", second=rows.product_id)
    with_two = one.inner_join(two, [one.order_id == two.order_id, one.first < two.second]).drop("order_id_right")
    held = with_two.semi_join(pairs, ["first", "second"])
    three = rows.select("order_id", third=rows.product_id)
    with_three = held.inner_join(three, [held.order_id == three.order_id, held.second < three.third])
    triples = with_three.group_by("first", "second", "third").agg(
        basket_count=with_three.count(), total_count=with_three.total_count.max()
    )
    return triples.filter(triples.basket_count * share.denominator >= triples.total_count * share.numerator)
