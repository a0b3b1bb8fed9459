"""What is learnt is true of customers whose chances are known, whoever comes first, and for reasons that add up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from zhike.science.propensity.boosting import fit_boosting
from zhike.science.propensity.inputs import Examples, Inputs, InputsInvalid, OneClass, TooFew
from zhike.science.propensity.learning import Model, Propensity, fit_propensity
from zhike.science.propensity.performance import auc, measure
from zhike.science.propensity.reasons import importance, reasons
from zhike.science.propensity.spline_logit import NotConverged, fit_spline_logit
from zhike.science.tests.propensity.customers import customers


@pytest.fixture(scope="module")
def learnt() -> tuple[Propensity, Examples]:
    examples, _ = customers(3_000, seed=1)
    return fit_propensity(examples, seed=7), examples


def test_chances_are_found(learnt: tuple[Propensity, Examples]) -> None:
    later, true = customers(20_000, seed=2)
    told = learnt[0].probability(later.inputs)
    assert np.abs(told - true).mean() < 0.05
    best = auc(true, later.happened)[0]
    assert best - 0.02 < auc(told, later.happened)[0] <= best
    assert measure(told, later.happened).calibration_error < 0.03


def test_neither_the_order_of_examples_nor_the_run_matters(learnt: tuple[Propensity, Examples]) -> None:
    first, examples = learnt
    order = np.random.default_rng(5).permutation(len(examples))
    again = fit_propensity(examples.rows(order), seed=7)
    np.testing.assert_array_equal(first.probability(examples.inputs), again.probability(examples.inputs))
    np.testing.assert_array_equal(first.held_back[order], again.held_back)


def test_shuffled_labels_teach_nothing() -> None:
    examples, _ = customers(3_000, seed=3)
    chance = np.random.default_rng(1)
    shuffled = replace(examples, happened=chance.permutation(examples.happened))
    propensity = fit_propensity(shuffled, seed=1)
    assert auc(propensity.held_back, shuffled.happened)[0] == pytest.approx(0.5, abs=0.04)
    later, _ = customers(5_000, seed=4)
    assert auc(propensity.probability(later.inputs), chance.permutation(later.happened))[0] == pytest.approx(
        0.5, abs=0.03
    )


def test_reasons_add_up_to_the_log_odds(learnt: tuple[Propensity, Examples]) -> None:
    propensity, examples = learnt
    models: list[Model] = [fit_boosting(examples, seed=1), fit_spline_logit(examples), propensity.model]
    for model in models:
        told = model.contributions(examples.inputs)
        np.testing.assert_allclose(told.sum(axis=1), model.log_odds(examples.inputs), atol=1e-9)
    assert list(importance(propensity, examples.inputs))[-1] == "noise"


def test_shapley_values_are_those_of_their_definition() -> None:
    examples, _ = customers(400, seed=8)
    inputs = examples.inputs.only(["bend", "noise"])
    model = fit_boosting(replace(examples, inputs=inputs), seed=1, rounds=1, parameters={"bagging_fraction": 1.0})
    tree = model.booster.dump_model()["tree_info"][0]["tree_structure"]
    row = inputs.values[0]

    def value(node: Any, known: set[int]) -> float:
        if "leaf_value" in node:
            return float(node["leaf_value"])
        left, right = node["left_child"], node["right_child"]
        if node["split_feature"] in known:
            return value(left if row[node["split_feature"]] <= node["threshold"] else right, known)
        counts = [child.get("internal_count", child.get("leaf_count")) for child in (left, right)]
        return float((counts[0] * value(left, known) + counts[1] * value(right, known)) / sum(counts))

    alone, both = [value(tree, known) for known in (set(), {0}, {1})], value(tree, {0, 1})
    bend = (alone[1] - alone[0] + both - alone[2]) / 2
    noise = (alone[2] - alone[0] + both - alone[1]) / 2
    assert model.contributions(inputs)[0] == pytest.approx([bend, noise, alone[0]], abs=1e-9)


def test_reasons_name_the_feature_its_value_and_direction(learnt: tuple[Propensity, Examples]) -> None:
    propensity, examples = learnt
    rows = Inputs(
        names=examples.inputs.names,
        values=np.array([[0.0, np.nan, 2, 0.0], [2.5, 0.1, 1, 0.0]]),
        levels=examples.inputs.levels,
    )
    told = reasons(propensity, rows, most=2).to_pylist()
    assert [(row["row"], row["rank"]) for row in told] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    by_feature = {row["feature"]: row for row in told[:2]}
    assert (by_feature["town"]["value"], by_feature["town"]["raises"]) == ("温州", True)
    assert (by_feature["bend"]["value"], by_feature["bend"]["raises"]) == ("0", False)
    assert (told[2]["feature"], told[2]["raises"]) == ("bend", True)


def test_monotone_features_only_raise() -> None:
    examples, _ = customers(2_000, seed=6)
    propensity = fit_propensity(examples, seed=1, monotone={"gaps": 1})
    rows = np.column_stack([np.zeros(50), np.linspace(-3, 3, 50), np.zeros(50), np.zeros(50)])
    told = propensity.probability(replace(examples.inputs, values=rows))
    assert (np.diff(told) >= -1e-12).all()
    with pytest.raises(InputsInvalid, match="cannot be monotone: town"):
        fit_boosting(examples, seed=1, monotone={"town": 1})


def test_one_in_a_thousand_is_found_and_keeps_its_rate() -> None:
    examples, _ = customers(60_000, seed=9, rate=-9)
    assert examples.happened.mean() == pytest.approx(0.001, abs=0.0006)
    propensity = fit_propensity(examples, seed=1, most=10_000, candidates={"logit": fit_spline_logit})
    later, true = customers(60_000, seed=10, rate=-9)
    told = propensity.probability(later.inputs)
    assert np.isfinite(told).all()
    assert told.mean() == pytest.approx(true.mean(), rel=0.4)
    assert auc(told, later.happened)[0] > 0.7
    assert len(propensity.held_back) == len(examples)
    assert propensity.held_back.mean() == pytest.approx(true.mean(), rel=0.4)
    order = np.random.default_rng(1).permutation(len(examples))
    again = fit_propensity(examples.rows(order), seed=1, most=10_000, candidates={"logit": fit_spline_logit})
    np.testing.assert_array_equal(again.held_back, propensity.held_back[order])


def test_features_that_tell_nothing_are_left_out_and_one_class_is_refused() -> None:
    examples, _ = customers(500, seed=1)
    wide = Inputs(
        names=(*examples.inputs.names, "same", "missing"),
        values=np.column_stack([examples.inputs.values, np.full(500, 3.0), np.full(500, np.nan)]),
        levels=examples.inputs.levels,
    )
    propensity = fit_propensity(replace(examples, inputs=wide), seed=1, candidates={"logit": fit_spline_logit})
    assert propensity.left_out == ("same", "missing")
    assert np.isfinite(propensity.probability(wide)).all()
    with pytest.raises(OneClass):
        fit_propensity(replace(examples, happened=np.ones(500, np.int64)), seed=1)
    with pytest.raises(TooFew):
        fit_propensity(replace(examples, happened=(np.arange(500) < 5).astype(np.int64)), seed=1)
    with pytest.raises(InputsInvalid, match="no feature"):
        fit_propensity(replace(examples, inputs=wide.only(["same"])), seed=1)


def test_an_optimum_that_is_not_found_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, _ = customers(500, seed=1)
    monkeypatch.setattr("zhike.science.propensity.spline_logit.ITERATIONS", 1)
    with pytest.raises(NotConverged):
        fit_spline_logit(examples)


def test_a_perfect_feature_gives_no_endless_odds() -> None:
    examples, _ = customers(500, seed=1)
    perfect = replace(examples, inputs=Inputs(names=("y",), values=examples.happened[:, None].astype(float)))
    told = fit_propensity(perfect, seed=1).probability(perfect.inputs)
    assert np.isfinite(told).all()
    assert auc(told, perfect.happened)[0] == 1
    assert expit(fit_spline_logit(perfect).log_odds(perfect.inputs)).max() < 1
