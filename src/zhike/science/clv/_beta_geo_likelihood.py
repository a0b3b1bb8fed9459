"""The likelihood of BG/NBD and MBG/NBD with its gradient, also where customers differ by what is known of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import betaln, digamma, gammaln

from zhike.science.clv.histories import Floats, Histories, Integers

_LEAST = 1e-300


class BetaGeoLikelihood:
    """Its logarithm and gradient; special functions are asked for once a frequency, logarithms once a day.

    pattern: of each history, the place of its parameters; without, all have the same.
    """

    def __init__(self, histories: Histories, *, is_modified: bool, pattern: Integers | None = None) -> None:
        of = np.zeros(len(histories.frequency), np.int64) if pattern is None else pattern
        self._patterns = int(of.max(initial=0)) + 1
        self._shift = int(is_modified)
        self._x, self._x_pattern, self._of_x = _distinct(histories.frequency, of)
        self._age, self._age_pattern, self._of_age = _distinct(histories.age, of)
        self._recency, self._recency_pattern, self._of_recency = _distinct(histories.recency, of)
        self._count = histories.customers.astype(np.float64)
        self._frequency = histories.frequency
        self._may_leave = None if is_modified else histories.frequency > 0
        self._by_x = np.bincount(self._of_x, weights=self._count)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        """Of r, alpha, a and b, the same for everybody."""
        r, alpha, a, b = parameters
        everywhere = np.ones(self._patterns)
        value, by_r, *others = self.by_pattern(r, alpha * everywhere, a * everywhere, b * everywhere)
        return value, np.array([by_r, *(other.sum() for other in others)])

    def by_pattern(self, r: float, alpha: Floats, a: Floats, b: Floats) -> tuple[float, float, Floats, Floats, Floats]:
        """Of one r, and of alpha, a and b of each pattern; the gradient by r, and by the others for each pattern."""
        x, its_a, its_b = self._x, a[self._x_pattern], b[self._x_pattern]
        shape = its_b + x + self._shift
        last = shape - 1 if self._shift else np.maximum(shape - 1, _LEAST)
        stays = betaln(its_a, shape)
        leaves = np.where((x > 0) | bool(self._shift), betaln(its_a + 1, last), 0.0)
        until_age, until_recency = alpha[self._age_pattern] + self._age, alpha[self._recency_pattern] + self._recency
        of_age, of_recency = np.log(until_age), np.log(until_recency)
        exponent = r + self._frequency
        here = stays[self._of_x] - exponent * of_age[self._of_age]
        gone = leaves[self._of_x] - exponent * of_recency[self._of_recency]
        if self._may_leave is not None:
            gone = np.where(self._may_leave, gone, -np.inf)
        together = np.logaddexp(here, gone)
        gone_weight = self._count * np.exp(gone - together)
        here_weight = self._count - gone_weight

        of_alpha = np.log(alpha)[self._x_pattern]
        fixed = gammaln(r + x) - gammaln(r) + r * of_alpha - betaln(its_a, its_b)
        value = float((self._by_x * fixed).sum() + (self._count * together).sum())

        weights_age = np.bincount(self._of_age, weights=here_weight, minlength=len(self._age))
        weights_recency = np.bincount(self._of_recency, weights=gone_weight, minlength=len(self._recency))
        moved_age = np.bincount(self._of_age, weights=here_weight * exponent, minlength=len(self._age))
        moved_recency = np.bincount(self._of_recency, weights=gone_weight * exponent, minlength=len(self._recency))
        by_r = float(
            self._by_x @ (digamma(r + x) - digamma(r) + of_alpha) - weights_age @ of_age - weights_recency @ of_recency
        )
        by_alpha = self._sum(self._x_pattern, self._by_x) * r / alpha
        by_alpha -= self._sum(self._age_pattern, moved_age / until_age)
        by_alpha -= self._sum(self._recency_pattern, moved_recency / until_recency)

        here_x = np.bincount(self._of_x, weights=here_weight, minlength=len(x))
        gone_x = self._by_x - here_x
        both = digamma(its_a + its_b) - digamma(its_a + shape)
        by_a = self._sum(self._x_pattern, self._by_x * both + (digamma(its_a + 1) - digamma(its_a)) * gone_x)
        by_last = np.where(gone_x > 0, digamma(np.maximum(last, _LEAST)), 0.0)
        by_b = self._by_x * (both - digamma(its_b)) + here_x * digamma(shape) + gone_x * by_last
        return value, by_r, by_alpha, by_a, self._sum(self._x_pattern, by_b)

    def _sum(self, pattern: Integers, values: Floats) -> Floats:
        return np.bincount(pattern, weights=values, minlength=self._patterns)


def _distinct(values: Any, pattern: Integers) -> tuple[Any, Integers, Integers]:
    """Distinct values within each pattern: them, whose they are, and of each history the place of its own."""
    distinct, of = np.unique(values, return_inverse=True)
    if not pattern.any():
        return distinct, np.zeros(len(distinct), np.int64), of
    pairs, place = np.unique(pattern * len(distinct) + of, return_inverse=True)
    return distinct[pairs % len(distinct)], pairs // len(distinct), place
