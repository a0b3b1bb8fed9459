"""A logit in which each quantity has a curve of its own: the plain rival of boosted trees."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhike.science.propensity.inputs import Examples, Floats, Inputs, InputsInvalid

KNOTS = 5
ITERATIONS = 1_000
PENALTIES = (1.0, 0.1, 0.01)  # inverse strengths, tried one after the other until the optimum is found


class NotConverged(ArithmeticError):
    """The optimum was not found, not even with the strongest penalty."""


@dataclass(frozen=True, kw_only=True)
class _Curve:
    """How a feature becomes columns. middle: what stands for a missing value, which has a column of its own."""

    levels: int
    middle: float
    scale: tuple[float, float]
    spline: Any
    has_missing: bool

    def columns(self, values: Floats) -> Floats:
        missing = np.isnan(values)
        if self.levels:
            return np.asarray(values[:, None] == np.arange(self.levels), dtype=float)
        filled = np.where(missing, self.middle, values)
        if self.spline is None:
            shaped = ((filled - self.scale[0]) / self.scale[1])[:, None]
        else:
            shaped = self.spline.transform(filled[:, None])
        return np.column_stack([shaped, missing]) if self.has_missing else np.asarray(shaped)


@dataclass(frozen=True, kw_only=True)
class SplineLogit:
    """penalty: the inverse strength that was needed. means: of the columns, which contributions are told against."""

    like: Inputs
    curves: Sequence[_Curve]
    weights: Floats
    intercept: float
    means: Floats
    penalty: float
    name: str = "logit on splines"

    def log_odds(self, inputs: Inputs) -> Floats:
        return np.asarray(self.contributions(inputs).sum(axis=1))

    def contributions(self, inputs: Inputs) -> Floats:
        """What each feature adds to the logarithm of the odds, against the average customer. Columns: the features,
        then what the average customer has; a row sums to its log odds."""
        inputs.check_like(self.like)
        told = np.empty((len(inputs), len(self.curves) + 1))
        told[:, -1] = self.intercept + self.weights @ self.means
        start = 0
        for place, (curve, values) in enumerate(zip(self.curves, inputs.values.T, strict=True)):
            columns = curve.columns(values)
            own = slice(start, start + columns.shape[1])
            told[:, place] = (columns - self.means[own]) @ self.weights[own]
            start = own.stop
        return told


def fit_spline_logit(examples: Examples, *, knots: int = KNOTS) -> SplineLogit:
    """Cubic splines with knots at quantiles, level beyond them; names as indicators; a ridge penalty.

    Missing quantities get the median and an indicator; names that were not learnt count as none of those that were.

    :raises zhike.science.propensity.inputs.OneClass: it happened to everybody or to nobody
    :raises zhike.science.propensity.inputs.TooFew: or to almost everybody or almost nobody
    :raises InputsInvalid: no feature
    :raises NotConverged: no penalty led to an optimum
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    examples.check()
    inputs = examples.inputs
    if not inputs.names:
        raise InputsInvalid("there is no feature")
    ordered = examples.rows(examples.order())
    curves = [
        _curve(values, len(inputs.levels.get(name, ())), name in inputs.levels, knots)
        for name, values in zip(inputs.names, ordered.inputs.values.T, strict=True)
    ]
    columns = np.hstack([curve.columns(values) for curve, values in zip(curves, ordered.inputs.values.T, strict=True)])
    for penalty in PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=ITERATIONS)
        # One thread: the sums are the same on every machine then.
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                model.fit(columns, ordered.happened, sample_weight=ordered.weight)
            except ConvergenceWarning:
                continue
        return SplineLogit(
            like=inputs.rows(slice(0, 0)),
            curves=curves,
            weights=model.coef_[0],
            intercept=float(model.intercept_[0]),
            means=np.average(columns, axis=0, weights=ordered.weights),
            penalty=penalty,
        )
    raise NotConverged(f"no optimum within {ITERATIONS} steps")


def _curve(values: Floats, levels: int, is_name: bool, knots: int) -> _Curve:
    from sklearn.preprocessing import SplineTransformer

    there = values[~np.isnan(values)]
    has_missing = not is_name and len(there) < len(values)
    if is_name or not len(there):
        return _Curve(levels=levels, middle=0.0, scale=(0.0, 1.0), spline=None, has_missing=has_missing)
    places = np.unique(np.quantile(there, np.linspace(0, 1, knots)))
    spline = None
    if len(places) > 2:
        spline = SplineTransformer(knots=places[:, None], degree=3, extrapolation="constant").fit(there[:, None])
    scale = float(there.mean()), float(there.std()) or 1.0
    return _Curve(levels=0, middle=float(np.median(there)), scale=scale, spline=spline, has_missing=has_missing)
