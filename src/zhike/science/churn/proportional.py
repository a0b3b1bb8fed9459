"""Proportional hazards: what makes customers leave sooner, and when each is likely to."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhike.science.churn.survival import DurationInvalid, check_durations
from zhike.science.propensity.inputs import Floats, Inputs, InputsInvalid, Integers
from zhike.science.propensity.spline_logit import NotConverged

TINY = 1e-8
MOST_RISK = 700.0  # of the logarithm of a hazard; of more there is no exponential, and nobody is left anyway


@dataclass(frozen=True, kw_only=True)
class Proportional:
    """columns: what is weighed, a quantity by its name, a name as "feature=name". left_out: columns that follow from
    others. standard_errors: of the weights. log_likelihood: partial (Efron). duration, hazard: the cumulative hazard of
    the average customer."""

    like: Inputs
    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    weights: Floats
    standard_errors: Floats
    log_likelihood: float
    duration: Floats
    hazard: Floats
    _middle: Floats
    _means: Floats

    def risk(self, inputs: Inputs) -> Floats:
        """The logarithm of each customer's hazard, relative to the average customer's."""
        inputs.check_like(self.like)
        columns, names = _columns(inputs, self._middle)
        kept = [names.index(name) for name in self.columns]
        return np.asarray((columns[:, kept] - self._means) @ self.weights)

    def survival(self, inputs: Inputs, *, after: Sequence[float]) -> Floats:
        """A row for each customer, a column for each duration: how likely they are there still."""
        place = np.searchsorted(self.duration, np.asarray(after, dtype=float), side="right")
        base = np.concatenate([[0.0], self.hazard])[place]
        ratio = np.exp(np.minimum(self.risk(inputs), MOST_RISK))
        return np.asarray(np.exp(-ratio[:, None] * base[None, :]))


def fit_proportional(inputs: Inputs, duration: Floats, left: Integers) -> Proportional:
    """Cox's model, ties by Efron's method, with statsmodels; the average customer's hazard by Breslow's.

    Names become indicators without the first; a missing quantity becomes the median. Columns that follow from
    others are left out, by name.
    Sources: Cox, Regression models and life-tables (1972); Efron (1977); Breslow (1974).

    :raises DurationInvalid: a duration is negative or missing, an end neither 0 nor 1, nobody left, or not one
        for each customer
    :raises InputsInvalid: no feature tells customers apart
    :raises NotConverged: the weights grow without end, as where a feature tells exactly who leaves
    """
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.tools.sm_exceptions import ModelWarning
    from threadpoolctl import threadpool_limits

    durations, ends = check_durations(duration, left)
    if len(durations) != len(inputs):
        raise DurationInvalid(f"{len(durations)} durations of {len(inputs)} customers")
    if not ends.any():
        raise DurationInvalid("nobody left")
    middle = np.array([float(np.median(there)) if len(there) else 0.0 for there in _there(inputs)])
    columns, names = _columns(inputs, middle)
    kept = _independent(columns)
    if not kept:
        raise InputsInvalid("no feature tells customers apart")
    means, spread = columns[:, kept].mean(axis=0), columns[:, kept].std(axis=0)
    scaled = (columns[:, kept] - means) / spread
    with np.errstate(all="ignore"), threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("error", ModelWarning)
        try:
            fitted = PHReg(durations, scaled, status=ends, ties="efron").fit(disp=0)
        except (ModelWarning, np.linalg.LinAlgError) as reason:
            raise NotConverged("no optimum was found") from reason
    weights, errors = np.asarray(fitted.params), np.asarray(fitted.bse)
    if not (np.isfinite(weights).all() and np.isfinite(errors).all()) or np.abs(weights).max() > 20:
        raise NotConverged("the weights grow without end")
    places, hazard = _breslow(durations, ends, np.exp(scaled @ weights))
    return Proportional(
        like=inputs.rows(slice(0, 0)),
        columns=tuple(names[place] for place in kept),
        left_out=tuple(name for place, name in enumerate(names) if place not in kept),
        weights=weights / spread,
        standard_errors=errors / spread,
        log_likelihood=float(fitted.llf),
        duration=places,
        hazard=hazard,
        _middle=middle,
        _means=means,
    )


def _there(inputs: Inputs) -> list[Floats]:
    return [column[~np.isnan(column)] for column in inputs.values.T]


def _columns(inputs: Inputs, middle: Floats) -> tuple[Floats, list[str]]:
    columns, names = [], []
    for name, values, stands in zip(inputs.names, inputs.values.T, middle, strict=True):
        if name not in inputs.levels:
            columns.append(np.where(np.isnan(values), stands, values))
            names.append(name)
            continue
        for place, level in enumerate(inputs.levels[name][1:], start=1):
            columns.append((values == place).astype(float))
            names.append(f"{name}={level}")
    return np.column_stack(columns) if columns else np.empty((len(inputs), 0)), names


def _independent(columns: Floats) -> list[int]:
    """The columns that do not follow from those before them and a constant."""
    centred = columns - columns.mean(axis=0)
    kept: list[int] = []
    basis = np.empty((len(columns), 0))
    for place, column in enumerate(centred.T):
        size = float(np.linalg.norm(column))
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if size and length > TINY * max(1.0, size) and length > 1e-6 * size:
            kept.append(place)
            basis = np.column_stack([basis, rest / length])
    return kept


def _breslow(duration: Floats, left: Integers, ratio: Floats) -> tuple[Floats, Floats]:
    places, which = np.unique(duration, return_inverse=True)
    gone = np.bincount(which, left, minlength=len(places))
    risk = np.cumsum(np.bincount(which, ratio, minlength=len(places))[::-1])[::-1]
    return places, np.cumsum(gone / risk)
