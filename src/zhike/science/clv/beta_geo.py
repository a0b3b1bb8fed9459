"""BG/NBD and MBG/NBD: customers buy at rates of their own and may leave after each purchase.

Sources: Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2); Batislam,
Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis (modified:
customers may leave after their first purchase too).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betaln, digamma, gammaln, hyp2f1

from zhike.science.clv._likelihood import maximize, standard_errors
from zhike.science.clv.histories import Floats, Histories
from zhike.science.clv.nbd import Nbd, earns_drop_out, fit_nbd

NAMES = ("r", "alpha", "a", "b")
_NEAR_ONE = 1e-4


@dataclass(frozen=True, kw_only=True)
class BetaGeo:
    """r, alpha: shape and rate of the purchase rates, alpha in units of time. a, b: of the probabilities of leaving.

    is_modified: MBG/NBD. log_likelihood: of all customers.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    is_modified: bool = False

    @property
    def name(self) -> str:
        return "MBG/NBD" if self.is_modified else "BG/NBD"

    def standard_errors(self, histories: Histories) -> dict[str, float]:
        """Of the parameters by name, for the histories that they were fitted to."""
        likelihood = _Likelihood(histories, is_modified=self.is_modified)
        return standard_errors(likelihood, {name: getattr(self, name) for name in NAMES})

    def p_alive(self, histories: Histories) -> Floats:
        """The probability that a customer of each history has not left."""
        return 1.0 / (1.0 + self._odds_of_leaving(histories))

    def expected_purchases(self, histories: Histories, *, time: float) -> Floats:
        """Of one customer of each history, within that time after the end.

        The formula has a gap at a = 1, where its limit is taken from both sides.
        """
        if abs(self.a - 1) < _NEAR_ONE:
            sides = [replace(self, a=1 + 2 * _NEAR_ONE), replace(self, a=1 - 2 * _NEAR_ONE)]
            below, above = (side.expected_purchases(histories, time=time) for side in sides)
            return (below + above) / 2
        x, until = histories.frequency, self.alpha + histories.age
        b = self.b + x + self.is_modified
        total = self.a + b - 1
        share = hyp2f1(self.r + x, b, total, time / (until + time)) * (until / (until + time)) ** (self.r + x)
        lasting: Floats = total / (self.a - 1) * (1 - share)
        return lasting / (1 + self._odds_of_leaving(histories))

    def _odds_of_leaving(self, histories: Histories) -> Floats:
        """Left against not."""
        x = histories.frequency
        times = (self.alpha + histories.age) / (self.alpha + histories.recency)
        with np.errstate(over="ignore"):
            odds = self.a / np.maximum(self.b + x + self.is_modified - 1, 1e-300) * times ** (self.r + x)
        return odds if self.is_modified else np.where(x > 0, odds, 0.0)


def fit_beta_geo(histories: Histories, *, is_modified: bool = False) -> BetaGeo | Nbd:
    """The parameters of the highest likelihood; where drop-out does not earn its parameters, NBD, which says so.

    The cost is that of distinct histories, however many customers share them.

    :raises zhike.science.clv.histories.NotIdentified: nobody bought again
    """
    without = fit_nbd(histories)
    likelihood = _Likelihood(histories, is_modified=is_modified)
    starts = [(without.r, without.alpha, 1.0, 3.0), (without.r, without.alpha, 0.1, 3.0)]
    (r, alpha, a, b), value = maximize(likelihood, starts=starts)
    found = BetaGeo(
        r=float(r), alpha=float(alpha), a=float(a), b=float(b), log_likelihood=value, is_modified=is_modified
    )
    return found if earns_drop_out(value, without) else replace(without, boundary_of=found.name)


class _Likelihood:
    """Its logarithm and gradient; special functions are asked for once a frequency, logarithms once a day."""

    def __init__(self, histories: Histories, *, is_modified: bool) -> None:
        self._shift = int(is_modified)
        self._x, self._of_x = np.unique(histories.frequency, return_inverse=True)
        self._age, self._of_age = np.unique(histories.age, return_inverse=True)
        self._recency, self._of_recency = np.unique(histories.recency, return_inverse=True)
        self._count = histories.customers.astype(np.float64)
        self._frequency = histories.frequency
        self._may_leave = None if is_modified else histories.frequency > 0
        self._by_x = np.bincount(self._of_x, weights=self._count)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = parameters
        x, shape = self._x, b + self._x + self._shift
        last = shape - 1 if self._shift else np.maximum(shape - 1, 1e-300)
        stays = betaln(a, shape)
        leaves = np.where((x > 0) | bool(self._shift), betaln(a + 1, last), 0.0)
        of_age, of_recency = np.log(alpha + self._age), np.log(alpha + self._recency)
        exponent = r + self._frequency
        here = stays[self._of_x] - exponent * of_age[self._of_age]
        gone = leaves[self._of_x] - exponent * of_recency[self._of_recency]
        if self._may_leave is not None:
            gone = np.where(self._may_leave, gone, -np.inf)
        together = np.logaddexp(here, gone)
        gone_weight = self._count * np.exp(gone - together)
        here_weight = self._count - gone_weight

        customers = self._count.sum()
        fixed = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
        value = float((self._by_x * fixed).sum() + (self._count * together).sum())

        weights_age = np.bincount(self._of_age, weights=here_weight, minlength=len(self._age))
        weights_recency = np.bincount(self._of_recency, weights=gone_weight, minlength=len(self._recency))
        moved_age = np.bincount(self._of_age, weights=here_weight * exponent, minlength=len(self._age))
        moved_recency = np.bincount(self._of_recency, weights=gone_weight * exponent, minlength=len(self._recency))
        by_r = (
            self._by_x @ (digamma(r + x) - digamma(r) + np.log(alpha))
            - weights_age @ of_age
            - weights_recency @ of_recency
        )
        by_alpha = customers * r / alpha
        by_alpha -= moved_age @ (1 / (alpha + self._age)) + moved_recency @ (1 / (alpha + self._recency))

        here_x = np.bincount(self._of_x, weights=here_weight, minlength=len(x))
        gone_x = self._by_x - here_x
        both = digamma(a + b) - digamma(a + shape)
        by_a = self._by_x @ both + (digamma(a + 1) - digamma(a)) * gone_x.sum()
        by_last = np.where(gone_x > 0, digamma(np.maximum(last, 1e-300)), 0.0)
        by_b = self._by_x @ (both - digamma(b)) + here_x @ digamma(shape) + gone_x @ by_last
        return value, np.array([by_r, by_alpha, by_a, by_b])
