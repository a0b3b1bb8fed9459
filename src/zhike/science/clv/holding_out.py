"""Which model foretells best what was held back from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from zhike.science.clv.beta_geo import fit_beta_geo
from zhike.science.clv.histories import Floats, Histories
from zhike.science.clv.nbd import fit_nbd
from zhike.science.clv.pareto_nbd import fit_pareto_nbd
from zhike.science.clv.scoring import RepeatModel
from zhike.science.purchases import calibrated_summary

if TYPE_CHECKING:
    import ibis.expr.types as ir

type Fit = Callable[[Histories], RepeatModel]
FITS: Mapping[str, Fit] = MappingProxyType(
    {
        "NBD": fit_nbd,
        "BG/NBD": fit_beta_geo,
        "MBG/NBD": partial(fit_beta_geo, is_modified=True),
        "Pareto/NBD": fit_pareto_nbd,
    }
)
MOST_SHOWN = 7  # purchases before, in the table of conditional expectations; more are put together


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a model did over the customers held back from it.

    asked: the model that was fitted; model.name may be that of a reduced one. deviance: Poisson, a customer; the lower
    the better, and lowest in expectation for the true means. mae, rmse: in purchases. correlation: Pearson.
    by_frequency: purchases before (the last entry: that many or more), customers, expected and actual mean.
    """

    asked: str
    model: RepeatModel
    deviance: float
    mae: float
    rmse: float
    correlation: float
    expected: float
    actual: int
    by_frequency: list[tuple[int, int, float, float]]


def try_repeat_models(
    orders: ir.Table, *, calibration_end: date, weeks: int, fits: Mapping[str, Fit] = FITS
) -> list[Trial]:
    """Fit each to what was bought up to a day, and compare with the weeks after it; the best first.

    orders: as in :func:`zhike.science.purchases.purchase_summary`; reaching to the last of those weeks.

    :raises zhike.science.clv.histories.NotIdentified: nobody bought again before
    """
    before = calibrated_summary(orders, calibration_end=calibration_end)
    after = orders.filter(
        orders.amount >= 0,
        orders.placed_on > calibration_end,
        orders.placed_on <= calibration_end + timedelta(weeks=weeks),
    )
    bought = after.group_by("customer_id").agg(later=after.placed_on.nunique())
    joined = before.left_join(bought, "customer_id")
    counted = joined.group_by("frequency", "recency_weeks", "age_weeks", later=joined.later.fill_null(0)).agg(
        customers=joined.count()
    )
    rows = counted.to_pyarrow()
    histories = Histories.of_arrow(rows)
    later = np.asarray(np.from_dlpack(rows["later"].combine_chunks()), dtype=np.float64)
    trials = [_trial(name, fit(histories), histories, later, weeks) for name, fit in fits.items()]
    return sorted(trials, key=lambda trial: trial.deviance)


def _trial(asked: str, model: RepeatModel, histories: Histories, later: Floats, weeks: int) -> Trial:
    expected, count = model.expected_purchases(histories, time=weeks), histories.customers
    # Of nothing expected and nothing bought the deviance is 0; of something bought it would be endless.
    safe = np.maximum(expected, 1e-9)
    logs = np.where(later > 0, later * np.log(np.maximum(later, 1) / safe), 0.0)

    def mean(values: Floats) -> float:
        return float(np.average(values, weights=count))

    return Trial(
        asked=asked,
        model=model,
        deviance=mean(2 * (logs - (later - expected))),
        mae=mean(np.abs(later - expected)),
        rmse=mean((later - expected) ** 2) ** 0.5,
        correlation=_correlation(expected, later, count),
        expected=float(count @ expected),
        actual=int(count @ later),
        by_frequency=_by_frequency(histories, expected, later),
    )


def _correlation(expected: Floats, later: Floats, count: Any) -> float:
    spread = np.cov(expected, later, fweights=count)
    product = spread[0, 0] * spread[1, 1]
    return float(spread[0, 1] / product**0.5) if product > 0 else 0.0


def _by_frequency(histories: Histories, expected: Floats, later: Floats) -> list[tuple[int, int, float, float]]:
    shown = np.minimum(histories.frequency, MOST_SHOWN)
    found = []
    for frequency in np.unique(shown):
        held = shown == frequency
        count = histories.customers[held]
        foretold, bought = (float(np.average(values[held], weights=count)) for values in (expected, later))
        found.append((int(frequency), int(count.sum()), foretold, bought))
    return found
