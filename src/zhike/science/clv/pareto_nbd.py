"""Pareto/NBD: customers buy at rates of their own until they leave, at a time that their purchases do not decide.

Source: Schmittlein, Morrison and Colombo (1987), Counting Your Customers: Who Are They and What Will They Do Next?,
Management Science 33(1). The likelihood is the integral over when they left, by Gauss-Legendre quadrature, instead of
the difference of hypergeometric functions, which cancels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.special import digamma, gammaln, logsumexp

from zhike.science.clv._likelihood import maximize, standard_errors
from zhike.science.clv.histories import Floats, Histories
from zhike.science.clv.nbd import Nbd, earns_drop_out, fit_nbd

NAMES = ("r", "alpha", "s", "beta")
NODES = 48
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(NODES)


@dataclass(frozen=True, kw_only=True)
class ParetoNbd:
    """r, alpha: shape and rate of how often customers buy. s, beta: of how soon they leave, both in units of time."""

    name: ClassVar[str] = "Pareto/NBD"
    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float

    def standard_errors(self, histories: Histories) -> dict[str, float]:
        """Of the parameters by name, for the histories that they were fitted to."""
        fitted = {name: getattr(self, name) for name in NAMES}
        return standard_errors(lambda at: pareto_nbd_likelihood(at, histories), fitted)

    def p_alive(self, histories: Histories) -> Floats:
        """The probability that a customer of each history has not left."""
        here, gone = _here_and_gone(self._parameters, histories)[:2]
        return np.exp(here - np.logaddexp(here, gone))

    def expected_purchases(self, histories: Histories, *, time: float) -> Floats:
        """Of one customer of each history, within that time after the end."""
        until = self.beta + histories.age
        longer = np.log1p(time / until)
        # (1 - exp(-(s - 1) longer)) / (s - 1), which at s = 1 is its limit.
        lasts = longer if self.s == 1 else -np.expm1(-(self.s - 1) * longer) / (self.s - 1)
        rate = (self.r + histories.frequency) / (self.alpha + histories.age)
        return self.p_alive(histories) * rate * until * lasts

    @property
    def _parameters(self) -> Floats:
        return np.array([self.r, self.alpha, self.s, self.beta])


def fit_pareto_nbd(histories: Histories) -> ParetoNbd | Nbd:
    """The parameters of the highest likelihood; where drop-out does not earn its parameters, NBD, which says so.

    :raises zhike.science.clv.histories.NotIdentified: nobody bought again
    """
    without = fit_nbd(histories)
    span = float(histories.customers @ histories.age) / histories.customer_count
    starts = [(without.r, without.alpha, 0.6, span / 3), (without.r, without.alpha, 1.0, span)]
    (r, alpha, s, beta), value = maximize(lambda at: pareto_nbd_likelihood(at, histories), starts=starts)
    if not earns_drop_out(value, without):
        return replace(without, boundary_of=ParetoNbd.name)
    return ParetoNbd(r=float(r), alpha=float(alpha), s=float(s), beta=float(beta), log_likelihood=value)


def pareto_nbd_likelihood(parameters: Floats, histories: Histories) -> tuple[float, Floats]:
    """The logarithm of the likelihood, and its gradient by r, alpha, s and beta."""
    r, alpha, s, beta = parameters
    x, age, count = histories.frequency, histories.age, histories.customers
    here, gone, inside, left = _here_and_gone(parameters, histories)
    together = np.logaddexp(here, gone)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + together
    here_weight, gone_weight = np.exp(here - together), np.exp(gone - together)
    # How the integral moves: the mean, over when they may have left, of how its terms move.
    mean = np.exp(inside - gone[:, None])
    of_rate, of_leaving = np.log(alpha + left), np.log(beta + left)

    def moved(at_end: Floats, while_gone: Floats) -> Floats:
        return here_weight * at_end + gone_weight * (mean * while_gone).sum(axis=1)

    by_r = digamma(r + x) - digamma(r) + np.log(alpha) + moved(-np.log(alpha + age), -of_rate)
    by_alpha = r / alpha - (r + x) * moved(1 / (alpha + age), 1 / (alpha + left))
    by_s = np.log(beta) + moved(-np.log(beta + age), 1 / s - of_leaving)
    by_beta = s / beta - moved(s / (beta + age), (s + 1) / (beta + left))
    return float(count @ value), np.array([count @ by_r, count @ by_alpha, count @ by_s, count @ by_beta])


def _here_and_gone(parameters: Floats, histories: Histories) -> tuple[Floats, Floats, Floats, Floats]:
    """Logarithms of how likely a history is with the customer here, and gone; of the latter's terms; when they left.

    The last two have a row for each history and a column for each node.
    """
    r, alpha, s, beta = parameters
    power = (r + histories.frequency)[:, None]
    here = -power[:, 0] * np.log(alpha + histories.age) - s * np.log(beta + histories.age)
    # Nodes are equally spread in the logarithm of alpha + time, in which the integrand falls off as one exponential.
    low, high = np.log(alpha + histories.recency), np.log(alpha + histories.age)
    half = (high - low) / 2
    place = (low + half)[:, None] + half[:, None] * _NODES
    left = np.exp(place) - alpha
    width = np.log(np.maximum(half, 1e-300))[:, None]  # nothing, where the last purchase was at the end
    inside = np.log(s) - (power - 1) * place - (s + 1) * np.log(beta + left) + np.log(_WEIGHTS) + width
    return here, logsumexp(inside, axis=1), inside, left
