"""Recency, frequency and monetary value as scores from 1 to 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from zhike.science._order_statistics import boundaries

if TYPE_CHECKING:
    import ibis.expr.types as ir

type Bounds[T] = tuple[T, T, T, T]

_SCORES = (5, 4, 3, 2)
_MEASURES = {"recency_days": False, "order_count": True, "amount": True}  # is more better?


@dataclass(frozen=True, kw_only=True)
class RfmCutoffs:
    """The worst value that still earns 5, 4, 3 and 2; anything worse earns 1.

    recency_days: at most. order_count, amount: at least.
    """

    recency_days: Bounds[int]
    order_count: Bounds[int]
    amount: Bounds[Decimal]

    def __post_init__(self) -> None:
        for name, more_is_better in _MEASURES.items():
            bounds = list(getattr(self, name))
            if bounds != sorted(bounds, reverse=more_is_better):
                raise ValueError(f"cut-offs of {name} must go from best to worst: {bounds}")

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """From the one row of the table of cut-offs: ``RfmCutoffs.from_row(cutoffs.to_pyarrow().to_pylist()[0])``."""
        return cls(**{name: tuple(row[_column(name, score)] for score in _SCORES) for name in _MEASURES})

    def to_row(self) -> dict[str, Any]:
        return {
            _column(name, score): bound
            for name in _MEASURES
            for score, bound in zip(_SCORES, getattr(self, name), strict=True)
        }


class Rfm(NamedTuple):
    """scores: the summary's columns and r, f, m. cutoffs: one row, recency_days_5 … amount_2."""

    scores: ir.Table
    cutoffs: ir.Table


def rfm(summary: ir.Table, *, scale: RfmCutoffs | ir.Table | None = None) -> Rfm:
    """Score every buyer from 1 to 5 (5 best) on recency, frequency and monetary value.

    summary: of :func:`zhike.science.purchases.purchase_summary`; recency_days, order_count and amount are scored.
    scale: fixed cut-offs, or :func:`rfm_cutoffs` where they are computed already; without them, quintiles of this
    summary's buyers.

    Quintiles: with b buyers strictly better among n, the score is 5 - floor(5 b / n). Equal values share the better
    score, so a fifth may be larger than its neighbours and a score may stay unused; the best value always earns 5.
    Customers who never bought are not ranked; their scores are null.

    The cut-offs go over the summary once more, so hand in one that is computed already where it is costly.
    Source: Hughes, Strategic Database Marketing (1994).
    """
    import ibis

    if isinstance(scale, RfmCutoffs):
        cutoffs = _literal_row(scale)
        rows = summary
        bounds = {name: ibis.literal(bound) for name, bound in scale.to_row().items()}
    else:
        cutoffs = rfm_cutoffs(summary) if scale is None else scale
        rows = summary.cross_join(cutoffs)
        bounds = {name: rows[name] for name in cutoffs.columns}
    scores = {}
    for letter, (name, more_is_better) in zip("rfm", _MEASURES.items(), strict=True):
        score = ibis.literal(1)
        for each in _SCORES:
            bound = bounds[_column(name, each)]
            reached = rows[name] >= bound if more_is_better else rows[name] <= bound
            score = score + reached.cast("int16")
        scores[letter] = ibis.cases((rows.order_count > 0, score.cast("int16")))
    return Rfm(rows.select(*(rows[name] for name in summary.columns), **scores), cutoffs)


def rfm_cutoffs(summary: ir.Table) -> ir.Table:
    """The quintile cut-offs of this summary's buyers: one row, recency_days_5 … amount_2 (null without buyers)."""
    buyers = summary.filter(summary.order_count > 0)
    row = None
    for name, more_is_better in _MEASURES.items():
        shares = {_column(name, score): Fraction(6 - score, 5) for score in _SCORES}
        cutoffs = boundaries(buyers, name, shares, high_is_best=more_is_better)
        row = cutoffs if row is None else row.cross_join(cutoffs)
    return row


def _column(measure: str, score: int) -> str:
    return f"{measure}_{score}"


def _literal_row(scale: RfmCutoffs) -> ir.Table:
    import ibis
    import pyarrow as pa

    return ibis.memtable(pa.Table.from_pylist([scale.to_row()]))  # from Arrow: from Python rows it goes by pandas
