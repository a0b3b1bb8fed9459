"""Where in its life a customer relation stands, judged by the company's own rhythm of purchase."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from zhike.science._order_statistics import boundaries

if TYPE_CHECKING:
    import ibis.expr.types as ir

STAGES = ("prospect", "new", "growth", "mature", "decline", "lost")


@dataclass(frozen=True, kw_only=True)
class LifeCycleRules:
    """The rules of :func:`life_cycle`.

    mature_purchases: purchase days that make a customer mature.
    decline_after, lost_after: how many expected intervals without a purchase mean decline and loss.
    prior_intervals: how many of a customer's own intervals weigh as much as the company's rhythm.
    shortest_interval_days: no customer is expected more often than this; a week holds every closing day.
    unknown_rhythm_days: the rhythm of a company that nobody has bought from on two days yet.
    """

    mature_purchases: int = 4
    decline_after: float = 2.0
    lost_after: float = 4.0
    prior_intervals: int = 2
    shortest_interval_days: int = 7
    unknown_rhythm_days: int = 90

    def __post_init__(self) -> None:
        if not 0 < self.decline_after < self.lost_after:
            raise ValueError("decline must come before loss")
        if self.mature_purchases < 2 or self.prior_intervals < 1:
            raise ValueError("a mature customer has bought on two days, and the company's rhythm has a weight")


class LifeCycle(NamedTuple):
    """stages: the summary's columns, expected_interval_days, overdue_ratio, stage. rhythm: one row, rhythm_days."""

    stages: ir.Table
    rhythm: ir.Table


def life_cycle(summary: ir.Table, *, rules: LifeCycleRules | None = None, rhythm: ir.Table | None = None) -> LifeCycle:
    """The life-cycle stage of each customer, with the figures that led to it.

    summary: of :func:`zhike.science.purchases.purchase_summary`; recency_days, tenure_days, purchase_days and
    mean_interval_days are used. rhythm: :func:`company_rhythm` where it is computed already.

    The company's rhythm M is the (lower) median of mean_interval_days over customers with two purchase days or more.
    A customer's expected interval is their own mean drawn towards M: with n intervals that span s days,

        expected_interval_days = (w M + s) / (w + n),   w = prior_intervals, at least shortest_interval_days,

    the posterior mean of exponential intervals under an inverse-gamma prior of mean M and shape w + 1 (Gelman and
    others, Bayesian Data Analysis, ch. 2). One purchase gives M; long acquaintance gives the customer's own mean.

        overdue_ratio = recency_days / expected_interval_days

    - prospect: never bought
    - lost: overdue_ratio > 4. A customer who still buys waits so long in 2 to 4 of 100 cases, since the wait r in
      expected intervals exceeds x with probability (1 + x / (w + n)) ** -(w + n + 1)
    - decline: overdue_ratio > 2 (12 to 14 of 100)
    - new: one purchase day
    - growth: two or three purchase days, while the company's rhythm outweighs the customer's own
    - mature: four purchase days or more, when the customer's own rhythm outweighs the company's (n > w)
    """
    import ibis

    rules = rules or LifeCycleRules()
    rhythm = company_rhythm(summary, rules=rules) if rhythm is None else rhythm
    known = summary.cross_join(rhythm)
    interval_count = ibis.greatest(known.purchase_days - 1, 0)
    span_days = (known.tenure_days - known.recency_days).fill_null(0)
    expected = (rules.prior_intervals * known.rhythm_days + span_days) / (rules.prior_intervals + interval_count)
    known = known.mutate(expected_interval_days=ibis.greatest(expected, float(rules.shortest_interval_days)))
    known = known.mutate(overdue_ratio=known.recency_days / known.expected_interval_days)
    stage = ibis.cases(
        (known.purchase_days == 0, "prospect"),
        (known.overdue_ratio > rules.lost_after, "lost"),
        (known.overdue_ratio > rules.decline_after, "decline"),
        (known.purchase_days == 1, "new"),
        (known.purchase_days < rules.mature_purchases, "growth"),
        else_="mature",
    )
    figures = known.select(
        *(known[name] for name in summary.columns), "expected_interval_days", "overdue_ratio", stage=stage
    )
    return LifeCycle(figures, rhythm)


def company_rhythm(summary: ir.Table, *, rules: LifeCycleRules | None = None) -> ir.Table:
    """One row: rhythm_days, the lower median of the customers' mean intervals; unknown_rhythm_days without any."""
    rules = rules or LifeCycleRules()
    medians = boundaries(summary, "mean_interval_days", {"median_days": Fraction(1, 2)}, high_is_best=False)
    return medians.select(rhythm_days=medians.median_days.fill_null(float(rules.unknown_rhythm_days)))
