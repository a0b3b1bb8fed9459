"""How a fitted model compares with what happened, as tables ready to be plotted.

Tracking, after Fader, Hardie and Lee (2005), figures 3 and 4: repeat purchases of each week, expected and actual.
Histogram, after the same, figure 2: how many customers bought again so many times. What customers bought later, by what
they bought before, is told by :class:`zhike.science.clv.holding_out.Trial`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln
from scipy.stats import nbinom

from zhike.science.clv.beta_geo import BetaGeo
from zhike.science.clv.histories import Floats, Histories, Integers
from zhike.science.clv.nbd import Nbd
from zhike.science.clv.pareto_nbd import ParetoNbd
from zhike.science.clv.scoring import RepeatModel
from zhike.science.purchases import WEEK_DAYS

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

MOST = 7  # purchases, in the histogram; more are put together
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)


def track(orders: ir.Table, model: RepeatModel, *, calibration_end: date, until: date) -> pa.Table:
    """Repeat purchases of those who first bought by the end of calibration, week by week.

    orders: as in :func:`zhike.science.purchases.purchase_summary`. model: with weeks as its unit of time.
    Weeks of seven days, the first from the first purchase of all.

    Returns week (1, 2, …), ends_on, actual and expected (in that week), actual_cumulative, expected_cumulative.

    :raises ValueError: nobody bought by the end of calibration, or that lies after until
    """
    import ibis
    import pyarrow as pa

    if until < calibration_end:
        raise ValueError(f"{until} lies before the end of calibration, {calibration_end}")
    bought = orders.filter(orders.customer_id.notnull(), orders.amount >= 0, orders.placed_on <= ibis.literal(until))
    days = bought.select("customer_id", "placed_on").distinct()
    first = days.group_by("customer_id").agg(first_on=days.placed_on.min())
    first = first.filter(first.first_on <= ibis.literal(calibration_end))
    joined = days.inner_join(first, "customer_id")
    repeats = joined.filter(joined.placed_on > joined.first_on)
    born = first.group_by("first_on").agg(customers=first.count()).order_by("first_on").to_pyarrow().to_pydict()
    made = repeats.group_by("placed_on").agg(purchases=repeats.count()).to_pyarrow().to_pydict()
    if not born["first_on"]:
        raise ValueError(f"nobody bought by {calibration_end}")
    start = born["first_on"][0]
    weeks = -(-((until - start).days + 1) // WEEK_DAYS)
    # Days from the start to the last of each week; of the last week to the end of what is known.
    ends = np.minimum(np.arange(1, weeks + 1) * WEEK_DAYS - 1, (until - start).days)
    actual = np.zeros(weeks, np.int64)
    for day, count in zip(made["placed_on"], made["purchases"], strict=True):
        actual[(day - start).days // WEEK_DAYS] += count
    joined_on = np.array([(day - start).days for day in born["first_on"]])
    known = ends[:, None] - joined_on[None, :]  # days that customers of a day are known at the end of a week
    of_days = _expected_by_day(model, int(known.max()))
    cumulative = np.where(known > 0, of_days[np.maximum(known, 0)], 0.0) @ np.array(born["customers"])
    return pa.table(
        {
            "week": np.arange(1, weeks + 1),
            "ends_on": [start + timedelta(days=int(end)) for end in ends],
            "actual": actual,
            "expected": np.diff(cumulative, prepend=0.0),
            "actual_cumulative": np.cumsum(actual),
            "expected_cumulative": cumulative,
        }
    )


def _expected_by_day(model: RepeatModel, most: int) -> Floats:
    """Repeat purchases to expect of a new customer within so many days."""
    new = Histories.of_customers([0], [0.0], [0.0])
    found = [model.expected_purchases(new, time=day / WEEK_DAYS)[0] for day in range(1, most + 1)]
    return np.array([0.0, *found])


def frequency_histogram(model: BetaGeo | Nbd | ParetoNbd, histories: Histories, *, most: int = MOST) -> pa.Table:
    """How many customers bought again so many times, and how many the model expects to.

    Returns frequency (the last: that many or more), actual, expected (customers).
    """
    import pyarrow as pa

    ages, place = np.unique(histories.age, return_inverse=True)
    customers = np.bincount(place, weights=histories.customers)
    expected = customers @ count_probabilities(model, ages, most=most - 1)
    shown = np.minimum(histories.frequency, most)
    actual = np.bincount(shown, weights=histories.customers, minlength=most + 1)
    return pa.table(
        {
            "frequency": np.arange(most + 1),
            "actual": actual.astype(np.int64),
            "expected": np.append(expected, histories.customer_count - expected.sum()),
        }
    )


def count_probabilities(model: BetaGeo | Nbd | ParetoNbd, ages: Floats, *, most: int) -> Floats:
    """That a customer of an age (a row) has bought again so many times (a column, 0 to most).

    Sources: Fader, Hardie and Lee (2005), equation 8; Fader and Hardie (2020), Deriving an expression for P(X(t) = x)
    under the Pareto/NBD model, whose integral over when they left is taken by quadrature.
    """
    x = np.arange(most + 1)
    if isinstance(model, BetaGeo):
        here = _if_here(model, ages, x)
        fewer = np.cumsum(here, axis=1) - here
        stays, none = x + model.is_modified, float(betaln(model.a, model.b))
        goes = np.exp(betaln(model.a + 1, np.maximum(model.b + stays - 1, 1e-300)) - none)
        goes = np.where(stays > 0, goes, 0.0)
        found: Floats = np.exp(betaln(model.a, model.b + stays) - none) * here + goes * (1 - fewer)
        return found
    if isinstance(model, Nbd):
        return _if_here(model, ages, x)
    stayed = (model.beta / (model.beta + ages)) ** model.s
    # By how many are left, not by time: what is asked for changes the most where they leave the most.
    share = stayed[:, None] + (1 - stayed[:, None]) * (_NODES + 1) / 2
    left = model.beta * (share ** (-1 / model.s) - 1)
    gone = np.stack([_if_here(model, times, x).T @ _WEIGHTS for times in left]) / 2
    return stayed[:, None] * _if_here(model, ages, x) + (1 - stayed[:, None]) * gone


def _if_here(model: BetaGeo | Nbd | ParetoNbd, ages: Floats, x: Integers) -> Floats:
    found: Floats = nbinom.pmf(x[None, :], model.r, (model.alpha / (model.alpha + ages))[:, None])
    return found
