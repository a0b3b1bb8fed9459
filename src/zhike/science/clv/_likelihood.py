"""The highest likelihood over positive parameters, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import optimize

from zhike.science.clv.histories import Floats

type Graded = Callable[[Floats], tuple[float, Floats]]

LIMIT = 25.0  # of the logarithm of a parameter
STEP = 1e-4


class NotConverged(ArithmeticError):
    """No maximum was found from any start."""


def maximize(
    log_likelihood: Graded, *, starts: Sequence[Sequence[float] | Floats], unbounded: int = 0
) -> tuple[Floats, float]:
    """The parameters and the logarithm of their likelihood, the best that any of the starts leads to.

    log_likelihood: of the parameters, with its gradient; they are sought on a logarithmic scale, so stay positive.
    unbounded: that many of the last may be negative, and are sought as they are.

    :raises NotConverged: every start ended where there is no number
    """

    positive = len(starts[0]) - unbounded

    def told(place: Floats) -> Floats:
        return np.concatenate([np.exp(place[:positive]), place[positive:]])

    def of_logarithms(place: Floats) -> tuple[float, Floats]:
        parameters = told(place)
        value, gradient = log_likelihood(parameters)
        return -value, -gradient * np.concatenate([parameters[:positive], np.ones(unbounded)])

    best: tuple[float, Floats] | None = None
    for start in starts:
        found = optimize.minimize(
            of_logarithms,
            np.concatenate([np.log(start[:positive]), start[positive:]]),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-LIMIT, LIMIT)] * positive + [(None, None)] * unbounded,
            options={"maxiter": 500, "maxfun": 1000, "ftol": 1e-14, "gtol": 1e-7, "maxcor": 20},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best[0]):
            best = float(found.fun), told(found.x)
    if best is None:
        raise NotConverged("no start led to a maximum")
    return best[1], -best[0]


def standard_errors(
    log_likelihood: Graded, fitted: Mapping[str, float], *, scale: Floats | None = None
) -> dict[str, float]:
    """Of the parameters by name, from the curvature at the maximum; NaN in directions in which it is flat.

    The curvature is that of the gradient's central differences, each of a step of a ten-thousandth of the scale, which
    is the parameter itself where none is told.
    """
    parameters, rows = np.array(list(fitted.values())), []
    for place, value in enumerate(parameters if scale is None else scale):
        step = np.zeros_like(parameters)
        step[place] = STEP * value
        rows.append((log_likelihood(parameters + step)[1] - log_likelihood(parameters - step)[1]) / (2 * STEP * value))
    information = -(np.array(rows) + np.array(rows).T) / 2
    try:
        variances = np.diag(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        variances = np.full_like(parameters, np.nan)
    errors = np.sqrt(np.where(variances > 0, variances, np.nan))
    return dict(zip(fitted, map(float, errors), strict=True))
