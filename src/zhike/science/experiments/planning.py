"""How large an experiment has to be: power, size and what can be detected, by the t-test's own distribution.

Source: Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, sqrt

from scipy import optimize, stats

LARGEST = 10**12
_FAR = 6.0  # standard errors: less than 1e-15 is on the other side


class NotReachable(ArithmeticError):
    """No number of rows has that power, or no effect can be seen in so few."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is known before the experiment.

    variance: of the metric in one arm; p (1 - p) for a share p. explained: share of it that covariates explain, the
    square of their correlation with the metric. treated: share of the rows that are treated. error: two-sided.

    :raises ValueError: figures out of their range
    """

    variance: float
    explained: float = 0.0
    treated: float = 0.5
    error: float = 0.05

    def __post_init__(self) -> None:
        if not (self.variance > 0 and 0 <= self.explained < 1 and 0 < self.treated < 1 and 0 < self.error < 1):
            raise ValueError(f"figures out of their range: {self}")

    def power(self, effect: float, *, rows: float) -> float:
        """The chance to find a difference of that size with that many rows, both arms together.

        :raises ValueError: fewer than four rows
        """
        if rows < 4:
            raise ValueError(f"four rows at least: {rows}")
        noise = sqrt(self.variance * (1 - self.explained) / (rows * self.treated * (1 - self.treated)))
        degrees = rows - 2
        limit = stats.t.ppf(1 - self.error / 2, degrees)
        away = abs(effect) / noise
        found = float(stats.nct.sf(limit, degrees, away))
        # The wrong side is so unlikely from there on that SciPy computes no number for it.
        return found if away > _FAR else found + float(stats.nct.cdf(-limit, degrees, away))

    def rows(self, effect: float, *, power: float = 0.8) -> int:
        """The least number of rows, both arms together, that finds the effect with that power.

        :raises NotReachable: no effect, or more rows than there will ever be
        :raises ValueError: a power that chance alone has, or certainty
        """
        self._check_power(power)
        if not effect or self.power(effect, rows=LARGEST) < power:
            raise NotReachable(f"an effect of {effect} is not found by {LARGEST} rows")
        low, high = 4, LARGEST
        while low < high:
            middle = (low + high) // 2
            if self.power(effect, rows=middle) >= power:
                high = middle
            else:
                low = middle + 1
        return low

    def detectable(self, *, rows: int, power: float = 0.8) -> float:
        """The least effect that so many rows find with that power.

        :raises ValueError: fewer than four rows, a power that chance alone has, or certainty
        """
        self._check_power(power)
        scale = sqrt(self.variance)
        highest = 1.0
        while self.power(highest * scale, rows=rows) < power:
            highest *= 2
        found = optimize.brentq(lambda size: self.power(size * scale, rows=rows) - power, 0, highest, xtol=1e-12)
        return float(found * scale)

    def _check_power(self, power: float) -> None:
        if not self.error < power < 1:
            raise ValueError(f"a power above {self.error}, which chance has, and below 1: {power}")

    def with_covariates(self, correlation: float) -> Plan:
        """The same, with a covariate that correlates so with the metric."""
        return replace(self, explained=correlation**2)


def days_needed(rows: int, *, rows_a_day: float) -> int:
    """Whole weeks, in days, so that every day of the week counts as often.

    :raises NotReachable: no rows come
    """
    if not rows_a_day > 0:
        raise NotReachable(f"{rows_a_day} rows a day")
    return 7 * ceil(rows / rows_a_day / 7)
