"""Features that are too good to have been known when it mattered.

A label often leaks into what was recorded after it: how long the call took that sold, the reason of the cancellation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from zhike.science.propensity.boosting import fit_boosting
from zhike.science.propensity.calibration import folds
from zhike.science.propensity.inputs import Examples, Floats, Integers
from zhike.science.propensity.performance import auc

ALONE = 0.75
CERTAIN = 0.99
STRONG = 0.6
HALF = 0.5
GROUPS = 20
FOLDS = 3
ROUNDS = 60
LOOKED_INTO = 5  # the best alone; others cannot halve what all leave wrong


class LeakSuspected(ValueError):
    """Features that tell what came later; suspicions: which, and why."""

    def __init__(self, suspicions: tuple[Suspicion, ...]) -> None:
        self.suspicions = suspicions
        super().__init__("; ".join(str(each) for each in suspicions))


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """alone: the AUC of the feature alone. rest, together: of all others without it and with it (NaN where that was not
    looked into). forward: alone, learnt from the earlier half and tried on the later one (None without times)."""

    feature: str
    why: str
    alone: float
    rest: float
    together: float
    forward: float | None

    def __str__(self) -> str:
        return (
            f"{self.feature}: {self.why} (alone {self.alone:.3f}, the rest {self.rest:.3f}, both {self.together:.3f})"
        )


@dataclass(frozen=True, kw_only=True)
class Findings:
    """leaks: raise the alarm. tell_the_time: strong at random, without use in later times; no leak, but a model that
    leans on them will fail."""

    leaks: tuple[Suspicion, ...]
    tell_the_time: tuple[Suspicion, ...]


def find_leaks(
    examples: Examples,
    *,
    seed: int,
    num_threads: int = 1,
    known_after: Collection[str] = (),
    cleared: Mapping[str, str] | None = None,
) -> Findings:
    """Look for features that no honest past could have known.

    A feature is suspected if it is said to be known afterwards only; if it alone ranks almost perfectly (AUC 0.99);
    or if it alone reaches 0.75 and, put beside all the others, takes away more than half of what they leave wrong
    (1 - AUC).

    known_after: features said to be known only after the prediction. cleared: features that look too good and are known
    in time nevertheless, with the reason.

    :raises zhike.science.propensity.inputs.OneClass: it happened to everybody or to nobody
    :raises zhike.science.propensity.inputs.TooFew: or to almost everybody or almost nobody
    """
    examples.check()
    ordered = examples.rows(examples.order())
    looked = [name for name in ordered.inputs.names if name not in (cleared or {})]
    alone = {name: _alone(ordered, name, seed) for name in looked}
    best = sorted((name for name in looked if alone[name] >= ALONE), key=lambda name: -alone[name])[:LOOKED_INTO]
    together = _auc(ordered, seed, num_threads) if best else np.nan
    leaks, timely = [], []
    for name in looked:
        others = ordered.without([name]) if name in best else None
        rest = np.nan
        if others is not None:
            rest = _auc(others, seed, num_threads) if others.inputs.names else 0.5
        forward = _forward(ordered, name)
        why = _why(name, known_after, alone[name], rest, together)
        told = Suspicion(
            feature=name,
            why=why or "strong at random, not forward in time",
            alone=alone[name],
            rest=float(rest),
            together=float(together) if name in best else np.nan,
            forward=forward,
        )
        if why:
            leaks.append(told)
        elif forward is not None and alone[name] > STRONG and forward - 0.5 < (alone[name] - 0.5) / 2:
            timely.append(told)
    return Findings(leaks=tuple(leaks), tell_the_time=tuple(timely))


def check_leaks(
    examples: Examples,
    *,
    seed: int,
    num_threads: int = 1,
    known_after: Collection[str] = (),
    cleared: Mapping[str, str] | None = None,
) -> Findings:
    """As :func:`find_leaks`, but it does not go on with a leak.

    :raises LeakSuspected: a feature is too good
    """
    found = find_leaks(examples, seed=seed, num_threads=num_threads, known_after=known_after, cleared=cleared)
    if found.leaks:
        raise LeakSuspected(found.leaks)
    return found


def _why(name: str, known_after: Collection[str], alone: float, rest: float, together: float) -> str:
    if name in known_after:
        return "is known only afterwards"
    if alone >= CERTAIN:
        return "ranks almost perfectly by itself"
    if alone >= ALONE and 1 - together < HALF * (1 - rest):
        return "takes away more than half of what all others leave wrong"
    return ""


def _alone(examples: Examples, name: str, seed: int) -> float:
    fold = folds(examples.happened, count=FOLDS, seed=seed)
    told = np.empty(len(examples))
    group = _groups(examples, name)
    for each in range(FOLDS):
        held = fold == each
        told[held] = _rates(group[~held], examples.happened[~held], int(group.max()) + 1)[group[held]]
    return auc(told, examples.happened)[0]


def _forward(examples: Examples, name: str) -> float | None:
    if examples.time is None:
        return None
    later = examples.time > np.median(examples.time)
    if not 0 < examples.happened[later].sum() < later.sum():
        return None
    group = _groups(examples, name)
    told = _rates(group[~later], examples.happened[~later], int(group.max()) + 1)[group[later]]
    return auc(told, examples.happened[later])[0]


def _groups(examples: Examples, name: str) -> Integers:
    place = examples.inputs.names.index(name)
    values = examples.inputs.values[:, place]
    missing = np.isnan(values)
    if name in examples.inputs.levels:
        return np.where(missing, -1, values).astype(np.int64) + 1
    if missing.all():
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(values[~missing], np.linspace(0, 1, GROUPS + 1)[1:-1]))
    return np.where(missing, 0, np.searchsorted(edges, np.where(missing, 0, values), side="right") + 1)


def _rates(group: Integers, happened: Integers, size: int) -> Floats:
    """Of each group, drawn towards the rate of all by as much as twenty customers weigh."""
    count, hits = np.bincount(group, minlength=size), np.bincount(group, happened, minlength=size)
    overall = float(happened.mean()) if len(happened) else 0.5
    return np.asarray((hits + GROUPS * overall) / (count + GROUPS))


def _auc(examples: Examples, seed: int, num_threads: int) -> float:
    fold = folds(examples.happened, count=FOLDS, seed=seed)
    told = np.empty(len(examples))
    for each in range(FOLDS):
        held = fold == each
        model = fit_boosting(
            examples.rows(~held),
            seed=seed,
            num_threads=num_threads,
            rounds=ROUNDS,
            parameters={"learning_rate": 0.1},
        )
        told[held] = model.log_odds(examples.inputs.rows(held))
    return auc(told, examples.happened)[0]
