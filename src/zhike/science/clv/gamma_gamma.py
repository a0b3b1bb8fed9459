"""Gamma-Gamma: what customers spend a purchase varies around a mean of their own; the means differ between them.

Source: Fader, Hardie and Lee (2005), RFM and CLV, Journal of Marketing Research 42(4). Spending has to be independent
of how often a customer buys, which :func:`frequency_correlation` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import digamma, gammaln

from zhike.science.clv._likelihood import maximize, standard_errors
from zhike.science.clv.histories import Floats, HistoryInvalid, NotIdentified

NAMES = ("p", "q", "v")


@dataclass(frozen=True, kw_only=True)
class Spending:
    """purchases: of each customer, at least 1. mean: of what these purchases cost, above 0, in one currency."""

    purchases: Floats
    mean: Floats

    def __post_init__(self) -> None:
        if len(self.purchases) != len(self.mean):
            raise HistoryInvalid("columns of different lengths")
        if not (np.isfinite(self.purchases).all() and np.isfinite(self.mean).all()):
            raise HistoryInvalid("purchases and mean have to be numbers")
        if (self.purchases < 1).any() or (self.mean <= 0).any():
            raise HistoryInvalid("only customers with purchases, for more than nothing, tell what customers spend")

    @classmethod
    def of(cls, purchases: Any, mean: Any) -> Spending:
        return cls(purchases=np.asarray(purchases, dtype=np.float64), mean=np.asarray(mean, dtype=np.float64))


@dataclass(frozen=True, kw_only=True)
class GammaGamma:
    """p: shape of a customer's purchases. q, v: shape and scale of what differs between customers, v in currency."""

    p: float
    q: float
    v: float
    log_likelihood: float

    def standard_errors(self, spending: Spending) -> dict[str, float]:
        """Of the parameters by name, for the spending that they were fitted to."""
        fitted = {name: getattr(self, name) for name in NAMES}
        return standard_errors(lambda at: gamma_gamma_likelihood(at, spending), fitted)

    def expected_mean(self, purchases: Any, mean: Any) -> Floats:
        """What a purchase of the customer will cost on average; where there were none, what it does of anybody.

        Between their own mean and everybody's, the nearer to their own the more they bought. NaN where q is not above
        1, for then everybody's has no mean, and the customer has no purchases.
        """
        x, z = np.asarray(purchases, dtype=np.float64), np.asarray(mean, dtype=np.float64)
        weight = self.p * x + self.q - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.p * (self.v + x * np.where(x > 0, z, 0.0)) / weight
        return np.where(weight > 0, found, np.nan)


def fit_gamma_gamma(spending: Spending) -> GammaGamma:
    """:raises zhike.science.clv.histories.NotIdentified: nobody's purchases, or of less than two different means"""
    if len(np.unique(spending.mean)) < 2:
        raise NotIdentified("what customers spend does not differ")
    middle = float(np.median(spending.mean))
    starts = [(1.0, 2.0, middle), (5.0, 4.0, middle / 2), (0.5, 5.0, middle * 8)]
    (p, q, v), value = maximize(lambda at: gamma_gamma_likelihood(at, spending), starts=starts)
    return GammaGamma(p=float(p), q=float(q), v=float(v), log_likelihood=value)


def gamma_gamma_likelihood(parameters: Floats, spending: Spending) -> tuple[float, Floats]:
    """The logarithm of the likelihood, and its gradient by p, q and v."""
    p, q, v = parameters
    x, z = spending.purchases, spending.mean
    bought, place = np.unique(x, return_inverse=True)
    count = np.bincount(place)
    logs, all_spent = np.log(z), np.log(v + z * x)
    of_count = gammaln(p * bought + q) - gammaln(p * bought) + p * bought * np.log(bought)
    value = (
        count @ of_count + len(x) * (q * np.log(v) - gammaln(q)) + ((p * x - 1) * logs - (p * x + q) * all_spent).sum()
    )
    by_p = count @ (bought * (digamma(p * bought + q) - digamma(p * bought) + np.log(bought)))
    by_p += (x * (logs - all_spent)).sum()
    by_q = count @ (digamma(p * bought + q)) - len(x) * (digamma(q) - np.log(v)) - all_spent.sum()
    by_v = len(x) * q / v - ((p * x + q) / (v + z * x)).sum()
    return float(value), np.array([by_p, by_q, by_v])


def frequency_correlation(spending: Spending) -> float:
    """Of purchases and their mean, over customers (Pearson). Far from 0, the model's assumption does not hold."""
    if len(spending.mean) < 2 or not (np.std(spending.mean) and np.std(spending.purchases)):
        return 0.0
    return float(np.corrcoef(spending.purchases, spending.mean)[0, 1])
