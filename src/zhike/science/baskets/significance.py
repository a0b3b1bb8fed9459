"""How likely so many baskets with both sides would be by chance, and how many such findings are false."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import digamma, gammaln

type Floats = np.ndarray[Any, np.dtype[np.float64]]

_NEGLIGIBLE = 1e-17


def fisher_greater(both: Any, first: Any, second: Any, total: Any) -> Floats:
    """Fisher's exact test of each table, one-sided: the chance of at least `both` with these margins.

    both: baskets with both sides. first, second: with either; total: all. Arrays of one length.
    A chance below the smallest float is 0. Source: Fisher (1935); for rules, Hahsler and Hornik (2007).

    >>> fisher_greater([3], [4], [4], [8]).round(4).tolist()
    [0.2429]
    """
    both, first, second, total = (
        np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in np.broadcast_arrays(both, first, second, total)
    )
    rest = total - first - second
    is_above = both * (total + 2) >= (first + 1) * (second + 1) - total - 2
    start = np.where(is_above, both, both - 1)  # the tail that does not hold the mode is summed
    limit = np.where(is_above, np.minimum(first, second), np.maximum(0.0, -rest))
    is_empty = np.where(is_above, start > limit, start < limit)
    tail = _tail(start, first, second, rest, limit, is_above)
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):
        chance = np.exp(_log_chance(start, first, second, total)) * tail
    chance = np.where(is_empty, 0.0, np.minimum(1.0, chance))
    found: Floats = np.where(is_above, chance, 1.0 - chance)
    return found


def false_discovery(ps: Any, *, hypotheses: int | None = None, is_dependent: bool = False) -> Floats:
    """Each p-value as the share of false findings among all that are at least as certain as it.

    hypotheses: how many were looked at, where more than those whose p-values are handed in; the others count as not
    found. is_dependent: whatever the tests have to do with one another (Benjamini and Yekutieli 2001); else as if they
    were independent or positively dependent (Benjamini and Hochberg 1995).

    :raises ValueError: fewer hypotheses than p-values
    """
    ps = np.asarray(ps, dtype=np.float64)
    count = len(ps) if hypotheses is None else hypotheses
    if count < len(ps):
        raise ValueError(f"{len(ps)} p-values of {count} hypotheses")
    if not len(ps):
        return np.zeros(0)
    factor = float(digamma(count + 1) - digamma(1)) if is_dependent else 1.0  # 1 + 1/2 + … + 1/count
    in_order = np.argsort(ps, kind="stable")
    scaled = ps[in_order] * count * factor / np.arange(1, len(ps) + 1)
    found: Floats = np.empty(len(ps))
    found[in_order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return found


def _log_chance(both: Floats, first: Floats, second: Floats, total: Floats) -> Floats:
    """Of exactly that table."""
    found: Floats = _log_choose(first, both) + _log_choose(total - first, second - both) - _log_choose(total, second)
    return found


def _log_choose(n: Floats, k: Floats) -> Floats:
    found: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return found


def _tail(start: Floats, first: Floats, second: Floats, rest: Floats, limit: Floats, is_above: Any) -> Floats:
    """The sum from start to limit in terms of the first summand, by the ratios of neighbours."""
    total = np.ones_like(start)
    term, at = np.ones_like(start), start.copy()
    left = np.flatnonzero(np.where(is_above, start < limit, start > limit))
    while len(left):
        k, n, m, other = at[left], first[left], second[left], rest[left]
        up = is_above[left]
        ratio = np.where(up, (n - k) * (m - k) / ((k + 1) * (other + k + 1)), k * (other + k))
        down = ~up
        ratio[down] /= (n - k + 1)[down] * (m - k + 1)[down]
        term[left] *= ratio
        total[left] += term[left]
        at[left] += np.where(up, 1.0, -1.0)
        goes_on = (term[left] > _NEGLIGIBLE * total[left]) & (at[left] != limit[left])
        left = left[goes_on]
    return total
