"""In what two groups differ: how much, how certainly, and how many such findings are by chance.

Everything is told on one scale. Of a quality (has it or not) and of a quantity alike, `delta` is how much likelier it
is that one of the first group has more of it than one of the second, than the other way round: for shares their
difference, for quantities Cliff's delta. `effect` is Cohen's h, which weighs the difference between 1 % and 3 % more
than that between 49 % and 51 %; of a quantity it is that of two shares as far apart, on either side of a half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, erfc, exp, inf, lgamma, log, sqrt

SMALL, MEDIUM, LARGE = 0.2, 0.5, 0.8  # of |effect|: Cohen (1988)
Z = 1.959963984540054  # of a 95 % interval
FEW = 5  # expected in a cell; below, the test is exact
_EPSILON = 1e-7


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """delta: -1 to 1, with its 95 % interval low … high. effect: Cohen's h, -π to π. p: two-sided.

    odds_ratio: of shares, with its 95 % interval; None for quantities.
    """

    delta: float
    low: float
    high: float
    effect: float
    p: float
    odds_ratio: tuple[float, float, float] | None = None


def cohens_h(first: float, second: float) -> float:
    """The difference of two shares in units that are equally hard to detect everywhere: 2 asin √p₁ - 2 asin √p₂.

    >>> round(cohens_h(0.5, 0.3), 3)
    0.412

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), chapter 6.
    """
    return 2 * asin(sqrt(first)) - 2 * asin(sqrt(second))


def strength(effect: float) -> str:
    """ "none", "small", "medium" or "large"."""
    size = abs(effect)
    return "large" if size >= LARGE else "medium" if size >= MEDIUM else "small" if size >= SMALL else "none"


def compare_shares(first: int, first_count: int, second: int, second_count: int) -> Contrast:
    """Of `first_count` in one group `first` have a quality, of `second_count` in the other `second`.

    The interval of the difference is Newcombe's, from two Wilson intervals; the test is Pearson's chi-square, or
    Fisher's exact one where fewer than five are expected in a cell; the odds ratio has a half added to each cell.
    Sources: Newcombe, Interval estimation for the difference between independent proportions (1998), method 10;
    Fisher (1935); Haldane (1956), Anscombe (1956).

    :raises ValueError: a group is empty, or holds fewer than have the quality
    """
    if not (0 <= first <= first_count and 0 <= second <= second_count and first_count and second_count):
        raise ValueError("a share is of a group that is not empty")
    one, other = first / first_count, second / second_count
    one_low, one_high = _wilson(first, first_count)
    other_low, other_high = _wilson(second, second_count)
    delta = one - other
    return Contrast(
        delta=delta,
        low=max(-1.0, delta - sqrt((one - one_low) ** 2 + (other_high - other) ** 2)),
        high=min(1.0, delta + sqrt((one_high - one) ** 2 + (other - other_low) ** 2)),
        effect=cohens_h(one, other),
        p=_p_of_shares(first, first_count, second, second_count),
        odds_ratio=_odds_ratio(first, first_count, second, second_count),
    )


def compare_values(first: Sequence[float], second: Sequence[float]) -> Contrast:
    """A quantity in two groups, whatever its distribution; only the order of the values counts.

    The interval is Cliff's, from a consistent estimate of the variance and asymmetric so that it stays within -1 and 1;
    the test is Mann and Whitney's with its correction for ties.
    Sources: Cliff, Ordinal Methods for Behavioral Data Analysis (1996); Feng and Cliff, Monte Carlo evaluation of
    ordinal d with improved confidence interval (2004); Mann and Whitney (1947).

    :raises ValueError: a group has fewer than two values
    """
    n, m = len(first), len(second)
    if n < 2 or m < 2:
        raise ValueError("two values at least in each group")
    of_first, of_second, ties = _dominances(first, second)
    delta = sum(of_first) / n
    variance = _variance(of_first, of_second, delta)
    low, high = _asymmetric(delta, variance, n, m)
    spread = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    # U - nm/2 is delta · nm/2.
    p = erfc(abs(delta) * n * m / 2 / sqrt(2 * spread)) if spread > 0 else 1.0
    return Contrast(delta=delta, low=low, high=high, effect=2 * asin(max(-1.0, min(1.0, delta))), p=p)


def adjust(ps: Sequence[float]) -> list[float]:
    """Each p-value as the share of false findings among all that are at least as certain as it.

    >>> [round(q, 3) for q in adjust([0.01, 0.04, 0.03, 0.2])]
    [0.04, 0.053, 0.053, 0.2]

    Source: Benjamini and Hochberg, Controlling the false discovery rate (1995).
    """
    count, least = len(ps), 1.0
    found = [1.0] * count
    for rank, place in sorted(enumerate(sorted(range(count), key=ps.__getitem__), start=1), reverse=True):
        least = min(least, ps[place] * count / rank)
        found[place] = least
    return found


def _wilson(hits: int, count: int) -> tuple[float, float]:
    share, square = hits / count, Z * Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z / (1 + square / count) * sqrt(share * (1 - share) / count + square / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def _p_of_shares(first: int, first_count: int, second: int, second_count: int) -> float:
    hits, count = first + second, first_count + second_count
    misses = count - hits
    if not hits or not misses:
        return 1.0
    if min(hits, misses) * min(first_count, second_count) / count < FEW:
        return _fisher(first, first_count, hits, count)
    cross = first * (second_count - second) - second * (first_count - first)
    chi_square = count * cross * cross / (first_count * second_count * hits * misses)
    return erfc(sqrt(chi_square / 2))


def _fisher(first: int, first_count: int, hits: int, count: int) -> float:
    """The sum of all tables with these margins that are no likelier than this one."""

    def chance(here: int) -> float:
        return exp(_choose(hits, here) + _choose(count - hits, first_count - here) - _choose(count, first_count))

    limit = chance(first) * (1 + _EPSILON)
    possible = range(max(0, first_count - (count - hits)), min(hits, first_count) + 1)
    return min(1.0, sum(one for one in map(chance, possible) if one <= limit))


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _odds_ratio(first: int, first_count: int, second: int, second_count: int) -> tuple[float, float, float]:
    cells = (first, first_count - first, second, second_count - second)
    a, b, c, d = (cell + 0.5 for cell in cells)
    middle, half = log(a * d / (b * c)), Z * sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return exp(middle), exp(middle - half), exp(middle + half)


def _dominances(first: Sequence[float], second: Sequence[float]) -> tuple[list[float], list[float], float]:
    """For each value the share of the other group below it less the share above it (of the second group with the sign
    of the first), and the sum of t³ - t over all groups of t equal values."""
    n, m = len(first), len(second)
    ordered = sorted([(value, place) for place, value in enumerate(first)])
    others = sorted([(value, place) for place, value in enumerate(second)])
    of_first, of_second, ties = [0.0] * n, [0.0] * m, 0.0
    i = j = 0
    while i < n or j < m:
        value = min(ordered[i][0] if i < n else inf, others[j][0] if j < m else inf)
        i_end, j_end = i, j
        while i_end < n and ordered[i_end][0] == value:
            i_end += 1
        while j_end < m and others[j_end][0] == value:
            j_end += 1
        for _value, place in ordered[i:i_end]:
            of_first[place] = (j - (m - j_end)) / m
        for _value, place in others[j:j_end]:
            of_second[place] = ((n - i_end) - i) / n
        same = (i_end - i) + (j_end - j)
        ties += same**3 - same
        i, j = i_end, j_end
    return of_first, of_second, ties


def _variance(of_first: Sequence[float], of_second: Sequence[float], delta: float) -> float:
    """Of delta: by the spread of both groups' dominances, without the small part that pairs add."""
    n, m = len(of_first), len(of_second)
    one = sum((value - delta) ** 2 for value in of_first) / (n - 1)
    other = sum((value - delta) ** 2 for value in of_second) / (m - 1)
    return one / n + other / m


def _asymmetric(delta: float, variance: float, n: int, m: int) -> tuple[float, float]:
    if abs(delta) >= 1:
        # No pair the other way round: the least delta that such groups come from now and then.
        bound = 1 - 2 * (1 - 0.05 ** (1 / min(n, m)))
        return (bound, 1.0) if delta > 0 else (-1.0, -bound)
    half = Z * sqrt(variance) * sqrt((1 - delta**2) ** 2 + Z**2 * variance)
    middle, below = delta - delta**3, 1 - delta**2 + Z**2 * variance
    return max(-1.0, (middle - half) / below), min(1.0, (middle + half) / below)
