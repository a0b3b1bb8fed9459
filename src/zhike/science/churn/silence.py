"""Whether a customer's silence is a pause or an end, told by the rhythm of their own purchases.

Gaps between purchase days have a regularity common to all (the shape c of gamma distributions; 1 is chance, more is
regular) and a pace of each customer's own, which is known the better the more gaps there were and drawn towards that of
all the better the fewer. How likely a gap of theirs lasts longer than the silence so far is then known in closed form.

Sources: Platzer and Reutterer, Ticking away the moments: timing regularity helps to better predict customer activity
(2016), for the regularity; Gelman and others, Bayesian Data Analysis (2013), for the predictive distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import betainc, digamma, gammaln

from zhike.science.clv._likelihood import maximize
from zhike.science.clv.histories import NotIdentified
from zhike.science.propensity.inputs import Floats, Integers
from zhike.science.purchases import purchase_summary

if TYPE_CHECKING:
    import ibis.expr.types as ir

ABNORMAL = 0.05
SMALLEST = 1e-290  # below, ratios lose their digits
MOST_REGULAR = 400.0  # shape: gaps that spread by a twentieth; days are whole, so a week is not known any better


class RhythmInvalid(ValueError):
    """Gaps that no customer can have: none with a length, or of no length, or no numbers."""


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Of each customer: how many completed gaps, their sum and the sum of their logarithms, in one unit of time.

    :raises RhythmInvalid: figures that contradict each other
    """

    count: Integers
    total: Floats
    log_total: Floats

    def __post_init__(self) -> None:
        if not len(self.count) == len(self.total) == len(self.log_total):
            raise RhythmInvalid("columns of different lengths")
        if not (np.isfinite(self.total).all() and np.isfinite(self.log_total).all()):
            raise RhythmInvalid("gaps have to be numbers")
        if (self.count < 0).any() or ((self.count == 0) != (self.total == 0)).any() or (self.total < 0).any():
            raise RhythmInvalid("gaps have a length, and only they have")
        # The geometric mean is never above the arithmetic one.
        if (
            self.log_total > self.count * np.log(np.maximum(self.total, 1e-300) / np.maximum(self.count, 1)) + 1e-6
        ).any():
            raise RhythmInvalid("the logarithms are not those of the gaps")

    @classmethod
    def of_arrow(cls, rows: Any) -> Self:
        """From :func:`purchase_gaps`."""
        return cls(
            count=np.asarray(rows["gaps"].to_numpy(), dtype=np.int64),
            total=np.asarray(rows["gap_days"].to_numpy(), dtype=np.float64),
            log_total=np.asarray(rows["log_gap_days"].to_numpy(), dtype=np.float64),
        )


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """shape: of the gaps, 1 where purchases come by chance, more where they are regular. r, alpha: shape and rate of
    the customers' paces."""

    shape: float
    r: float
    alpha: float
    log_likelihood: float

    def p_longer(self, gaps: Gaps, silence: Floats) -> Floats:
        """How likely a gap of each customer lasts longer than the silence: 1 on the day of a purchase, then falling."""
        held = self.alpha + gaps.total
        return np.asarray(betainc(self.r + self.shape * gaps.count, self.shape, held / (held + silence)))

    def p_return(self, gaps: Gaps, silence: Floats, *, within: float) -> Floats:
        """How likely a customer who has been silent so long, and has not left, buys within that time."""
        now, then = self.p_longer(gaps, silence), self.p_longer(gaps, silence + within)
        ratio = then / np.maximum(now, SMALLEST)
        lost = now <= SMALLEST
        if lost.any():
            held = (self.alpha + gaps.total)[lost]
            after: Floats = np.asarray(self.r + self.shape * gaps.count, dtype=np.float64)[lost]
            silent = np.broadcast_to(silence, now.shape)[lost]
            later = _log_tail(held / (held + silent + within), after, self.shape)
            ratio[lost] = np.exp(np.subtract(later, _log_tail(held / (held + silent), after, self.shape)))
        return np.asarray(1 - ratio)


def _log_tail(share: Floats, one: Floats, other: float) -> Floats:
    """The logarithm of an incomplete beta function too small for a number, but for what does not depend on the share.

    Its series (NIST Digital Library of Mathematical Functions, 8.17.8) is taken for a geometric one, which it is where
    `other` is 1 and nearly is so far out.
    """
    step = np.minimum(share * (one + other) / (one + 1), 1 - 1e-12)
    return np.asarray(one * np.log(share) + other * np.log1p(-share) - np.log1p(-step))


def fit_rhythm(gaps: Gaps) -> Rhythm:
    """The greatest likelihood of the completed gaps; the running silences are judged by it and do not enter. Where gaps
    are so alike that none is the greatest, the shape is `MOST_REGULAR`.

    :raises NotIdentified: nobody bought twice
    """
    held = gaps.count > 0
    if not held.any():
        raise NotIdentified("nobody bought twice")
    count, total, logs = gaps.count[held].astype(float), gaps.total[held], gaps.log_total[held]
    unit = float(total.sum() / count.sum())

    def log_likelihood(parameters: Floats) -> tuple[float, Floats]:
        shape, r, alpha = parameters
        after, rate = r + shape * count, np.log(alpha + total)
        value = -count * gammaln(shape) + (shape - 1) * logs + gammaln(after) - gammaln(r) + r * np.log(alpha)
        value = value - after * rate
        gradient = [
            -count * digamma(shape) + logs + count * digamma(after) - count * rate,
            digamma(after) - digamma(r) + np.log(alpha) - rate,
            r / alpha - after / (alpha + total),
        ]
        return float(value.sum()), np.array([each.sum() for each in gradient])

    starts = [(shape, r, shape * r * unit) for shape in (1.0, 3.0) for r in (1.0, 10.0)]
    (shape, r, alpha), best = maximize(log_likelihood, starts=starts)
    if shape > MOST_REGULAR:
        shape = MOST_REGULAR

        def of_paces(parameters: Floats) -> tuple[float, Floats]:
            value, gradient = log_likelihood(np.array([shape, *parameters]))
            return value, gradient[1:]

        (r, alpha), best = maximize(of_paces, starts=[(r, shape * r * unit) for r in (1.0, 10.0)])
    return Rhythm(shape=float(shape), r=float(r), alpha=float(alpha), log_likelihood=best)


def purchase_gaps(orders: ir.Table, *, as_of: date) -> ir.Table:
    """The gaps between each buyer's purchase days up to a day, and the silence since the last.

    orders: as in :func:`zhike.science.purchases.purchase_summary`; refunds and anonymous orders do not count.
    Returns customer_id, gaps, gap_days (their sum), log_gap_days (the sum of their natural logarithms), silent_days.
    """
    import ibis

    summary = purchase_summary(orders, as_of=as_of)
    bought = orders.filter(orders.customer_id.notnull(), orders.amount >= 0, orders.placed_on <= ibis.literal(as_of))
    days = bought.select("customer_id", "placed_on").distinct()
    before = days.placed_on.lag().over(ibis.window(group_by="customer_id", order_by="placed_on"))
    gap = days.mutate(before=before)
    gap = gap.filter(gap.before.notnull())
    gap = gap.mutate(days=gap.placed_on.delta(gap.before, unit="day").cast("float64"))
    summed = gap.group_by("customer_id").agg(
        gaps=gap.count(), gap_days=gap.days.sum(), log_gap_days=gap.days.ln().sum()
    )
    buyers = summary.filter(summary.order_count > 0)
    told = buyers.left_join(summed, "customer_id").drop("customer_id_right")
    return told.select(
        told.customer_id,
        gaps=told.gaps.fill_null(0).cast("int64"),
        gap_days=told.gap_days.fill_null(0.0),
        log_gap_days=told.log_gap_days.fill_null(0.0),
        silent_days=told.recency_days.cast("float64"),
    )


def score_silence(gaps: ir.Table, rhythm: Rhythm, *, within_days: float) -> ir.Table:
    """Whether each customer's silence is abnormal, judged by their own rhythm.

    gaps: of :func:`purchase_gaps`. within_days: how far to look.
    Returns customer_id, silent_days, p_longer (how likely a gap of theirs lasts longer), is_abnormal (that is less than
    5 %), p_return (how likely they buy within so many days if they have not left).
    """
    import ibis
    import pyarrow as pa

    # Asked once: an engine that adds logarithms in another order the second time would not find the customer again.
    told = gaps.select("customer_id", "gaps", "gap_days", "log_gap_days", "silent_days").to_pyarrow()
    held, silence = Gaps.of_arrow(told), np.asarray(told["silent_days"].to_numpy(), dtype=np.float64)
    longer = rhythm.p_longer(held, silence)
    return ibis.memtable(
        pa.table(
            {
                "customer_id": told["customer_id"],
                "silent_days": silence,
                "p_longer": longer,
                "is_abnormal": longer < ABNORMAL,
                "p_return": rhythm.p_return(held, silence, within=within_days),
            }
        )
    )
