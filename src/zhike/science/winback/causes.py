"""Why customers left, by rules from what is known of them, and which of them to ask back.

Sources: Stauss and Friege, Regaining service customers (1999), whose classes are customers intentionally and
unintentionally pushed away, pulled away, bought away and moved away; Griffin and Lowenstein, Customer winback (2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

# In the order in which they are asked: what the customer or the company said, before what is concluded.
CAUSES = ("excluded", "need_ended", "competitor", "complaint", "service", "price", "unknown")
NOT_ASKED = ("excluded", "need_ended")
SIGNALS = (
    "is_blocked",
    "need_ended",
    "named_competitor",
    "open_complaint_count",
    "late_delivery_count",
    "satisfaction",
    "named_price",
    "discounted_rate",
)


class SignalUnknown(ValueError):
    """A column of signals has no rule, so that it would be left out without a word."""


@dataclass(frozen=True, kw_only=True)
class CauseRules:
    """From which point a signal is a cause.

    complaints: left open. late_deliveries: so many. satisfaction: 0 to 10, at most so much (detractors, of the net
    promoter score). discounted: share of the orders that were at a lower price, of a customer who never paid another.
    """

    complaints: int = 1
    late_deliveries: int = 2
    satisfaction: int = 6
    discounted: float = 0.8


def lost_causes(lost: ir.Table, signals: ir.Table, *, rules: CauseRules | None = None) -> ir.Table:
    """One cause for each lost customer, and whether to ask them back.

    lost: customer_id and grade, of :func:`zhike.science.pyramid.pyramid`.
    signals: customer_id, one row at most for each, and any of: is_blocked (the company parted: debts, abuse),
    need_ended (moved away, grown up), named_competitor, named_price (booleans, told by the customer),
    open_complaint_count, late_delivery_count, satisfaction (0 to 10, the last), discounted_rate (0 to 1). Null, and a
    column or a row that is not there, is not known.

    Returns customer_id, grade, cause (the first of excluded, need_ended, competitor, complaint, service, price that
    holds, else unknown) and is_asked: false for those whom the company excluded or whose need ended.

    :raises SignalUnknown: a column that no rule reads
    """
    import ibis

    rules = rules or CauseRules()
    unknown = sorted(set(signals.columns) - {"customer_id", *SIGNALS})
    if unknown:
        raise SignalUnknown(f"no rule reads {', '.join(unknown)}")
    rows = lost.select("customer_id", "grade").left_join(signals, "customer_id")

    def known(name: str, default: Any) -> ir.Value:
        return rows[name].fill_null(default) if name in signals.columns else ibis.literal(default)

    cause = ibis.cases(
        (known("is_blocked", False), "excluded"),
        (known("need_ended", False), "need_ended"),
        (known("named_competitor", False), "competitor"),
        (known("open_complaint_count", 0) >= rules.complaints, "complaint"),
        (known("late_delivery_count", 0) >= rules.late_deliveries, "service"),
        (known("satisfaction", 10) <= rules.satisfaction, "service"),
        (known("named_price", False), "price"),
        (known("discounted_rate", 0.0) >= rules.discounted, "price"),
        else_="unknown",
    )
    told = rows.select(rows.customer_id, rows.grade, cause=cause)
    return told.mutate(is_asked=told.cause.notin(NOT_ASKED))


def lost_classes(causes: ir.Table) -> ir.Table:
    """How many customers each cause and grade has: cause, grade, customer_count, is_asked; from :func:`lost_causes`."""
    return causes.group_by("cause", "grade", "is_asked").agg(customer_count=causes.count())
