"""Models of repeat purchases find what made the data, and hold together at their edges."""

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from zhike.science.clv._beta_geo_likelihood import BetaGeoLikelihood
from zhike.science.clv.beta_geo import BetaGeo, fit_beta_geo
from zhike.science.clv.histories import Histories, HistoryInvalid, NotIdentified
from zhike.science.clv.nbd import Nbd, fit_nbd, nbd_likelihood
from zhike.science.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd, pareto_nbd_likelihood
from zhike.science.clv.scoring import RepeatModel
from zhike.science.tests.clv.companies import beta_geo_company, pareto_company

FITS: list[Callable[[Histories], RepeatModel]] = [fit_beta_geo, fit_pareto_nbd, fit_nbd]
SOME = Histories.of_customers([0, 0, 1, 2, 7, 30], [0, 0, 3.5, 30.4, 20, 39], [27, 39, 38, 38.9, 30, 39])


@pytest.mark.parametrize("is_modified", [False, True])
def test_beta_geo_finds_what_made_the_company(is_modified: bool) -> None:
    company = beta_geo_company(8_000, seed=4, is_modified=is_modified)
    model = fit_beta_geo(company, is_modified=is_modified)
    assert isinstance(model, BetaGeo)
    errors = model.standard_errors(company)
    for name, truth in (("r", 0.2426), ("alpha", 4.4136), ("a", 0.7929), ("b", 2.4259)):
        assert abs(getattr(model, name) - truth) < 3 * errors[name], name


def test_pareto_nbd_finds_what_made_the_company() -> None:
    truth = {"r": 0.55, "alpha": 10.6, "s": 0.61, "beta": 11.7}
    company = pareto_company(3_000, seed=5, **truth)
    model = fit_pareto_nbd(company)
    assert isinstance(model, ParetoNbd)
    errors = model.standard_errors(company)
    for name, made in truth.items():
        assert abs(getattr(model, name) - made) < 3 * errors[name], name


@pytest.mark.parametrize("fit", [fit_beta_geo, fit_pareto_nbd])
def test_where_nobody_leaves_the_reduced_model_answers_by_name(fit: Callable[[Histories], RepeatModel]) -> None:
    chance = np.random.default_rng(6)
    age = chance.uniform(27, 39, 1_500)
    frequency = chance.poisson(chance.gamma(0.8, 1 / 9.0, 1_500) * age)
    recency = np.where(frequency > 0, age * chance.random(1_500) ** (1 / np.maximum(frequency, 1)), 0.0)
    model = fit(Histories.of_customers(frequency, recency, age))
    assert isinstance(model, Nbd)
    assert model.boundary_of in ("BG/NBD", "Pareto/NBD")
    assert (model.p_alive(SOME) == 1).all()


def test_gradients_are_those_of_differences() -> None:
    for likelihood, at in (
        (BetaGeoLikelihood(SOME, is_modified=False), [0.3, 4.0, 0.7, 2.0]),
        (BetaGeoLikelihood(SOME, is_modified=True), [0.3, 4.0, 0.7, 2.0]),
        (lambda at: nbd_likelihood(at, SOME), [0.3, 4.0]),
        (lambda at: pareto_nbd_likelihood(at, SOME), [0.5, 9.0, 0.7, 10.0]),
    ):
        place = np.array(at)
        near = approx_fprime(place, lambda where, tell=likelihood: tell(where)[0], 1e-7)
        assert likelihood(place)[1] == pytest.approx(near, rel=1e-4, abs=1e-4)


def test_expected_purchases_are_those_that_simulated_customers_make() -> None:
    model = BetaGeo(r=0.8, alpha=5.0, a=1.0, b=2.0, log_likelihood=0.0)
    chance = np.random.default_rng(7)
    rate, leaves = chance.gamma(0.8, 1 / 5.0, 200_000), chance.beta(1.0, 2.0, 200_000)
    bought, now, here = 0, np.zeros(200_000), np.arange(200_000)
    while len(here):
        now[here] += chance.exponential(1 / np.maximum(rate[here], 1e-12))
        here = here[now[here] < 30]
        bought += len(here)
        here = here[chance.random(len(here)) >= leaves[here]]
    new = Histories.of_customers([0], [0.0], [0.0])
    assert model.expected_purchases(new, time=30) == pytest.approx([bought / 200_000], rel=0.02)
    near = BetaGeo(r=0.8, alpha=5.0, a=1.001, b=2.0, log_likelihood=0.0).expected_purchases(new, time=30)
    assert model.expected_purchases(new, time=30) == pytest.approx(near, rel=2e-3)


@pytest.mark.parametrize("fit", FITS)
def test_who_bought_later_is_likelier_here_and_nothing_is_no_number(fit: Callable[[Histories], RepeatModel]) -> None:
    model = fit(beta_geo_company(1_500, seed=8))
    recency = np.linspace(0.5, 38, 60)
    rising = model.p_alive(Histories.of_customers(np.full(60, 3), recency, np.full(60, 39.0)))
    assert (np.diff(rising) >= -1e-12).all()
    extreme = Histories.of_customers([0, 1, 400, 400], [0, 1e-3, 1e-2, 5_000], [0, 5_000, 5_000, 5_000])
    for answer in (model.p_alive(extreme), model.expected_purchases(extreme, time=520)):
        assert np.isfinite(answer).all()
        assert (answer >= 0).all()


@given(st.randoms(use_true_random=False), st.integers(2, 4))
@settings(max_examples=5, deadline=None)
def test_order_and_counting_equal_histories_together_change_nothing(random: Random, times: int) -> None:
    company = beta_geo_company(400, seed=9)
    places = list(range(400))
    random.shuffle(places)
    shuffled = Histories.of_customers(company.frequency[places], company.recency[places], company.age[places])
    counted = Histories(
        frequency=company.frequency, recency=company.recency, age=company.age, customers=company.customers * times
    )
    at = np.array([0.3, 4.0, 0.7, 2.0])
    of = BetaGeoLikelihood(company, is_modified=False)(at)[0]
    assert BetaGeoLikelihood(shuffled, is_modified=False)(at)[0] == pytest.approx(of, rel=1e-12)
    assert BetaGeoLikelihood(counted, is_modified=False)(at)[0] == pytest.approx(of * times, rel=1e-12)


@pytest.mark.parametrize("fit", FITS)
def test_data_that_cannot_tell_is_refused(fit: Callable[[Histories], RepeatModel]) -> None:
    with pytest.raises(NotIdentified, match="no customers"):
        fit(Histories.of_customers([], [], []))
    with pytest.raises(NotIdentified, match="nobody bought again"):
        fit(Histories.of_customers([0, 0], [0, 0], [10, 20]))


@pytest.mark.parametrize(
    ("frequency", "recency", "age"),
    [
        ([1], [5.0], [4.0]),
        ([-1], [0.0], [4.0]),
        ([0], [1.0], [4.0]),
        ([2], [0.0], [4.0]),
        ([1.5], [1.0], [4.0]),
        ([1], [float("nan")], [4.0]),
        ([1], [1.0], [float("inf")]),
        ([1, 2], [1.0], [4.0]),
    ],
)
def test_histories_that_no_customer_can_have_are_refused(
    frequency: list[float], recency: list[float], age: list[float]
) -> None:
    with pytest.raises(HistoryInvalid):
        Histories.of_customers(frequency, recency, age)
