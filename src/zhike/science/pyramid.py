"""The value pyramid: customers graded by what they contribute."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from zhike.science._order_statistics import boundaries

if TYPE_CHECKING:
    import ibis.expr.types as ir

GRADES = ("top", "high", "normal", "small")


@dataclass(frozen=True, kw_only=True)
class PyramidShares:
    """How many percent of the contributing customers each grade holds."""

    top: Decimal = Decimal(1)
    high: Decimal = Decimal(19)
    normal: Decimal = Decimal(30)
    small: Decimal = Decimal(50)

    def __post_init__(self) -> None:
        shares = [Decimal(getattr(self, grade)) for grade in GRADES]
        if any(share <= 0 for share in shares) or sum(shares) != 100:
            raise ValueError(f"the shares must be above 0 and make 100 together: {shares}")

    def through(self, grade: str) -> Fraction:
        """The share of the customers in this grade or a better one."""
        better = GRADES[: GRADES.index(grade) + 1]
        return sum((Fraction(getattr(self, each)) for each in better), Fraction(0)) / 100


class Pyramid(NamedTuple):
    """grades: the summary's columns and grade. thresholds: one row, the least amount of top, high and normal."""

    grades: ir.Table
    thresholds: ir.Table


def pyramid(summary: ir.Table, *, shares: PyramidShares | None = None, thresholds: ir.Table | None = None) -> Pyramid:
    """Grade buyers by contribution: top (重要), high (次要), normal (普通), small (小客户).

    summary: of :func:`zhike.science.purchases.purchase_summary`; order_count and amount are used.
    shares: of the customers with a positive amount; 1, 19, 30 and 50 percent by default.
    thresholds: :func:`pyramid_thresholds` of these shares where they are computed already.

    A customer with b others strictly above, of n with a positive amount, is top if b < 1 % of n, high if
    b < 20 % of n, normal if b < 50 % of n, else small. So equal amounts share the better grade, boundaries within a
    customer round up, and the best customer is top however few there are (10 customers: 1, 1, 3, 5).
    Buyers whose refunds eat up their purchases are small; customers who never bought have no grade (null).

    The thresholds go over the summary once more, so hand in one that is computed already where it is costly.
    Source: the customer pyramid of Zeithaml, Rust and Lemon (2001), with the shares that Chinese textbooks teach.
    """
    import ibis

    if thresholds is None:
        thresholds = pyramid_thresholds(summary, shares=shares)
    rows = summary.cross_join(thresholds)
    grade = ibis.cases(
        (rows.order_count == 0, ibis.null("string")),
        (rows.amount <= 0, "small"),
        *((rows.amount >= rows[f"{grade}_amount"], grade) for grade in GRADES[:-1]),
        else_="small",
    )
    return Pyramid(rows.select(*(rows[name] for name in summary.columns), grade=grade), thresholds)


def pyramid_thresholds(summary: ir.Table, *, shares: PyramidShares | None = None) -> ir.Table:
    """One row: top_amount, high_amount and normal_amount; null where nobody contributes."""
    shares = shares or PyramidShares()
    return boundaries(
        summary.filter(summary.order_count > 0, summary.amount > 0),
        "amount",
        {f"{grade}_amount": shares.through(grade) for grade in GRADES[:-1]},
        high_is_best=True,
    )
