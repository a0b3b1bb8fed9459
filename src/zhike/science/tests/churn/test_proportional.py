"""What makes customers leave sooner, found where it is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zhike.science.churn.proportional import fit_proportional
from zhike.science.churn.survival import DurationInvalid, Durations, concordance, kaplan_meier
from zhike.science.propensity.inputs import Examples, Inputs, InputsInvalid
from zhike.science.propensity.spline_logit import NotConverged
from zhike.science.tests.propensity.customers import telco


def company(size: int, *, seed: int) -> tuple[Inputs, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    price, place = chance.normal(size=size), chance.integers(0, 2, size)
    stays = chance.exponential(20 / np.exp(0.7 * price - 0.5 * place))
    seen = chance.uniform(5, 40, size)
    inputs = Inputs(
        names=("price", "plan", "again", "same"),
        values=np.column_stack([price, place, 2 * price + 1, np.ones(size)]),
        levels={"plan": ("month", "year")},
    )
    return inputs, np.minimum(stays, seen), (stays <= seen).astype(np.int64)


def test_weights_that_are_known_are_found_with_their_errors() -> None:
    inputs, duration, left = company(4_000, seed=1)
    model = fit_proportional(inputs, duration, left)
    assert (model.columns, model.left_out) == (("price", "plan=year"), ("again", "same"))
    assert np.abs((model.weights - [0.7, -0.5]) / model.standard_errors).max() < 3
    assert model.standard_errors.max() < 0.06


def test_survival_is_that_of_the_customers() -> None:
    inputs, duration, left = company(4_000, seed=2)
    model = fit_proportional(inputs, duration, left)
    told = model.survival(inputs, after=[0, 10, 20])
    assert (np.diff(told, axis=1) <= 0).all()
    true = np.exp(-np.outer(np.exp(0.7 * inputs.values[:, 0] - 0.5 * inputs.values[:, 1]), [0, 10, 20]) / 20)
    assert np.abs(told - true).max() < 0.08
    curve = kaplan_meier(Durations.of_customers(duration, left))
    assert told.mean(axis=0) == pytest.approx([curve.at(after) for after in (0, 10, 20)], abs=0.02)


def test_nobody_however_unlike_the_others_has_no_chance_that_is_no_number() -> None:
    inputs, duration, left = company(300, seed=4)
    model = fit_proportional(inputs.only(["price"]), duration, left)
    extreme = Inputs(names=("price",), values=np.array([[5_000.0], [-5_000.0]]))
    assert model.survival(extreme, after=[0, duration.max()]).tolist() == [[1, 0], [1, 1]]


def test_subscribers_are_ranked_as_well_as_the_research_found(trial_data: Path) -> None:
    rows = telco(trial_data)
    examples = Examples.of_arrow(rows, happened="Churn", leave_out=["customerID", "tenure", "TotalCharges"])
    duration = np.array(rows["tenure"].to_pylist(), float)
    held = np.arange(len(examples)) % 5 == 0
    model = fit_proportional(examples.inputs.rows(~held), duration[~held], examples.happened[~held])
    risk = model.risk(examples.inputs.rows(held))
    assert concordance(risk, duration[held], examples.happened[held]) == pytest.approx(0.864, abs=0.012)
    assert any(name.endswith("=No internet service") for name in model.left_out)


def test_what_cannot_be_fitted_is_refused() -> None:
    inputs, duration, left = company(200, seed=3)
    with pytest.raises(DurationInvalid, match="nobody left"):
        fit_proportional(inputs, duration, np.zeros(200, np.int64))
    with pytest.raises(DurationInvalid):
        fit_proportional(inputs, -duration, left)
    with pytest.raises(InputsInvalid, match="no feature"):
        fit_proportional(inputs.only(["same"]), duration, left)
    with pytest.raises(DurationInvalid, match="199 durations of 200"):
        fit_proportional(inputs, duration[1:], left[1:])
    telling = Inputs(names=("left",), values=left[:, None].astype(float))
    with pytest.raises(NotConverged):
        fit_proportional(telling, duration, left)
