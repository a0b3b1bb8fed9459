"""BG/BB: at each of a number of opportunities (a year's appeal, a season) customers buy or not, and may leave after it.

Source: Fader, Hardie and Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting, Marketing
Science 29(6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import betaln, digamma, logsumexp

from zhike.science.clv._likelihood import maximize, standard_errors
from zhike.science.clv.histories import Floats, Histories, HistoryInvalid

NAMES = ("alpha", "beta", "gamma", "delta")


@dataclass(frozen=True, kw_only=True)
class BetaGeoBernoulli:
    """alpha, beta: of the probabilities of buying at an opportunity. gamma, delta: of leaving after it.

    Histories here count opportunities: frequency those taken, recency the last taken, age all there were.
    """

    name: ClassVar[str] = "BG/BB"
    alpha: float
    beta: float
    gamma: float
    delta: float
    log_likelihood: float

    def standard_errors(self, histories: Histories) -> dict[str, float]:
        """Of the parameters by name, for the histories that they were fitted to."""
        fitted = {name: getattr(self, name) for name in NAMES}
        return standard_errors(lambda at: beta_geo_bernoulli_likelihood(at, histories), fitted)

    def p_alive(self, histories: Histories) -> Floats:
        """The probability that a customer of each history is there at the next opportunity."""
        return np.exp(self._here_after(histories, 1) + self._taken(histories, 0) - self._whole(histories))

    def expected_purchases(self, histories: Histories, *, time: float) -> Floats:
        """Of one customer of each history at that many next opportunities, a whole number."""
        whole, taken = self._whole(histories), self._taken(histories, 1)
        found = np.zeros(len(histories.frequency))
        for opportunity in range(1, int(time) + 1):
            found += np.exp(self._here_after(histories, opportunity) + taken - whole)
        return found

    def _here_after(self, histories: Histories, more: int) -> Floats:
        there: Floats = betaln(self.gamma, self.delta + histories.age + more) - betaln(self.gamma, self.delta)
        return there

    def _taken(self, histories: Histories, more: int) -> Floats:
        x = histories.frequency
        taken: Floats = betaln(self.alpha + x + more, self.beta + histories.age - x) - betaln(self.alpha, self.beta)
        return taken

    def _whole(self, histories: Histories) -> Floats:
        whole: Floats = logsumexp(_terms(self._parameters, histories)[0], axis=1)
        return whole - float(betaln(self.alpha, self.beta) + betaln(self.gamma, self.delta))

    @property
    def _parameters(self) -> Floats:
        return np.array([self.alpha, self.beta, self.gamma, self.delta])


def fit_beta_geo_bernoulli(histories: Histories) -> BetaGeoBernoulli:
    """The parameters of the highest likelihood.

    :raises zhike.science.clv.histories.HistoryInvalid: recency or age are not whole, or more was taken than there was
    :raises zhike.science.clv.histories.NotIdentified: nobody took an opportunity
    """
    histories.check_identified()
    if not all(np.array_equal(counted, np.floor(counted)) for counted in (histories.recency, histories.age)):
        raise HistoryInvalid("opportunities are counted in whole numbers")
    if (histories.frequency > histories.recency).any():
        raise HistoryInvalid("more was taken than there was until the last that was taken")
    starts = [(1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 0.5, 5.0)]
    (alpha, beta, gamma, delta), value = maximize(
        lambda at: beta_geo_bernoulli_likelihood(at, histories), starts=starts
    )
    return BetaGeoBernoulli(
        alpha=float(alpha), beta=float(beta), gamma=float(gamma), delta=float(delta), log_likelihood=value
    )


def beta_geo_bernoulli_likelihood(parameters: Floats, histories: Histories) -> tuple[float, Floats]:
    """The logarithm of the likelihood, and its gradient by alpha, beta, gamma and delta."""
    alpha, beta, gamma, delta = parameters
    terms, missed, stayed, is_gone = _terms(parameters, histories)
    x, count = histories.frequency, histories.customers
    together = logsumexp(terms, axis=1)
    weights = np.exp(terms - together[:, None])
    value = count @ (together - betaln(alpha, beta) - betaln(gamma, delta))

    taken = (alpha + x)[:, None]
    both, left = digamma(taken + beta + missed), digamma(gamma + is_gone + delta + stayed)
    by_alpha = (weights * (digamma(taken) - both)).sum(axis=1) - digamma(alpha) + digamma(alpha + beta)
    by_beta = (weights * (digamma(beta + missed) - both)).sum(axis=1) - digamma(beta) + digamma(alpha + beta)
    by_gamma = (weights * (digamma(gamma + is_gone) - left)).sum(axis=1) - digamma(gamma) + digamma(gamma + delta)
    by_delta = (weights * (digamma(delta + stayed) - left)).sum(axis=1) - digamma(delta) + digamma(gamma + delta)
    return float(value), np.array([count @ by_alpha, count @ by_beta, count @ by_gamma, count @ by_delta])


def _terms(parameters: Floats, histories: Histories) -> tuple[Floats, Floats, Floats, Floats]:
    """Logarithms of how likely a history is with the customer still there (first column), or gone after each
    opportunity since the last that was taken; and for each the opportunities missed, and stayed for, and 1 if gone."""
    alpha, beta, gamma, delta = parameters
    x, last, age = histories.frequency[:, None], histories.recency[:, None], histories.age[:, None]
    since = np.arange(int((age - last).max(initial=0)))[None, :]
    after: Floats = np.concatenate([age, np.minimum(last + since, age)], axis=1)
    is_gone = np.concatenate([np.zeros((1, 1)), np.ones((1, since.shape[1]))], axis=1)
    can_be = np.concatenate([np.ones_like(age, bool), since < age - last], axis=1)
    missed: Floats = after - x
    terms = betaln(alpha + x, beta + missed) + betaln(gamma + is_gone, delta + after)
    return np.where(can_be, terms, -np.inf), missed, after, is_gone
