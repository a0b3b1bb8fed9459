"""What is known of customers moves how often they buy and whether they leave, as it did when they were made."""

from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import approx_fprime

from zhike.science.clv.beta_geo import BetaGeo, fit_beta_geo
from zhike.science.clv.covariates import DescribedBetaGeo, DescribedHistories, _Likelihood, fit_described_beta_geo
from zhike.science.clv.histories import Histories, HistoryInvalid, NotIdentified
from zhike.science.clv.nbd import Nbd
from zhike.science.clv.simulation import simulate_histories

BASE = BetaGeo(r=0.8, alpha=8.0, a=0.7, b=2.4, log_likelihood=0.0)
TRUTH = DescribedBetaGeo(
    base=BASE,
    buying={"web": 0.6, "age": -0.3},
    leaving={"web": 0.5, "age": 0.0},
    staying={"web": 0.0, "age": 0.2},
    log_likelihood=0.0,
    gain=0.0,
)


def company(size: int, *, seed: int, truth: DescribedBetaGeo = TRUTH) -> DescribedHistories:
    chance = np.random.default_rng(seed)
    parts: list[Histories] = []
    known: dict[str, list[np.ndarray[Any, Any]]] = {"web": [], "age": []}
    for web in (0.0, 1.0):
        for age in (0.0, 1.0, 2.0):
            parts.append(
                simulate_histories(
                    truth.of_customer({"web": web, "age": age}), chance.uniform(30, 60, size), seed=chance
                )
            )
            known["web"].append(np.full(size, web))
            known["age"].append(np.full(size, age))
    joined = Histories.of_customers(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("frequency", "recency", "age"))
    )
    return DescribedHistories.of_described(joined, {name: np.concatenate(values) for name, values in known.items()})


def test_the_fit_finds_the_effects_that_made_the_company() -> None:
    histories = company(1_500, seed=3)
    model = fit_described_beta_geo(histories)
    assert isinstance(model, DescribedBetaGeo)
    assert model.name == "BG/NBD with covariates"
    errors = model.standard_errors(histories)
    for kind in ("buying", "leaving", "staying"):
        for name, truth in getattr(TRUTH, kind).items():
            assert abs(getattr(model, kind)[name] - truth) < 3.2 * errors[f"{kind} {name}"], (kind, name)
    for name in ("r", "alpha", "a", "b"):
        assert abs(getattr(model.base, name) - getattr(BASE, name)) < 3.2 * errors[name], name
    assert model.gain > 50
    assert model.p_value < 1e-9


def test_where_they_tell_nothing_the_likelihood_ratio_says_so() -> None:
    nothing = DescribedBetaGeo(base=BASE, buying={}, leaving={}, staying={}, log_likelihood=0.0, gain=0.0)
    model = fit_described_beta_geo(company(300, seed=5, truth=nothing))
    assert isinstance(model, DescribedBetaGeo)
    assert model.gain >= 0
    assert model.p_value > 0.01


def test_the_gradient_is_that_of_differences_and_at_no_effect_the_likelihood_of_the_plain_model() -> None:
    histories = company(20, seed=6)
    for is_modified in (False, True):
        likelihood = _Likelihood(histories, ["web", "age"], is_modified=is_modified)
        place = np.array([0.6, 5.0, 0.8, 2.0, 0.3, -0.2, 0.4, 0.1, -0.3, 0.2])
        near = approx_fprime(place, lambda where, tell=likelihood: tell(where)[0], 1e-7)
        assert likelihood(place)[1] == pytest.approx(near, rel=1e-4, abs=1e-3)
    plain = fit_beta_geo(histories)
    assert isinstance(plain, BetaGeo)
    at = np.array([plain.r, plain.alpha, plain.a, plain.b, *np.zeros(6)])
    value = _Likelihood(histories, ["web", "age"], is_modified=False)(at)[0]
    assert value == pytest.approx(plain.log_likelihood, rel=1e-12)


def test_each_pattern_is_a_plain_model_of_its_own() -> None:
    histories = company(5, seed=7)
    for number in range(len(histories.frequency)):
        one = Histories.of_customers(
            *([values[number]] for values in (histories.frequency, histories.recency, histories.age))
        )
        model = TRUTH.of_customer({name: values[number] for name, values in histories.covariates.items()})
        assert TRUTH.p_alive(histories)[number] == pytest.approx(model.p_alive(one)[0])
        assert TRUTH.expected_purchases(histories, time=26)[number] == pytest.approx(
            model.expected_purchases(one, time=26)[0]
        )


def test_counting_equal_customers_together_and_other_units_change_nothing() -> None:
    histories = company(150, seed=8)
    known = {name: np.round(values) for name, values in histories.covariates.items()}
    table = pa.table(
        {
            "frequency": histories.frequency,
            "recency_weeks": np.ceil(histories.recency),
            "age_weeks": np.ceil(histories.age),
            **known,
        }
    )
    counted = DescribedHistories.of_described_table(ibis.memtable(table), covariates=["web", "age"])
    assert counted.customer_count == 900
    assert len(counted.frequency) < 900
    one = fit_described_beta_geo(counted)
    other = fit_described_beta_geo(
        DescribedHistories.of_described(counted, {**counted.covariates, "age": 40 + 1_000 * counted.covariates["age"]})
    )
    assert isinstance(one, DescribedBetaGeo)
    assert isinstance(other, DescribedBetaGeo)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-9)
    assert other.buying["age"] * 1_000 == pytest.approx(one.buying["age"], rel=2e-2, abs=1e-3)
    assert other.p_alive(
        DescribedHistories.of_described(counted, {**counted.covariates, "age": 40 + 1_000 * counted.covariates["age"]})
    ) == pytest.approx(one.p_alive(counted), rel=1e-2)


def test_covariates_that_tell_nothing_are_refused_by_name() -> None:
    histories = company(30, seed=9)
    for covariates, match in (
        ({"web": np.ones(180)}, "same for everybody: web"),
        ({"web": histories.covariates["web"], "shop": 1 - histories.covariates["web"]}, "follows from the others"),
    ):
        with pytest.raises(NotIdentified, match=match):
            fit_described_beta_geo(DescribedHistories.of_described(histories, covariates))
    for wrong in ({}, {"web": np.full(180, np.nan)}, {"web": np.ones(3)}):
        with pytest.raises(HistoryInvalid):
            DescribedHistories.of_described(histories, wrong)
    with pytest.raises(HistoryInvalid, match="nothing is told of age"):
        TRUTH.p_alive(DescribedHistories.of_described(histories, {"web": histories.covariates["web"]}))


def test_where_nobody_leaves_the_reduced_model_answers_by_name() -> None:
    ages = np.random.default_rng(10).uniform(30, 60, 400)
    steady = simulate_histories(Nbd(r=2.0, alpha=8.0, log_likelihood=0.0), ages, seed=11)
    model = fit_described_beta_geo(DescribedHistories.of_described(steady, {"even": np.arange(400) % 2}))
    assert isinstance(model, Nbd)
    assert model.boundary_of == "BG/NBD with covariates"
