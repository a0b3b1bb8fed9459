"""The difference that a treatment makes, absolute and relative, of means and of ratios, with less noise by covariates.

Every figure is a smooth function of the means of the two arms, and its error follows from their covariances (the delta
method), so means, ratios, relative lifts and their adjusted forms are one calculation.
Sources: Welch (1947); Deng, Knoblich and Lu, Applying the delta method in metric analytics (2018); Deng, Xu, Kohavi and
Walker, Improving the sensitivity of online controlled experiments by utilizing pre-experiment data (2013), "CUPED".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from scipy import stats

from zhike.science.experiments.arms import Arm, EmptyArm, ExperimentInvalid, Floats
from zhike.science.experiments.sequential import always_valid_half_width, always_valid_p

LEVEL = 0.95


class NoVariance(ExperimentInvalid):
    """No value differs from another in either arm, so that nothing says how sure a difference is."""


class Interval(NamedTuple):
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What is compared: the mean of a column, or with `per` the sum of one column by the sum of another (revenue per
    order, where customers are assigned and may order several times).

    adjusted_by: columns known before the experiment that explain a part of the outcome.

    :raises ExperimentInvalid: adjusted by itself, or twice by the same column
    """

    of: str
    per: str = ""
    adjusted_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({self.of, self.per, *self.adjusted_by}) < 2 + len(self.adjusted_by):
            raise ExperimentInvalid(f"a column is used twice: {self}")

    @property
    def name(self) -> str:
        return f"{self.of} / {self.per}" if self.per else self.of


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure and its standard error. degrees: of freedom, Welch and Satterthwaite's. count: rows of both arms."""

    value: float
    standard_error: float
    degrees: float
    count: int

    @property
    def p(self) -> float:
        """Two-sided, for one look at a number of rows that was fixed before; 0 or 1 of a figure without an error."""
        if not self.standard_error:
            return float(self.value == 0)
        return float(2 * stats.t.sf(abs(self.value) / self.standard_error, self.degrees))

    def interval(self, level: float = LEVEL) -> Interval:
        """Of Welch's t, for one look."""
        half = float(stats.t.ppf((1 + level) / 2, self.degrees)) * self.standard_error
        return Interval(self.value - half, self.value + half)

    def always_valid(self, *, tuning: float, level: float = LEVEL) -> Interval:
        """An interval that holds the truth at all looks together, however often one looks and whenever one stops.

        tuning: the number of rows of both arms at which it is to be narrowest.
        """
        half = always_valid_half_width(self.standard_error, self.count, tuning=tuning, level=level)
        return Interval(self.value - float(half), self.value + float(half))

    def always_valid_p(self, *, tuning: float, level: float = LEVEL) -> float:
        """At most 1 - level just where :meth:`always_valid` of that level holds no 0; 0 or 1 without an error."""
        if not self.standard_error:
            return float(self.value == 0)
        return always_valid_p(self.value, self.standard_error, self.count, tuning=tuning, level=level)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What the treatment changes.

    treatment, control: the metric in each arm, as if both had the covariates of all. difference: treatment less
    control. relative: difference by control; None where the control's metric is not above 0, or the
    treatment's is 0 in all. noise_saved: share of the
    variance of the difference that the covariates explain. unused: covariates that are constant, which explain nothing.
    """

    metric: Metric
    treatment: float
    control: float
    difference: Estimate
    relative: Estimate | None
    noise_saved: float
    unused: tuple[str, ...]


def compare(treatment: Arm, control: Arm, *, metric: Metric) -> Effect:
    """The effect of the treatment on a metric.

    The covariates' coefficients are those of least squares within the arms, the same for both; a constant covariate is
    left out and named, several that say the same share their coefficient.

    :raises EmptyArm: an arm of fewer than two
    :raises NoVariance: all values are the same
    :raises ExperimentInvalid: the denominator is 0
    """
    for arm in (treatment, control):
        if arm.count < 2:
            raise EmptyArm(f"an arm of {arm.count}")
    base = [_metric_of(arm, metric) for arm in (treatment, control)]
    slopes = [_slope_of(arm, metric) for arm in (treatment, control)]
    weights, unused = _coefficients(treatment, control, slopes, metric)
    plain = sum(_variances(treatment, control, slopes[0], slopes[1]))
    # Both arms moved to the covariates of all: each by what the other has more of them, times the other's share.
    apart = float(weights @ (treatment.means - control.means))
    share = treatment.count / (treatment.count + control.count)
    adjusted = base[0] - (1 - share) * apart, base[1] + share * apart
    by_treatment, by_control = slopes[0] - weights, weights - slopes[1]
    difference = adjusted[0] - adjusted[1]
    found = _estimate(difference, treatment, control, by_treatment, by_control)
    relative = None
    if adjusted[1] > 0:
        ratio = difference / adjusted[1]
        of_treatment = (by_treatment - ratio * share * weights) / adjusted[1]
        of_control = (by_control - ratio * (slopes[1] - share * weights)) / adjusted[1]
        if sum(_variances(treatment, control, of_treatment, of_control)) > 0:
            relative = _estimate(ratio, treatment, control, of_treatment, of_control)
    return Effect(
        metric=metric,
        treatment=adjusted[0],
        control=adjusted[1],
        difference=found,
        relative=relative,
        noise_saved=1 - found.standard_error**2 / plain if plain and weights.any() else 0.0,
        unused=unused,
    )


def _metric_of(arm: Arm, metric: Metric) -> float:
    if not metric.per:
        return arm.mean(metric.of)
    if arm.mean(metric.per) == 0:
        raise ExperimentInvalid(f"{metric.per} is 0 in all")
    return arm.mean(metric.of) / arm.mean(metric.per)


def _slope_of(arm: Arm, metric: Metric) -> Floats:
    """How the metric moves with the means of the columns."""
    slope = np.zeros(len(arm.names))
    if metric.per:
        below = arm.mean(metric.per)
        slope[arm.place(metric.per)] = -arm.mean(metric.of) / below**2
        slope[arm.place(metric.of)] += 1 / below
    else:
        slope[arm.place(metric.of)] = 1.0
    return slope


def _coefficients(treatment: Arm, control: Arm, slopes: list[Floats], metric: Metric) -> tuple[Floats, tuple[str, ...]]:
    """Of the covariates, in the place of their columns; and which of them are constant."""
    together = treatment.products + control.products
    places = [treatment.place(name) for name in metric.adjusted_by]
    scale = np.sqrt(together.diagonal())
    used = [place for place in places if scale[place] > 0]
    weights = np.zeros(len(treatment.names))
    if used:
        spread = scale[used]
        inside = together[np.ix_(used, used)] / np.outer(spread, spread)
        outcome = (treatment.products @ slopes[0] + control.products @ slopes[1])[used] / spread
        weights[used] = np.linalg.lstsq(inside, outcome, rcond=1e-12)[0] / spread
    return weights, tuple(treatment.names[place] for place in places if place not in used)


def _variances(treatment: Arm, control: Arm, by_treatment: Floats, by_control: Floats) -> tuple[float, float]:
    """What each arm adds to the variance of a figure that moves so with their means."""
    return (
        max(0.0, float(by_treatment @ treatment.covariance @ by_treatment)) / treatment.count,
        max(0.0, float(by_control @ control.covariance @ by_control)) / control.count,
    )


def _estimate(value: float, treatment: Arm, control: Arm, by_treatment: Floats, by_control: Floats) -> Estimate:
    one, other = _variances(treatment, control, by_treatment, by_control)
    if one + other <= 0:
        raise NoVariance("no value differs from another in either arm")
    # Of shares of the whole, since squares of very small variances are 0.
    share = one / (one + other)
    below = share**2 / (treatment.count - 1) + (1 - share) ** 2 / (control.count - 1)
    return Estimate(
        value=value,
        standard_error=sqrt(one + other),
        degrees=1 / below if below else inf,
        count=treatment.count + control.count,
    )
