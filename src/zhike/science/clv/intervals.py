"""How sure a fit is: of its parameters by their profile likelihood, of anything that it answers by the bootstrap.

An interval of expected purchases is one of what is to be expected, which the parameters tell; what one customer will do
varies around it. Sources: Venzon and Moolgavkar (1988), A method for computing profile-likelihood-based confidence
intervals, Applied Statistics 37(1); Efron and Tibshirani (1993), An Introduction to the Bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import chi2

from zhike.science.clv import beta_geo, pareto_nbd
from zhike.science.clv._beta_geo_likelihood import BetaGeoLikelihood
from zhike.science.clv._likelihood import Graded, NotConverged, maximize
from zhike.science.clv.beta_geo import BetaGeo
from zhike.science.clv.gamma_gamma import GammaGamma, Spending, fit_gamma_gamma
from zhike.science.clv.histories import Floats, Histories, NotIdentified
from zhike.science.clv.nbd import nbd_likelihood
from zhike.science.clv.pareto_nbd import ParetoNbd, pareto_nbd_likelihood
from zhike.science.clv.scoring import RepeatModel
from zhike.science.clv.simulation import Simulated, simulate_histories

LEVEL = 0.95
REPLICATES = 200
_FIRST_STEP = 0.1  # of the logarithm of a parameter
_FAR = 7.0  # a thousand times as much, or as little: no bound
_EXACT = 2e-4


@dataclass(frozen=True, kw_only=True)
class Interval:
    """low is 0, or high infinite, where the data do not tell a bound."""

    low: float
    high: float


def profile_intervals(
    model: Simulated, histories: Histories, *, level: float = LEVEL, of: Collection[str] = ()
) -> dict[str, Interval]:
    """Of each parameter by name: all values at which the others can still make the histories likely enough.

    histories: those that the model was fitted to. of: these parameters alone.
    """
    names, likelihood = _likelihood_of(model, histories)
    best = np.array([getattr(model, name) for name in names])
    top, allowed = likelihood(best)[0], float(chi2.ppf(level, 1)) / 2
    found = {}
    for place, name in enumerate(names):
        if of and name not in of:
            continue
        low, high = (_bound(likelihood, best, place, top - allowed, side=side) for side in (-1, 1))
        found[name] = Interval(low=low, high=high)
    return found


def _likelihood_of(model: Simulated, histories: Histories) -> tuple[Sequence[str], Graded]:
    if isinstance(model, BetaGeo):
        return beta_geo.NAMES, BetaGeoLikelihood(histories, is_modified=model.is_modified)
    if isinstance(model, ParetoNbd):
        return pareto_nbd.NAMES, lambda at: pareto_nbd_likelihood(at, histories)
    return ("r", "alpha"), lambda at: nbd_likelihood(at, histories)


def _bound(likelihood: Graded, best: Floats, place: int, least: float, *, side: int) -> float:
    """Where, on that side of the best, the likelihood falls to the least."""
    at_best = others = np.delete(best, place)

    def above(logarithm: float) -> float:
        nonlocal others
        value = float(np.exp(logarithm))

        def rest(parameters: Floats) -> tuple[float, Floats]:
            told, gradient = likelihood(np.insert(parameters, place, value))
            return told, np.delete(gradient, place)

        # Near the value asked for before, the others are near what they were there.
        others, reached = maximize(rest, starts=[others, at_best])
        return reached - least

    inside, step = float(np.log(best[place])), _FIRST_STEP
    farthest = inside + side * _FAR
    while side * (farthest - inside) > 0:
        outside = inside + side * step
        if above(outside) < 0:
            while abs(outside - inside) > _EXACT:
                middle = (inside + outside) / 2
                inside, outside = (middle, outside) if above(middle) >= 0 else (inside, middle)
            return float(np.exp(inside))
        inside, step = outside, 2 * step
    return 0.0 if side < 0 else float("inf")


def resample(histories: Histories, *, seed: int | np.random.Generator) -> Histories:
    """As many customers drawn from these with replacement; the cost is that of distinct histories."""
    chance = np.random.default_rng(seed)
    drawn = chance.multinomial(histories.customer_count, histories.customers / histories.customer_count)
    kept = drawn > 0
    return Histories(
        frequency=histories.frequency[kept],
        recency=histories.recency[kept],
        age=histories.age[kept],
        customers=drawn[kept],
    )


def bootstrap(
    fit: Callable[[Histories], RepeatModel],
    histories: Histories,
    *,
    seed: int,
    replicates: int = REPLICATES,
    made_by: Simulated | None = None,
    resolution: float = 0.0,
) -> list[RepeatModel]:
    """Fits to companies that might as well have been: customers drawn anew, or made by a model.

    made_by: the fitted model, for the parametric bootstrap; resolution as in
    :func:`zhike.science.clv.simulation.simulate_histories`. A replicate that has no fit is drawn again.

    :raises NotIdentified: replicates have no fit more often than they have one
    """
    chance = np.random.default_rng(seed)
    ages = np.repeat(histories.age, histories.customers) if made_by is not None else None

    def draw() -> RepeatModel:
        if made_by is None:
            return fit(resample(histories, seed=chance))
        return fit(_counted(simulate_histories(made_by, ages, seed=chance, resolution=resolution)))

    return _repeated(draw, replicates)


def bootstrap_spending(spending: Spending, *, seed: int, replicates: int = REPLICATES) -> list[GammaGamma]:
    """Fits of Gamma-Gamma to customers drawn anew.

    :raises NotIdentified: replicates have no fit more often than they have one
    """
    chance, size = np.random.default_rng(seed), len(spending.mean)

    def draw() -> GammaGamma:
        drawn = chance.integers(0, size, size)
        return fit_gamma_gamma(replace(spending, purchases=spending.purchases[drawn], mean=spending.mean[drawn]))

    return _repeated(draw, replicates)


def _repeated[Model](draw: Callable[[], Model], replicates: int) -> list[Model]:
    if replicates < 2:
        raise ValueError(f"an interval takes two replicates or more: {replicates}")
    found: list[Model] = []
    for _ in range(2 * replicates):
        try:
            found.append(draw())
        except (NotIdentified, NotConverged):
            continue
        if len(found) == replicates:
            return found
    raise NotIdentified("too few customers bought again to draw them anew")


def answer_intervals[Model](
    models: Sequence[Model], answer: Callable[[Model], Floats], *, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Lower and upper bounds of an answer with an entry for each history, from what each replicate answers.

    answer: such as ``lambda model: model.p_alive(histories)``; of value, models may be pairs of
    :func:`bootstrap` and :func:`bootstrap_spending`.
    """
    answers = np.stack([answer(model) for model in models])
    low, high = np.quantile(answers, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _counted(histories: Histories) -> Histories:
    keys: Any = np.stack([histories.frequency, histories.recency, histories.age])
    distinct, count = np.unique(keys, axis=1, return_counts=True)
    return Histories(
        frequency=distinct[0].astype(np.int64), recency=distinct[1], age=distinct[2], customers=count.astype(np.int64)
    )
