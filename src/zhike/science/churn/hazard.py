"""The chance, period by period, that it happens now to those to whom it has not happened yet.

What happens may be the end of a contract, or the next purchase; the customers of equal pattern and duration are counted
by the engine, so that the fit costs what the patterns do.

Source: Singer and Willett, It's about time: using discrete-time survival analysis (1993).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import expit

from zhike.science.churn.survival import DurationInvalid
from zhike.science.propensity.inputs import Floats, InputsInvalid, Integers
from zhike.science.propensity.spline_logit import ITERATIONS, NotConverged
from zhike.science.purchases import WEEK_DAYS

if TYPE_CHECKING:
    import ibis.expr.types as ir

KNOTS = 5
BANDS = ((1, "1"), (2, "2"), (5, "3-5"), (10, "6-10"))


@dataclass(frozen=True, kw_only=True)
class PeriodCounts:
    """by: what patterns are made of. pattern, period, at_risk, happened: an entry for each pattern and period (1: the
    first) in which somebody of it was there still."""

    by: tuple[str, ...]
    pattern: tuple[tuple[str, ...], ...]
    period: Integers
    at_risk: Integers
    happened: Integers

    @classmethod
    def of_table(cls, rows: ir.Table, *, by: Sequence[str], duration: str = "duration", left: str = "left") -> Self:
        """From a row for each customer: duration in whole periods, left (1: it happened in the last of them; 0: it has
        not happened yet), and the columns of the pattern. Durations of 0 were at risk in no period.

        :raises DurationInvalid: a duration is negative, missing or no whole number, an end neither 0 nor 1, or nobody
        was at risk
        """
        keys = (*by, duration, left)
        told = rows.group_by(*keys).agg(customers=rows.count()).to_pyarrow().to_pylist()
        patterns: dict[tuple[str, ...], dict[int, list[int]]] = {}
        for row in told:
            length, end = row[duration], row[left]
            if length is None or length < 0 or not float(length).is_integer() or end not in (0, 1):
                raise DurationInvalid("a duration is a whole number from 0 on, and an end 0 or 1")
            pattern = tuple("" if row[name] is None else str(row[name]) for name in by)
            counts = patterns.setdefault(pattern, {}).setdefault(int(length), [0, 0])
            counts[int(end)] += row["customers"]
        entries: list[tuple[tuple[str, ...], int, int, int]] = []
        for pattern, own in sorted(patterns.items()):
            there = 0
            for period in range(max(own), 0, -1):
                still, gone = own.get(period, (0, 0))
                there += still + gone
                entries.append((pattern, period, there, gone))
        if not entries:
            raise DurationInvalid("nobody was at risk")
        numbers = np.array([each[1:] for each in entries], dtype=np.int64)
        return cls(
            by=tuple(by),
            pattern=tuple(each[0] for each in entries),
            period=numbers[:, 0],
            at_risk=numbers[:, 1],
            happened=numbers[:, 2],
        )


@dataclass(frozen=True, kw_only=True)
class DiscreteHazard:
    """A logit of the hazard: a curve of the logarithm of the period, the levels of each column, and of each level a
    slope of its own along that logarithm, so that hazards may cross."""

    by: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    last_period: int
    _spline: Any
    _weights: Floats
    _intercept: float

    def hazard(self, pattern: Sequence[str], periods: Sequence[int] | Integers) -> Floats:
        """In each period, of those to whom it has not happened. After the last period seen, that of the last.

        :raises InputsInvalid: not one name for each column of the pattern
        """
        held = np.clip(np.asarray(periods, dtype=np.int64), 1, self.last_period)
        columns = _design([tuple(pattern)] * len(held), held, self.levels, self._spline)
        return np.asarray(expit(columns @ self._weights + self._intercept))

    def survival(self, pattern: Sequence[str], *, periods: int) -> Floats:
        """The share to whom it has not happened after each of the first so many periods."""
        return np.asarray(np.cumprod(1 - self.hazard(pattern, np.arange(1, periods + 1))))

    def within(self, pattern: Sequence[str], *, after: int, periods: int) -> float:
        """How likely it happens in the next periods to somebody to whom it has not happened in the first `after`."""
        ahead = self.hazard(pattern, np.arange(after + 1, after + periods + 1))
        return float(1 - np.prod(1 - ahead))


def fit_discrete_hazard(counts: PeriodCounts, *, penalty: float = 1.0) -> DiscreteHazard:
    """By penalised likelihood. penalty: its inverse strength. Names that were not learnt count as the average of none.

    :raises DurationInvalid: it happened to nobody, or to everybody at once
    :raises NotConverged: no optimum within a thousand steps
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import SplineTransformer
    from threadpoolctl import threadpool_limits

    happened = counts.happened.astype(float)
    not_happened = counts.at_risk - happened
    if not happened.any() or not not_happened.any():
        raise DurationInvalid("it happened to nobody, or to everybody at once")
    levels = tuple(tuple(sorted({each[place] for each in counts.pattern})) for place in range(len(counts.by)))
    logs, there = np.log(counts.period), np.minimum(counts.at_risk, 1_000)
    knots = np.unique(np.quantile(logs, np.linspace(0, 1, KNOTS), weights=there, method="inverted_cdf"))
    spline = None
    if len(knots) > 2:
        spline = SplineTransformer(knots=knots[:, None], degree=3, extrapolation="constant").fit(logs[:, None])
    columns = _design(counts.pattern, counts.period, levels, spline)
    model = LogisticRegression(C=penalty, max_iter=ITERATIONS)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model.fit(
                np.vstack([columns, columns]),
                np.repeat([1, 0], len(columns)),
                sample_weight=np.concatenate([happened, not_happened]),
            )
        except ConvergenceWarning as reason:
            raise NotConverged(f"no optimum within {ITERATIONS} steps") from reason
    return DiscreteHazard(
        by=counts.by,
        levels=levels,
        last_period=int(counts.period.max()),
        _spline=spline,
        _weights=model.coef_[0],
        _intercept=float(model.intercept_[0]),
    )


def purchase_silences(orders: ir.Table, *, as_of: date) -> ir.Table:
    """Every silence of every buyer, in weeks begun: those that a purchase ended (left 1) and the running ones (left 0).

    orders: as in :func:`zhike.science.purchases.purchase_summary`.
    Returns customer_id, purchases (the purchase day that it followed, counted and put into bands), duration, left.
    """
    import ibis

    bought = orders.filter(orders.customer_id.notnull(), orders.amount >= 0, orders.placed_on <= ibis.literal(as_of))
    days = bought.select("customer_id", "placed_on").distinct()
    own = ibis.window(group_by="customer_id", order_by="placed_on")
    told = days.mutate(number=ibis.row_number().over(own) + 1, then=days.placed_on.lead().over(own))
    end = told.then.fill_null(ibis.literal(as_of))
    silent = end.delta(told.placed_on, unit="day")
    begun = ((silent + (WEEK_DAYS - 1)) / WEEK_DAYS).floor().cast("int64")
    completed = (silent / WEEK_DAYS).floor().cast("int64")
    bands = [(told.number <= most, name) for most, name in BANDS]
    return told.select(
        "customer_id",
        purchases=ibis.cases(*bands, else_="11+"),
        duration=ibis.ifelse(told.then.notnull(), begun, completed),
        left=told.then.notnull().cast("int64"),
    )


def _design(
    patterns: Sequence[tuple[str, ...]], period: Integers, levels: Sequence[tuple[str, ...]], spline: Any
) -> Floats:
    if any(len(pattern) != len(levels) for pattern in patterns):
        raise InputsInvalid(f"a pattern has {len(levels)} names")
    logs = np.log(period)[:, None]
    columns = [logs if spline is None else spline.transform(logs)]
    for place, known in enumerate(levels):
        names = np.array([pattern[place] for pattern in patterns])
        indicators = (names[:, None] == np.array(known)[None, :]).astype(float)
        columns += [indicators, indicators * logs]
    return np.hstack(columns)
