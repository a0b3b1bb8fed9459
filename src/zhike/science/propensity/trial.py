"""What a propensity is worth: forward in time and, beside it, on a random split. One is not told without the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zhike.science.propensity.calibration import folds
from zhike.science.propensity.inputs import Booleans, Examples, Floats, Inputs, InputsInvalid, OneClass, TooFew
from zhike.science.propensity.leaks import Findings, check_leaks
from zhike.science.propensity.performance import Performance, measure

FOLDS = 5
HELD_OUT = 0.25


class ReasonMissing(ValueError):
    """A result is left out without saying why."""


@dataclass(frozen=True)
class Absent:
    """A result that cannot be had, and why.

    :raises ReasonMissing: it does not say why
    """

    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ReasonMissing("say why the result is absent")

    def __str__(self) -> str:
        return f"absent: {self.reason}"


class Fitted(Protocol):
    def probability(self, inputs: Inputs) -> Floats: ...


type Learn = Callable[[Examples], Fitted]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Learnt from examples up to a time, tried on those after it, up to another."""

    learnt_to: int
    tried_to: int
    learnt_from: int
    result: Performance | Absent


@dataclass(frozen=True, kw_only=True)
class Trial:
    """forward: learnt from the past, tried on the last quarter. random: cross-validated. Both have to be given, as a
    result or as the reason why there is none. origins: the rolling back-test, oldest first. findings: of leaks.

    :raises ReasonMissing: both are absent
    """

    forward: Performance | Absent
    random: Performance | Absent
    origins: tuple[Origin, ...]
    findings: Findings

    def __post_init__(self) -> None:
        if isinstance(self.forward, Absent) and isinstance(self.random, Absent):
            raise ReasonMissing(f"a trial without a result: {self.forward}; {self.random}")

    def __str__(self) -> str:
        return f"forward in time: {self.forward}\nrandom split: {self.random}"


def try_out(
    examples: Examples,
    learn: Learn,
    *,
    seed: int,
    num_threads: int = 1,
    held_out: float = HELD_OUT,
    gap: int = 0,
    origins: int = 3,
    known_after: Collection[str] = (),
    cleared: Mapping[str, str] | None = None,
) -> Trial:
    """Learn and try, forward and at random, after a look for leaks.

    learn: from examples to a model; it makes its choices from these examples alone.
    held_out: the share of examples at the end that are tried forward. gap: how many units of time labels look ahead;
    examples so shortly before the end of learning are not learnt from, for their labels were not known then. origins:
    how many earlier times are tried as well, each on the examples up to the next. known_after, cleared: as
    :func:`zhike.science.propensity.leaks.find_leaks` has them.

    :raises zhike.science.propensity.leaks.LeakSuspected: a feature is too good
    :raises zhike.science.propensity.inputs.OneClass: it happened to everybody or to nobody
    :raises zhike.science.propensity.inputs.TooFew: or to almost everybody or almost nobody
    """
    findings = check_leaks(examples, seed=seed, num_threads=num_threads, known_after=known_after, cleared=cleared)
    back = backtest(examples, learn, held_out=held_out, gap=gap, origins=origins)
    forward = back[-1].result if back else Absent("the examples carry no time, or all the same")
    return Trial(forward=forward, random=_random(examples, learn, seed), origins=back[:-1], findings=findings)


def backtest(
    examples: Examples, learn: Learn, *, held_out: float = HELD_OUT, gap: int = 0, origins: int = 3
) -> tuple[Origin, ...]:
    """Rolling origins, oldest first: learn from all before, try on what follows. The last one is tried on the held-out
    share; the earlier ones divide what is before it. Without times, or with a single one, there are none."""
    if examples.time is None or not held_out:
        return ()
    time = examples.time
    shares = [*((1 - held_out) * (each + 1) / (origins + 1) for each in range(origins)), 1 - held_out]
    ends = [int(np.quantile(time, share, method="lower")) for share in shares]
    last = int(time.max())
    ends = sorted({end for end in ends if end < last})
    found = []
    for end, until in zip(ends, [*ends[1:], last], strict=True):
        earlier, later = time <= end - gap, (time > end) & (time <= until)
        found.append(
            Origin(
                learnt_to=end - gap,
                tried_to=until,
                learnt_from=int(earlier.sum()),
                result=_try(examples, learn, earlier, later),
            )
        )
    return tuple(found)


def choose_left_out(
    examples: Examples, learn: Learn, candidates: Mapping[str, Collection[str]], *, gap: int = 0, origins: int = 4
) -> tuple[str, dict[str, float]]:
    """Which features to do without, so that the model holds in later times.

    candidates: by name, the features left out. examples: those to learn from alone; what is held out for the trial must
    not be among them. Returns the name with the best mean AUC over rolling origins, and that of each; of
    equals the first.

    :raises InputsInvalid: the examples carry no time, or no origin has both classes
    """
    told: dict[str, float] = {}
    for name, left_out in candidates.items():
        back = backtest(examples.without(left_out), learn, gap=gap, origins=origins)
        areas = [each.result.auc for each in back if isinstance(each.result, Performance)]
        if not areas:
            raise InputsInvalid("no time from which to look forward")
        told[name] = float(np.mean(areas))
    return max(told, key=lambda name: told[name]), told


def _try(examples: Examples, learn: Learn, earlier: Booleans, later: Booleans) -> Performance | Absent:
    tried = examples.rows(later)
    try:
        model = learn(examples.rows(earlier))
        return measure(model.probability(tried.inputs), tried.happened)
    except (OneClass, TooFew) as reason:
        return Absent(str(reason))


def _random(examples: Examples, learn: Learn, seed: int) -> Performance | Absent:
    order = examples.order()
    ordered = examples.rows(order)
    fold = folds(ordered.happened, count=FOLDS, seed=seed)
    told = np.empty(len(ordered))
    try:
        for each in range(FOLDS):
            held = fold == each
            told[held] = learn(ordered.rows(~held)).probability(ordered.inputs.rows(held))
    except (OneClass, TooFew) as reason:
        return Absent(str(reason))
    return measure(told, ordered.happened)
