"""BG/NBD and MBG/NBD: customers buy at rates of their own and may leave after each purchase.

Sources: Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2); Batislam,
Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis (modified:
customers may leave after their first purchase too).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import betaincinv, hyp2f1

from zhike.science.clv._beta_geo_likelihood import BetaGeoLikelihood
from zhike.science.clv._likelihood import maximize, standard_errors
from zhike.science.clv.histories import Floats, Histories
from zhike.science.clv.nbd import Nbd, earns_drop_out, fit_nbd

NAMES = ("r", "alpha", "a", "b")
_NEAR_ONE = 1e-4
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


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
        likelihood = BetaGeoLikelihood(histories, is_modified=self.is_modified)
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
        with np.errstate(over="ignore", invalid="ignore"):
            share = hyp2f1(self.r + x, b, total, time / (until + time)) * (until / (until + time)) ** (self.r + x)
            lasting: Floats = total / (self.a - 1) * (1 - share)
        # Of parameters far out, such as those of hardly any data, the series overflows.
        lost = ~(np.isfinite(lasting) & (lasting >= 0))
        if lost.any():
            lasting[lost] = _while_here(self.a, b[lost], self.r + x[lost], time / until[lost])
        return lasting / (1 + self._odds_of_leaving(histories))

    def _odds_of_leaving(self, histories: Histories) -> Floats:
        """Left against not."""
        x = histories.frequency
        times = (self.alpha + histories.age) / (self.alpha + histories.recency)
        with np.errstate(over="ignore"):
            odds = self.a / np.maximum(self.b + x + self.is_modified - 1, 1e-300) * times ** (self.r + x)
        return odds if self.is_modified else np.where(x > 0, odds, 0.0)


def _while_here(a: float, b: Any, shape: Any, times: Any) -> Floats:
    """Purchases to expect of somebody who is here: the mean of (1 - exp(-rate p time)) / p over rates and leaving.

    Rates follow a gamma distribution, whose mean is closed; p follows a beta, whose mean is taken by quadrature.
    """
    leaves = np.maximum(betaincinv(a, b[:, None], (_NODES + 1) / 2), 1e-12)
    bought: Floats = (-np.expm1(-shape[:, None] * np.log1p(leaves * times[:, None])) / leaves) @ _WEIGHTS / 2
    return bought


def fit_beta_geo(histories: Histories, *, is_modified: bool = False) -> BetaGeo | Nbd:
    """The parameters of the highest likelihood; where drop-out does not earn its parameters, NBD, which says so.

    The cost is that of distinct histories, however many customers share them.

    :raises zhike.science.clv.histories.NotIdentified: nobody bought again
    """
    without = fit_nbd(histories)
    likelihood = BetaGeoLikelihood(histories, is_modified=is_modified)
    starts = [(without.r, without.alpha, 1.0, 3.0), (without.r, without.alpha, 0.1, 3.0)]
    (r, alpha, a, b), value = maximize(likelihood, starts=starts)
    found = BetaGeo(
        r=float(r), alpha=float(alpha), a=float(a), b=float(b), log_likelihood=value, is_modified=is_modified
    )
    return found if earns_drop_out(value, without) else replace(without, boundary_of=found.name)
