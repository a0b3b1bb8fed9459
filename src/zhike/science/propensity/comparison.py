"""Champion and challenger on the same customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zhike.science.propensity.calibration import log_loss
from zhike.science.propensity.inputs import Floats, Integers
from zhike.science.propensity.performance import Z, average_precision, check, placements, two_sided

DRAWS = 500


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Challenger less champion, with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """auc: by DeLong, with p. average_precision, brier, log_loss: by the paired bootstrap; of the last two less is
    better."""

    auc: Difference
    p: float
    average_precision: Difference
    brier: Difference
    log_loss: Difference

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "no different": the challenger is better if it surely ranks or foretells better and
        surely neither worse."""
        signs = {
            sign
            for difference, direction in ((self.auc, 1), (self.log_loss, -1))
            if difference.is_told and (sign := direction * np.sign(difference.value))
        }
        if signs == {1}:
            return "better"
        return "worse" if signs == {-1} else "no different"


def compare(champion: Floats, challenger: Floats, happened: Integers, *, seed: int, draws: int = DRAWS) -> Comparison:
    """Both models' probabilities for the same customers, none of whom either learnt from.

    Sources: DeLong, DeLong and Clarke-Pearson (1988); Efron and Tibshirani, An Introduction to the Bootstrap (1993).

    :raises zhike.science.propensity.inputs.OneClass: it happened to everybody or to nobody
    :raises zhike.science.propensity.performance.ProbabilityInvalid: a probability is none
    """
    for probability in (champion, challenger):
        check(probability, happened)
    area, p = _delong(champion, challenger, happened)
    weight = np.ones(len(happened))
    chance = np.random.default_rng(seed)
    measures: dict[str, Callable[[Floats, Integers], float]] = {
        "average_precision": average_precision,
        "brier": lambda told, met: float(np.mean((told - met) ** 2)),
        "log_loss": lambda told, met: log_loss(told, met, weight),
    }
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    while len(drawn["brier"]) < draws:
        places = chance.integers(0, len(happened), len(happened))
        met = happened[places]
        if not met.any():
            continue
        for name, each in measures.items():
            drawn[name].append(each(challenger[places], met) - each(champion[places], met))
    told = {}
    for name, each in measures.items():
        low, high = np.quantile(drawn[name], (0.025, 0.975))
        value = each(challenger, happened) - each(champion, happened)
        told[name] = Difference(value=value, low=float(low), high=float(high))
    return Comparison(auc=area, p=p, **told)


def _delong(champion: Floats, challenger: Floats, happened: Integers) -> tuple[Difference, float]:
    one, other = placements(champion, happened), placements(challenger, happened)
    value = float(other[0].mean() - one[0].mean())
    variance = 0.0
    for before, after in zip(one, other, strict=True):
        if len(before) > 1:
            variance += float(np.var(after - before, ddof=1)) / len(before)
    if not variance:
        return Difference(value=value, low=value, high=value), 1.0 if not value else 0.0
    half = Z * variance**0.5
    return Difference(value=value, low=value - half, high=value + half), two_sided(value / variance**0.5)
