"""Statistics of arms: the same from rows, sums, parts and the engine."""

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.science.experiments.arms import (
    Arm,
    EmptyArm,
    NotNumbers,
    StatisticsInvalid,
    arm_statistics,
    arms_of_table,
)

VALUES = st.lists(st.tuples(st.integers(-1000, 1000), st.floats(-5, 5)), min_size=1, max_size=20)


def arm_of(rows: list[tuple[int, float]]) -> Arm:
    return Arm.of_values(x=[row[0] for row in rows], y=[row[1] for row in rows])


def same(one: Arm, other: Arm, *, tolerance: float = 1e-9) -> None:
    assert (one.names, one.count) == (other.names, other.count)
    assert one.means == pytest.approx(other.means, rel=tolerance, abs=1e-9)
    assert one.products == pytest.approx(other.products, rel=tolerance, abs=1e-6)


@given(VALUES, VALUES)
def test_statistics_of_parts_are_added_to_those_of_the_whole(
    first: list[tuple[int, float]], second: list[tuple[int, float]]
) -> None:
    same(arm_of(first) + arm_of(second), arm_of(first + second))
    same(arm_of(second) + arm_of(first), arm_of(first + second))


@given(VALUES)
def test_plain_sums_say_the_same(rows: list[tuple[int, float]]) -> None:
    x, y = (np.array([row[place] for row in rows], dtype=float) for place in (0, 1))
    sums = Arm.of_sums(
        len(rows), {"x": x.sum(), "y": y.sum()}, {"x": (x * x).sum(), "y": (y * y).sum()}, {("y", "x"): (x * y).sum()}
    )
    same(sums, arm_of(rows))


def test_the_engine_gathers_all_arms_at_once_and_in_parts() -> None:
    chance = np.random.default_rng(3)
    arm, day = chance.choice(["a", "b"], 500), chance.integers(0, 4, 500)
    # Large values that vary little: plain sums of squares would keep no digit of their variance.
    x, y = 1e8 + chance.random(500), chance.random(500) < 0.3
    rows = ibis.memtable(pa.table({"arm": arm, "day": day, "x": x, "y": y}))
    whole = arms_of_table(arm_statistics(rows, arm="arm", columns=["x", "y"]), columns=["x", "y"])
    parts = [arm_statistics(rows.filter(rows.day == each), arm="arm", columns=["x", "y"]) for each in range(4)]
    added = arms_of_table(ibis.union(*parts), columns=["x", "y"])
    for name in ("a", "b"):
        told = Arm.of_values(x=x[arm == name], y=y[arm == name])
        same(whole[name], told, tolerance=1e-5)
        same(added[name], told, tolerance=1e-5)
    assert whole["a"].variance("x") == pytest.approx(1 / 12, abs=0.01)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused_by_arm(value: float | None) -> None:
    rows = ibis.memtable(pa.table({"arm": ["a", "a", "b"], "x": pa.array([1.0, value, 2.0], pa.float64())}))
    with pytest.raises(NotNumbers, match="1 rows of a"):
        arms_of_table(arm_statistics(rows, arm="arm", columns=["x"]), columns=["x"])


def test_rows_of_no_arm_are_refused() -> None:
    rows = ibis.memtable(pa.table({"arm": pa.array(["a", None], pa.string()), "x": [1.0, 2.0]}))
    with pytest.raises(NotNumbers, match="no arm"):
        arms_of_table(arm_statistics(rows, arm="arm", columns=["x"]), columns=["x"])


def test_figures_that_no_rows_have_are_refused() -> None:
    with pytest.raises(StatisticsInvalid, match="squares"):
        Arm.of_sums(10, {"x": 100}, {"x": 1})
    with pytest.raises(StatisticsInvalid, match="rows"):
        Arm.of_sums(0, {"x": 0}, {"x": 0})
    with pytest.raises(StatisticsInvalid, match="count"):
        Arm(names=("x",), count=-1, means=np.zeros(1), products=np.zeros((1, 1)))
    with pytest.raises(NotNumbers):
        Arm.of_values(x=[1.0, float("nan")])
    with pytest.raises(StatisticsInvalid, match="lengths"):
        Arm.of_values(x=[1.0], y=[1.0, 2.0])
    with pytest.raises(StatisticsInvalid, match="differ"):
        Arm.of_values(x=[1.0]) + Arm.of_values(y=[1.0])
    with pytest.raises(StatisticsInvalid, match="gathered"):
        Arm.of_values(x=[1.0, 2.0]).variance("y")
    with pytest.raises(EmptyArm):
        Arm.of_values(x=[1.0]).variance("x")
