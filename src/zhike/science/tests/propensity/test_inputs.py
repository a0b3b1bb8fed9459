"""What can be learnt from, and what is refused by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest

from zhike.science.propensity.inputs import Examples, Inputs, InputsInvalid, LabelInvalid, OneClass, TooFew
from zhike.science.tests.propensity.customers import customers

ROWS = pa.table(
    {
        "amount": pa.array([Decimal("1.5"), None, Decimal("2.5")]),
        "town": ["宁波", "杭州", None],
        "member": [True, False, None],
        "same": [4, 4, 4],
        "none": pa.array([None, None, None], pa.float64()),
    }
)


def test_tables_become_numbers_with_missing_ones() -> None:
    inputs = Inputs.of_arrow(ROWS)
    assert inputs.levels == {"town": ("宁波", "杭州")}
    expected = [[1.5, 0, 1, 4, np.nan], [np.nan, 1, 0, 4, np.nan], [2.5, np.nan, np.nan, 4, np.nan]]
    np.testing.assert_array_equal(inputs.values, expected)
    assert inputs.informative().names == ("amount", "town", "member")


def test_names_that_were_not_learnt_are_missing() -> None:
    learnt = Inputs.of_arrow(ROWS.select(["town", "amount"]))
    now = pa.table({"amount": [1.0, 2.0], "town": ["温州", "杭州"], "more": [1, 2]})
    inputs = Inputs.of_arrow(now, like=learnt)
    inputs.check_like(learnt)
    np.testing.assert_array_equal(inputs.values, [[np.nan, 1.0], [1.0, 2.0]])


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (pa.table({"a": [date(2026, 1, 1)]}), "a feature is a number or a name"),
        (pa.table({"a": [[1]]}), "a feature is a number or a name"),
        (pa.table({"a": [1.0, float("inf")]}), "endless values: a"),
    ],
)
def test_what_is_no_feature_is_refused(rows: pa.Table, why: str) -> None:
    with pytest.raises(InputsInvalid, match=why):
        Inputs.of_arrow(rows)


def test_other_features_than_were_learnt_are_refused() -> None:
    learnt = Inputs.of_arrow(ROWS)
    with pytest.raises(InputsInvalid, match="missing: town"):
        Inputs.of_arrow(ROWS.drop(["town"]), like=learnt)
    with pytest.raises(InputsInvalid, match="holds int64"):
        Inputs.of_arrow(ROWS.set_column(1, "town", pa.array([1, 2, 3])), like=learnt)
    with pytest.raises(InputsInvalid, match="other features"):
        learnt.without(["same"]).check_like(learnt)
    with pytest.raises(InputsInvalid, match="no such feature: tenure"):
        learnt.without(["tenure"])


@pytest.mark.parametrize("label", [[0, 2], [0, None], [0.5, 1.0]])
def test_labels_are_0_or_1(label: list[float | None]) -> None:
    with pytest.raises(LabelInvalid):
        Examples.of_arrow(pa.table({"a": [1, 2], "y": label}), happened="y")


def test_one_class_and_too_few_are_told() -> None:
    inputs = Inputs(names=("a",), values=np.zeros((50, 1)))
    with pytest.raises(OneClass, match="0 of 50"):
        Examples(inputs=inputs, happened=np.zeros(50, np.int64)).check()
    with pytest.raises(TooFew, match="3 of 50"):
        Examples(inputs=inputs, happened=(np.arange(50) < 3).astype(np.int64)).check()


def test_a_sample_stands_for_all() -> None:
    examples, _ = customers(20_000, seed=1, rate=-4)
    sample = examples.sampled(most=6_000, seed=2)
    assert len(sample) == 6_000
    assert sample.happened.sum() == examples.happened.sum()
    assert sample.weights.sum() == pytest.approx(len(examples))
    assert sample.weights @ sample.happened == pytest.approx(examples.happened.sum())
    assert examples.sampled(most=20_000, seed=2) is examples
    order = np.random.default_rng(3).permutation(len(examples))
    again = examples.rows(order).sampled(most=6_000, seed=2)
    np.testing.assert_array_equal(again.inputs.values, sample.inputs.values)
    np.testing.assert_array_equal(again.weights, sample.weights)


def test_examples_have_one_order_also_where_features_weigh_the_same() -> None:
    """The second and the eighth square root are as one to two, so half of the one is all of the other."""
    values = np.zeros((4, 7))
    values[0, 0], values[1, 6], values[2, 0], values[3, 6] = 1, 0.5, 1, 1
    examples = Examples(inputs=Inputs(names=tuple("abcdefg"), values=values), happened=np.array([0, 0, 1, 1]))
    told = set()
    for order in permutations(range(4)):
        mixed = examples.rows(list(order))
        told.add(mixed.rows(mixed.order()).inputs.values.tobytes())
    assert len(told) == 1
