"""How deep a relation is, as far as purchases show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Judgements of people about people, which no count of orders may overrule.
MANUAL = ("disqualified", "advocate", "partner", "former")
BEFORE_PURCHASE = ("suspect", "prospect")
CLIENT_PURCHASES = 4


def relationship_depth(
    summary: ir.Table, *, relationships: ir.Table, client_purchases: int = CLIENT_PURCHASES
) -> ir.Table:
    """The depth of relation that follows from purchases; what people decided is kept.

    summary: of :func:`zhike.science.purchases.purchase_summary`; purchase_days is used.
    relationships: customer_id, relationship (the depth recorded now; null or empty where none is).

    - disqualified, advocate, partner and former stay: people set and lift them.
    - Without a purchase, suspect and prospect stay, and anything else becomes prospect.
    - One purchase day makes first_time, two make repeat, ``client_purchases`` make client. Depth does not fade when
      purchases stop; that is the life cycle's business.

    Returns customer_id and relationship, one row per row of ``relationships``.
    Source: the ladder of loyalty (Christopher, Payne and Ballantyne, 1991), Kotler's buyer's path.
    """
    import ibis

    if client_purchases < 3:
        raise ValueError("a client has bought more often than a repeat customer")
    counts = summary.select("customer_id", "purchase_days")
    known = relationships.left_join(counts, "customer_id")
    purchase_days = known.purchase_days.fill_null(0)
    depth = ibis.cases(
        (known.relationship.isin(MANUAL), known.relationship),
        (purchase_days >= client_purchases, "client"),
        (purchase_days >= 2, "repeat"),
        (purchase_days == 1, "first_time"),
        (known.relationship.isin(BEFORE_PURCHASE), known.relationship),
        else_="prospect",
    )
    return known.select("customer_id", relationship=depth)
