"""Robust limits: by hand, against other ways to compute them, and on distributions whose limits are known."""

import math
import random
from statistics import NormalDist

import ibis
import numpy as np
import pyarrow as pa
import pytest

from zhike.science.outliers import GRID, adjusted_fences, medcouple, quantile_grid


def by_numpy(values: list[float]) -> float:
    """The definition over all pairs of ordered values, with ties at the median by their places."""
    x = np.sort(np.asarray(values))[::-1]
    middle = np.median(x)
    right, left = x[x >= middle], x[x <= middle]
    k = int(np.sum(x == middle))
    kernel = []
    for i, b in enumerate(right):
        for j, a in enumerate(left):
            if a == b == middle:
                # Ties stand at the end of the right part and at the beginning of the left one.
                place = (i - (len(right) - k)) + j + 1
                kernel.append(np.sign(k - place) if place != k else 0.0)
            else:
                kernel.append(((b - middle) - (middle - a)) / (b - a))
    return float(np.median(kernel))


def test_a_medcouple_by_hand() -> None:
    # Median 3; pairs of {1, 2, 3} and {3, 6, 10}: -1, -1, 0, 1/5, 1/2, 5/9, 3/4, 1, 1.
    assert medcouple([1, 2, 3, 6, 10]) == pytest.approx(1 / 2)
    assert medcouple([1, 2, 3, 4, 5]) == 0
    assert medcouple([-10, -6, -3, -2, -1]) == pytest.approx(-1 / 2)


@pytest.mark.parametrize("seed", range(6))
def test_a_medcouple_is_that_of_all_pairs(seed: int) -> None:
    choice = random.Random(seed)  # noqa: S311
    values = [round(choice.lognormvariate(0, 1), seed % 3) for _ in range(101)]
    assert medcouple(values) == pytest.approx(by_numpy(values), abs=1e-12)


def test_four_hundred_quantiles_stand_for_all_values() -> None:
    generator = np.random.default_rng(7)
    values = generator.lognormal(3, 1, 20_000)
    table = ibis.memtable(pa.table({"part": ["a"] * len(values), "value": values}))
    [row] = quantile_grid(table, value="value", by=("part",)).to_pyarrow().to_pylist()
    assert row["value_count"] == 20_000
    assert row["grid"] == pytest.approx(np.quantile(values, np.linspace(0, 1, GRID)))
    # Of a logarithmic normal with sigma 1, from 1,501 values all pairs at once.
    of_all = medcouple(generator.lognormal(3, 1, 1501).tolist())
    fences = adjusted_fences(row["grid"], value_count=20_000)
    assert fences is not None
    assert fences.medcouple == pytest.approx(of_all, abs=0.05)
    assert fences.median == pytest.approx(np.median(values))
    first, third = np.quantile(values, [0.25, 0.75])
    assert fences.high == pytest.approx(third + 3 * math.exp(3 * fences.medcouple) * (third - first))
    assert fences.low == pytest.approx(first - 3 * math.exp(-4 * fences.medcouple) * (third - first))


def test_on_logarithms_the_limits_of_amounts_are_those_of_the_normal_distribution() -> None:
    normal = NormalDist(5, 0.8)
    grid = [math.exp(normal.inv_cdf(min(max(place / (GRID - 1), 1e-6), 1 - 1e-6))) for place in range(GRID)]
    fences = adjusted_fences(grid, value_count=1000, in_logs=True)
    assert fences is not None
    width = normal.inv_cdf(0.75) - normal.inv_cdf(0.25)
    assert math.log(fences.high) == pytest.approx(normal.inv_cdf(0.75) + 3 * width, rel=1e-3)
    assert fences.medcouple == pytest.approx(0, abs=1e-6)
    # Two in a million of good values lie outside.
    assert 2 * (1 - normal.cdf(math.log(fences.high))) < 3e-6


def test_nothing_is_said_of_few_values_or_of_equal_ones() -> None:
    assert adjusted_fences([float(place) for place in range(GRID)], value_count=49) is None
    assert adjusted_fences([5.0] * GRID, value_count=1000) is None
