"""Learn a propensity: the candidate that foretells best what was held back, calibrated on what was held back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from zhike.science.propensity.boosting import fit_boosting
from zhike.science.propensity.calibration import Calibration, calibrate, folds
from zhike.science.propensity.inputs import Examples, Floats, Inputs
from zhike.science.propensity.spline_logit import fit_spline_logit

FOLDS = 5
MOST = 1_000_000


class Model(Protocol):
    @property
    def name(self) -> str: ...

    def log_odds(self, inputs: Inputs) -> Floats: ...

    def contributions(self, inputs: Inputs) -> Floats: ...


@dataclass(frozen=True, kw_only=True)
class Both:
    """The mean of the log odds of several models."""

    models: Sequence[Model]
    name: str

    def log_odds(self, inputs: Inputs) -> Floats:
        return np.asarray(np.mean([model.log_odds(inputs) for model in self.models], axis=0))

    def contributions(self, inputs: Inputs) -> Floats:
        return np.asarray(np.mean([model.contributions(inputs) for model in self.models], axis=0))


@dataclass(frozen=True, kw_only=True)
class Propensity:
    """model: learnt from all examples, or a sample of them. log_losses: of each candidate and of each calibration,
    cross-validated. held_back: for each example, in their order, what a model says that did not learn from it, by a
    calibration that did not either. left_out: features that were the same for everybody.
    """

    model: Model
    like: Inputs
    calibration: Calibration
    log_losses: Mapping[str, float]
    held_back: Floats
    left_out: tuple[str, ...]

    def probability(self, inputs: Inputs) -> Floats:
        """
        :raises zhike.science.propensity.inputs.InputsInvalid: other features than were learnt
        """
        return self.calibration(self.model.log_odds(self.taken(inputs)))

    def taken(self, inputs: Inputs) -> Inputs:
        """Those of the features that the model learnt from."""
        return inputs.without(self.left_out) if self.left_out else inputs


type FitModel = Callable[[Examples], Model]


def fit_propensity(
    examples: Examples,
    *,
    seed: int,
    num_threads: int = 1,
    monotone: Mapping[str, int] | None = None,
    candidates: Mapping[str, FitModel] | None = None,
    most: int = MOST,
) -> Propensity:
    """Learn from examples with boosted trees, a logit on splines, and the mean of both, and keep what foretells best.

    The same examples, in whatever order, and the same seed give the same model. Features that are the same for
    everybody are left out. Of more than `most` examples the commoner class is sampled and weighted.

    monotone: of features, 1 or -1 where more of it may only raise or lower the probability; only trees keep to it, so
    only trees are a candidate then. candidates: in place of those of the house, by name.

    :raises zhike.science.propensity.inputs.OneClass: it happened to everybody or to nobody
    :raises zhike.science.propensity.inputs.TooFew: or to almost everybody or almost nobody
    :raises zhike.science.propensity.inputs.InputsInvalid: no feature tells customers apart
    """
    examples.check()
    places, weight = examples.sample(most=most, seed=seed)
    learnt = replace(examples.rows(places), weight=weight)
    informative = learnt.inputs.informative()
    left_out = tuple(name for name in learnt.inputs.names if name not in informative.names)
    learnt = learnt.without(left_out)
    trees = partial(fit_boosting, seed=seed, num_threads=num_threads, monotone=monotone)
    if candidates is None:
        candidates = {"boosted trees": trees}
        if not monotone:
            candidates["logit on splines"] = fit_spline_logit
    told = _held_back(learnt, candidates, seed)
    if len(told) > 1:
        told[" and ".join(told)] = np.mean(list(told.values()), axis=0)
    calibrated = {
        name: calibrate(log_odds, learnt.happened, weight=learnt.weights, seed=seed) for name, log_odds in told.items()
    }
    best = min(calibrated, key=lambda name: (min(calibrated[name].log_losses.values()), name))
    models = [fit(learnt) for name, fit in candidates.items() if best in (name, " and ".join(candidates))]
    found = Propensity(
        model=models[0] if len(models) == 1 else Both(models=models, name=best),
        like=examples.inputs.rows(slice(0, 0)),
        calibration=calibrated[best].calibration,
        log_losses={
            **{name: min(own.log_losses.values()) for name, own in calibrated.items()},
            **{f"{best}, {name}": loss for name, loss in calibrated[best].log_losses.items()},
        },
        held_back=np.empty(len(examples)),
        left_out=left_out,
    )
    found.held_back[places] = calibrated[best].held_back
    # Those who are not in the sample were learnt from by nobody.
    is_rest = np.ones(len(examples), dtype=bool)
    is_rest[places] = False
    if is_rest.any():
        found.held_back[is_rest] = found.probability(examples.inputs.rows(is_rest))
    return found


def _held_back(examples: Examples, candidates: Mapping[str, FitModel], seed: int) -> dict[str, Floats]:
    fold = folds(examples.happened, count=FOLDS, seed=seed)
    told: dict[str, Floats] = {name: np.empty(len(examples)) for name in candidates}
    for each in range(FOLDS):
        held = fold == each
        rest = examples.rows(~held)
        for name, fit in candidates.items():
            told[name][held] = fit(rest).log_odds(examples.inputs.rows(held))
    return told
