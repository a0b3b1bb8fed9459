"""NBD: customers buy at rates that differ by a gamma distribution, and never leave.

Source: Ehrenberg (1959), The Pattern of Consumer Purchases. What models with drop-out become where nobody drops out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import digamma, gammaln

from zhike.science.clv._likelihood import maximize, standard_errors
from zhike.science.clv.histories import Floats, Histories

DROP_OUT_PARAMETERS = 2


@dataclass(frozen=True, kw_only=True)
class Nbd:
    """r, alpha: shape and rate (in units of time) of the purchase rates. boundary_of: the model that has it as its
    boundary here, "" where it was asked for. log_likelihood: of all customers."""

    name: ClassVar[str] = "NBD"
    r: float
    alpha: float
    log_likelihood: float
    boundary_of: str = ""

    def standard_errors(self, histories: Histories) -> dict[str, float]:
        """Of the parameters by name, for the histories that they were fitted to."""
        return standard_errors(lambda at: nbd_likelihood(at, histories), {"r": self.r, "alpha": self.alpha})

    def p_alive(self, histories: Histories) -> Floats:
        """1, for each history."""
        return np.ones(len(histories.frequency))

    def expected_purchases(self, histories: Histories, *, time: float) -> Floats:
        """Of one customer of each history, within that time after the end."""
        return (self.r + histories.frequency) / (self.alpha + histories.age) * time


def fit_nbd(histories: Histories) -> Nbd:
    """:raises zhike.science.clv.histories.NotIdentified: nobody bought again"""
    histories.check_identified()
    rate = histories.purchase_count / float(histories.customers @ histories.age)
    starts = [(1.0, 1.0 / rate), (0.1, 0.1 / rate)]
    (r, alpha), value = maximize(lambda at: nbd_likelihood(at, histories), starts=starts)
    return Nbd(r=float(r), alpha=float(alpha), log_likelihood=value)


def earns_drop_out(log_likelihood: float, without: Nbd) -> bool:
    """Whether a model with drop-out, by its likelihood, is worth its two parameters more.

    At the boundary, where nobody leaves, the likelihoods are the same and the parameters arbitrary.
    Source: Akaike (1974), A new look at the statistical model identification.
    """
    return log_likelihood - without.log_likelihood > DROP_OUT_PARAMETERS


def nbd_likelihood(parameters: Floats, histories: Histories) -> tuple[float, Floats]:
    """The logarithm of the likelihood, and its gradient by r and alpha."""
    r, alpha = parameters
    x, age, count = histories.frequency, histories.age, histories.customers
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
    by_r = digamma(r + x) - digamma(r) + np.log(alpha) - np.log(alpha + age)
    by_alpha = r / alpha - (r + x) / (alpha + age)
    return float(count @ value), np.array([count @ by_r, count @ by_alpha])
