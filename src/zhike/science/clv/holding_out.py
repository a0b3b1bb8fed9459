"""Which model foretells best what was held back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from zhike.science.clv._likelihood import NotConverged
from zhike.science.clv.beta_geo import fit_beta_geo
from zhike.science.clv.histories import KEYS, Floats, Histories
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
    the better, and lowest in expectation for the true means. excess, excess_error: of deviance over the best, the mean
    of the customers' differences with its standard error. mae, rmse: in purchases. correlation: Pearson.
    by_frequency: purchases before (the last entry: that many or more), customers, expected and actual mean.
    """

    asked: str
    model: RepeatModel
    deviance: float
    excess: float
    excess_error: float
    mae: float
    rmse: float
    correlation: float
    expected: float
    actual: int
    by_frequency: list[tuple[int, int, float, float]]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """model: fitted to everything known. asked: by what name; trials: of all, the best first. reason: in words."""

    asked: str
    model: RepeatModel
    trials: list[Trial]
    reason: str


def choose_repeat_model(orders: ir.Table, *, as_of: date, weeks: int, fits: Mapping[str, Fit] = FITS) -> Choice:
    """Hold back the last weeks, take the model that foretold them best, and fit it to everything.

    fits: from the simplest on. The first whose deviance is within a standard error of the best's is taken: what cannot
    be told from the best, and is simpler (Breiman and others (1984), the rule of one standard error).

    :raises zhike.science.clv.histories.NotIdentified: nobody bought again before the weeks held back
    """
    end = as_of - timedelta(weeks=weeks)
    trials = try_repeat_models(orders, calibration_end=end, weeks=weeks, fits=fits)
    told, best = {trial.asked: trial for trial in trials}, trials[0]
    asked = next(name for name in fits if name in told and told[name].excess <= told[name].excess_error)
    taken = told[asked]
    reason = f"{asked} foretold {weeks} weeks best, with a deviance of {taken.deviance:.4f} a customer"
    if asked != best.asked:
        reason = (
            f"{asked} is simpler than {best.asked} and not to be told from it: its deviance of {taken.deviance:.4f}"
            f" a customer is higher by {taken.excess:.4f}, with a standard error of {taken.excess_error:.4f}"
        )
    if taken.model.name != asked:
        reason += f"; it came down to {taken.model.name}"
    left_out = [name for name in fits if name not in told]
    if left_out:
        reason += f"; no maximum was found for {', '.join(left_out)}"
    model = fits[asked](Histories.of_table(calibrated_summary(orders, calibration_end=as_of)))
    return Choice(asked=asked, model=model, trials=trials, reason=reason)


def try_repeat_models(
    orders: ir.Table, *, calibration_end: date, weeks: int, fits: Mapping[str, Fit] = FITS
) -> list[Trial]:
    """Fit each to what was bought up to a day, and compare with the weeks after it; the best first.

    orders: as in :func:`zhike.science.purchases.purchase_summary`; reaching to the last of those weeks.

    A model that finds no maximum is left out.

    :raises zhike.science.clv.histories.NotIdentified: nobody bought again before
    :raises zhike.science.clv._likelihood.NotConverged: none found a maximum
    """
    before = calibrated_summary(orders, calibration_end=calibration_end)
    after = orders.filter(
        orders.amount >= 0,
        orders.placed_on > calibration_end,
        orders.placed_on <= calibration_end + timedelta(weeks=weeks),
    )
    bought = after.group_by("customer_id").agg(later=after.placed_on.nunique())
    joined = before.left_join(bought, "customer_id")
    counted = joined.group_by(*KEYS, later=joined.later.fill_null(0)).agg(customers=joined.count())
    rows = counted.order_by((*KEYS, "later")).to_pyarrow()
    histories = Histories.of_arrow(rows)
    later = np.asarray(np.from_dlpack(rows["later"].combine_chunks()), dtype=np.float64)
    models = dict(_fitted(histories, fits))
    expected = {asked: model.expected_purchases(histories, time=weeks) for asked, model in models.items()}
    deviances = {asked: _deviance(foretold, later) for asked, foretold in expected.items()}
    best = min(deviances.values(), key=lambda values: float(np.average(values, weights=histories.customers)))
    trials = [
        _trial(asked, model, histories, later, expected[asked], deviances[asked], best)
        for asked, model in models.items()
    ]
    return sorted(trials, key=lambda trial: trial.deviance)


def _fitted(histories: Histories, fits: Mapping[str, Fit]) -> Iterator[tuple[str, RepeatModel]]:
    failed = []
    for asked, fit in fits.items():
        try:
            yield asked, fit(histories)
        except NotConverged:
            failed.append(asked)
    if len(failed) == len(fits):
        raise NotConverged(f"no maximum was found for {', '.join(failed)}")


def _deviance(expected: Floats, later: Floats) -> Floats:
    # Of nothing expected and nothing bought it is 0; of something bought it would be endless.
    safe = np.maximum(expected, 1e-9)
    logs = np.where(later > 0, later * np.log(np.maximum(later, 1) / safe), 0.0)
    return 2 * (logs - (later - expected))


def _trial(
    asked: str,
    model: RepeatModel,
    histories: Histories,
    later: Floats,
    expected: Floats,
    deviance: Floats,
    best: Floats,
) -> Trial:
    count = histories.customers

    def mean(values: Floats) -> float:
        return float(np.average(values, weights=count))

    excess = mean(deviance - best)
    return Trial(
        asked=asked,
        model=model,
        deviance=mean(deviance),
        excess=excess,
        excess_error=(mean((deviance - best - excess) ** 2) / float(count.sum())) ** 0.5,
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
