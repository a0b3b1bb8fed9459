"""Intervals that stay true while one keeps looking: asymptotic confidence sequences.

Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and asymptotic confidence
sequences (2024), theorem 2.2 and its appendix on tuning; with rows of both arms as time, as GrowthBook has it.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np


def mixing(*, tuning: float, level: float) -> float:
    """The width of the mixture for which the interval is narrowest after that many rows.

    :raises ValueError: no rows, or a level that is not between 0 and 1
    """
    if not (tuning > 0 and 0 < level < 1):
        raise ValueError(f"rows above 0 and a level between 0 and 1: {tuning}, {level}")
    surprise = -2 * log(1 - level)
    return sqrt((surprise + log(surprise + 1)) / tuning)


def always_valid_half_width(standard_error: Any, count: Any, *, tuning: float, level: float) -> Any:
    """Half the width of the interval after each number of rows, by the standard error after as many.

    standard_error, count: numbers or arrays.
    """
    spread = np.square(mixing(tuning=tuning, level=level)) * count
    return standard_error * np.sqrt((spread + 1) / spread * (np.log(spread + 1) - 2 * log(1 - level)))


def always_valid_p(value: float, standard_error: float, count: int, *, tuning: float, level: float) -> float:
    """The least error rate at which an interval of the same mixture holds no 0; at most 1."""
    spread = mixing(tuning=tuning, level=level) ** 2 * count
    exponent = log(spread + 1) / 2 - (value / standard_error) ** 2 * spread / (spread + 1) / 2
    return float(np.exp(min(0.0, exponent)))
