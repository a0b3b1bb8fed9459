"""Latent classes: customers grouped by qualities that, within a class, have nothing to do with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from zhike.science.propensity.inputs import Floats, Integers
from zhike.science.segments.methods import NotConverged, check_enough

_LEAST = 1e-10  # of a probability, so that its logarithm is a number
_PRECISION = 1e-8  # of the log-likelihood, for each customer


@dataclass(frozen=True, kw_only=True)
class LatentClasses:
    """A mixture of independent qualities, by EM on distinct patterns with their counts, the best of `starts`.

    Sources: Lazarsfeld and Henry (1968); Goodman (1974).
    """

    segments: int
    starts: int = 10
    rounds: int = 5_000
    takes_qualities: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return f"latent classes, {self.segments}"

    def fit(self, rows: Floats, weights: Floats, *, seed: int) -> LatentClassModel:
        """rows: places of levels, from 0 on; below 0 is missing and tells nothing.

        :raises TooFewCustomers: there are fewer patterns than classes
        :raises NotConverged: no start settled within the rounds
        """
        check_enough(rows, self.segments)
        chance = np.random.default_rng(seed)
        indicators, levels = _indicators(rows)
        fits = [self._climb(indicators, levels, weights, chance) for _ in range(self.starts)]
        settled = [fit for fit in fits if fit is not None]
        if not settled:
            raise NotConverged(f"{self.name}: not settled after {self.rounds} rounds")
        return max(settled, key=lambda fit: fit.log_likelihood)

    def _climb(
        self, indicators: Floats, levels: tuple[int, ...], weights: Floats, chance: np.random.Generator
    ) -> LatentClassModel | None:
        belonging = chance.dirichlet(np.ones(self.segments), size=len(indicators))
        before = -np.inf
        for _ in range(self.rounds):
            held = belonging * weights[:, None]
            share = np.clip(held.sum(axis=0) / weights.sum(), _LEAST, None)
            probabilities = _shares(held.T @ indicators, levels)
            joint = np.log(share) + indicators @ np.log(probabilities).T
            own = logsumexp(joint, axis=1)
            belonging = np.exp(joint - own[:, None])
            likelihood = float(weights @ own)
            if likelihood - before < _PRECISION * max(1.0, weights.sum()) / 100:
                return LatentClassModel(
                    share=share,
                    levels=levels,
                    probabilities=probabilities,
                    log_likelihood=likelihood,
                    customer_count=int(weights.sum()),
                )
            before = likelihood
        return None


@dataclass(frozen=True, kw_only=True)
class LatentClassModel:
    """share: of each class. probabilities: a row for each class, a column for each level of each quality in turn."""

    share: Floats
    levels: tuple[int, ...]
    probabilities: Floats
    log_likelihood: float
    customer_count: int

    @property
    def parameter_count(self) -> int:
        return len(self.share) * sum(count - 1 for count in self.levels) + len(self.share) - 1

    @property
    def bic(self) -> float:
        return -2 * self.log_likelihood + self.parameter_count * float(np.log(self.customer_count))

    def belonging(self, rows: Floats) -> Floats:
        """The probability of each class for each row."""
        indicators, _ = _indicators(rows, self.levels)
        joint = np.log(self.share) + indicators @ np.log(self.probabilities).T
        return np.asarray(np.exp(joint - logsumexp(joint, axis=1, keepdims=True)))

    def assign(self, rows: Floats) -> Integers:
        return np.asarray(self.belonging(rows).argmax(axis=1), dtype=np.int64)


def _indicators(rows: Floats, levels: tuple[int, ...] | None = None) -> tuple[Floats, tuple[int, ...]]:
    counts = levels or tuple(int(column.max()) + 1 for column in rows.T)
    columns = [column[:, None] == np.arange(count) for column, count in zip(rows.T, counts, strict=True)]
    return np.hstack(columns).astype(float), counts


def _shares(totals: Floats, levels: tuple[int, ...]) -> Floats:
    parts = np.split(totals, np.cumsum(levels)[:-1], axis=1)
    shares = [part / np.maximum(part.sum(axis=1, keepdims=True), _LEAST) for part in parts]
    return np.clip(np.hstack(shares), _LEAST, None)
