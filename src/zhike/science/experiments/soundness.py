"""Whether an experiment can be believed: the arms as large as planned, and alike in what the treatment cannot touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import comb

import numpy as np
from scipy import stats
from scipy.special import gammaln

from zhike.science.experiments.arms import Arm, ExperimentInvalid, OneArm
from zhike.science.experiments.comparing import Metric, NoVariance, compare

FEW = 5  # expected in an arm; below, the test of the ratio is exact
MOST_OUTCOMES = 200_000  # that an exact test goes through
ALARM = 0.001  # p of a ratio that stops an experiment: it is looked at often, and rarely wrong
_SAME = 1e-9
_APART = 1e-3  # of the greatest difference, in standard errors; less is rounding


class LateCovariate(ExperimentInvalid):
    """A covariate was measured after the assignment: the treatment may have moved it, and hide its own effect in it."""


@dataclass(frozen=True, kw_only=True)
class RatioCheck:
    """expected: of each arm. p: of arms so far from their shares by chance. is_exact: summed over all outcomes."""

    expected: Mapping[str, float]
    p: float
    is_exact: bool

    @property
    def is_mismatch(self) -> bool:
        return self.p < ALARM


def check_sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float]) -> RatioCheck:
    """Whether units fell to the arms in the shares in which they were assigned.

    Where they did not, something chose (a redirect that loses people, a bot filter), and no result of the experiment
    means anything. Pearson's chi-square, or the exact multinomial test where fewer than five are expected in an arm and
    there are not too many outcomes to go through.
    Source: Fabijan et al., Diagnosing sample ratio mismatch in online controlled experiments (2019).

    :raises OneArm: fewer than two arms
    :raises ExperimentInvalid: other arms than planned, a negative count, nobody at all, a share that is not above 0
    """
    if len(shares) < 2:
        raise OneArm("a ratio is of two arms or more")
    if counts.keys() != shares.keys():
        raise ExperimentInvalid(f"arms differ from those planned: {sorted(counts)}, {sorted(shares)}")
    if min(counts.values()) < 0 or not sum(counts.values()):
        raise ExperimentInvalid("counts of 0 or more, and somebody")
    if not all(0 < share < float("inf") for share in shares.values()):
        raise ExperimentInvalid("shares above 0")
    total, whole = sum(counts.values()), sum(shares.values())
    expected = {name: total * share / whole for name, share in shares.items()}
    is_exact = min(expected.values()) < FEW and comb(total + len(shares) - 1, len(shares) - 1) <= MOST_OUTCOMES
    observed = [counts[name] for name in shares]
    if is_exact:
        p = _exact_multinomial(observed, [share / whole for share in shares.values()])
    else:
        p = float(stats.chisquare(observed, list(expected.values())).pvalue)
    return RatioCheck(expected=expected, p=p, is_exact=is_exact)


@dataclass(frozen=True, kw_only=True)
class Balance:
    """p: of arms that differ so much in all covariates together. by_covariate: of each alone. unused: constant ones."""

    p: float
    by_covariate: Mapping[str, float]
    unused: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether covariates are alike in both arms, as before a treatment they must be."""
        return self.p >= ALARM


def check_covariates(treatment: Arm, control: Arm, *, known_on: Mapping[str, date], assigned_from: date) -> Balance:
    """Whether covariates may adjust a metric: known before anybody was assigned, and alike in both arms.

    known_on: the last day of which each covariate tells. The test is Hotelling's T² with both arms' own covariances,
    by its chi-square limit. Where covariates do not vary within the arms and yet differ between them, chance cannot
    have done it: p is 0.

    :raises LateCovariate: one tells of a day on which somebody was assigned, or of a later one
    :raises NoVariance: all are constant, and the same in both arms
    """
    late = sorted(name for name, day in known_on.items() if day >= assigned_from)
    if late:
        raise LateCovariate(f"known only after the assignment: {', '.join(late)}")
    places = [treatment.place(name) for name in known_on]
    spread = treatment.products.diagonal() + control.products.diagonal()
    differs = ~np.isclose(treatment.means, control.means, rtol=_SAME, atol=0.0)
    parted = [place for place in places if spread[place] == 0 and differs[place]]
    used = [place for place in places if spread[place] > 0]
    if not used and not parted:
        raise NoVariance("every covariate is constant")
    by_covariate = {
        treatment.names[place]: compare(treatment, control, metric=Metric(of=treatment.names[place])).difference.p
        for place in used
    }
    return Balance(
        p=0.0 if parted else _balance(treatment, control, used),
        by_covariate=by_covariate | {treatment.names[place]: 0.0 for place in parted},
        unused=tuple(treatment.names[place] for place in places if place not in {*used, *parted}),
    )


def _balance(treatment: Arm, control: Arm, used: list[int]) -> float:
    inside = np.ix_(used, used)
    error = (treatment.covariance / treatment.count + control.covariance / control.count)[inside]
    apart = (treatment.means - control.means)[used]
    scale = np.sqrt(error.diagonal())
    values, axes = np.linalg.eigh(error / np.outer(scale, scale))
    told = values > values.max() * _SAME  # directions that several covariates do not say twice
    along = axes.T @ (apart / scale)
    if (np.abs(along[~told]) > _APART * max(1.0, float(np.abs(along).max()))).any():
        return 0.0  # several covariates together tell who is in which arm
    return float(stats.chi2.sf(float(np.sum(along[told] ** 2 / values[told])), int(told.sum())))


def _exact_multinomial(observed: list[int], shares: list[float]) -> float:
    """The chance of all outcomes that are no likelier than this one."""
    total, logs = sum(observed), np.log(shares)
    outcomes = _compositions(total, len(observed))
    chances = gammaln(total + 1) - gammaln(outcomes + 1).sum(axis=1) + outcomes @ logs
    here = gammaln(total + 1) - gammaln(np.array(observed) + 1).sum() + observed @ logs
    return min(1.0, float(np.exp(chances[chances <= here + _SAME * max(1.0, abs(here))]).sum()))


def _compositions(total: int, parts: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """All ways to deal a total out to so many parts, a row each."""
    rows = np.arange(total + 1)[:, None]
    for _part in range(parts - 2):
        rest = total - rows.sum(axis=1)
        repeated = np.repeat(rows, rest + 1, axis=0)
        starts = np.repeat(np.cumsum(rest + 1) - (rest + 1), rest + 1)
        rows = np.column_stack([repeated, np.arange(len(repeated)) - starts])
    return np.column_stack([rows, total - rows.sum(axis=1)])
