"""Intervals hold the truth as often as they say, and say when the data do not tell."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

from zhike.science.clv._beta_geo_likelihood import BetaGeoLikelihood
from zhike.science.clv.beta_geo import BetaGeo, fit_beta_geo
from zhike.science.clv.gamma_gamma import Spending
from zhike.science.clv.histories import Histories, NotIdentified
from zhike.science.clv.intervals import (
    answer_intervals,
    bootstrap,
    bootstrap_spending,
    profile_intervals,
    resample,
)
from zhike.science.clv.nbd import Nbd, fit_nbd
from zhike.science.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd
from zhike.science.clv.residual import discounted_purchases
from zhike.science.clv.scoring import RepeatModel
from zhike.science.clv.simulation import Simulated, simulate_histories

STEADY = Nbd(r=0.7, alpha=9.0, log_likelihood=0.0)
LEAVING = BetaGeo(r=0.8, alpha=6.0, a=0.8, b=2.4, log_likelihood=0.0)
SOME = Histories.of_customers([0, 2, 7], [0, 30.4, 36], [39, 38.9, 39])


def company(model: Simulated, size: int, *, seed: int) -> Histories:
    ages = np.random.default_rng(seed).integers(27 * 7, 39 * 7, size) / 7
    return simulate_histories(model, ages, seed=seed + 1)


def test_profile_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = 0
    for seed in range(30):
        histories = company(STEADY, 150, seed=seed)
        interval = profile_intervals(fit_nbd(histories), histories, level=0.9, of=["r"])["r"]
        held += interval.low <= STEADY.r <= interval.high
    # 27 of 30, give or take three standard errors; benchmarks/science_coverage.py counts more of them.
    assert held >= 22


def test_bootstrap_intervals_hold_what_was_to_be_expected_as_often_as_they_say() -> None:
    truth, held = STEADY.expected_purchases(SOME, time=26), np.zeros(3)
    for seed in range(20):
        models = bootstrap(fit_nbd, company(STEADY, 100, seed=seed), seed=seed, replicates=30)
        low, high = answer_intervals(models, lambda model: model.expected_purchases(SOME, time=26), level=0.9)
        held += (low <= truth) & (truth <= high)
    assert (held >= 14).all()


def test_a_profile_bound_is_where_the_likelihood_has_fallen_by_half_the_quantile() -> None:
    histories = company(LEAVING, 800, seed=5)
    model = fit_beta_geo(histories)
    assert isinstance(model, BetaGeo)
    likelihood = BetaGeoLikelihood(histories, is_modified=False)
    errors, found = model.standard_errors(histories), profile_intervals(model, histories)
    for bound in (found["r"].low, found["r"].high):
        slow = minimize(
            lambda rest, r=bound: -likelihood(np.array([r, *np.exp(rest)]))[0],
            np.log([model.alpha, model.a, model.b]),
            method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-9, "maxiter": 4_000},
        )
        assert model.log_likelihood + slow.fun == pytest.approx(chi2.ppf(0.95, 1) / 2, abs=0.01)
    for name, interval in found.items():
        assert interval.low < getattr(model, name) < interval.high, name
    assert found["r"].high - found["r"].low == pytest.approx(2 * 1.96 * errors["r"], rel=0.15)


def test_a_bound_that_the_data_do_not_tell_is_said_so() -> None:
    histories = company(LEAVING, 40, seed=1)
    model = fit_beta_geo(histories)
    assert isinstance(model, BetaGeo)
    assert profile_intervals(model, histories, of=["b"])["b"].high == float("inf")


@pytest.mark.parametrize("made_by_the_model", [False, True])
def test_of_everything_that_a_model_answers_the_bounds_hold_the_answer(made_by_the_model: bool) -> None:
    histories = company(LEAVING, 800, seed=2)
    model = fit_beta_geo(histories)
    assert isinstance(model, BetaGeo)
    drawn = partial(bootstrap, fit_beta_geo, histories, replicates=15, made_by=model if made_by_the_model else None)
    models = drawn(seed=3)
    answers: list[Callable[[RepeatModel], np.ndarray]] = [
        lambda one: one.p_alive(SOME),
        lambda one: one.expected_purchases(SOME, time=39),
        lambda one: discounted_purchases(one, SOME, annual_rate=0.1, weeks=104, step_weeks=26),
    ]
    for answer in answers:
        low, high = answer_intervals(models, answer)
        assert (low <= answer(model) + 1e-12).all()
        assert (answer(model) <= high + 1e-12).all()
    # Where somebody bought but once, there is nobody who may have left.
    assert answer_intervals(models, answers[0])[0][0] == 1
    assert drawn(seed=3) == models
    assert drawn(seed=4) != models


def test_pareto_nbd_has_intervals_too() -> None:
    histories = company(ParetoNbd(r=0.6, alpha=8.0, s=0.6, beta=10.0, log_likelihood=0.0), 150, seed=4)
    model = fit_pareto_nbd(histories)
    assert isinstance(model, ParetoNbd)
    found = profile_intervals(model, histories, of=["r"])
    assert found["r"].low < 0.6 < found["r"].high


def test_customers_drawn_anew_are_as_many_and_none_is_new() -> None:
    histories = company(STEADY, 300, seed=6)
    drawn = resample(histories, seed=1)
    assert drawn.customer_count == 300
    assert set(drawn.age) <= set(histories.age)


def test_spending_has_intervals_and_nothing_to_draw_from_is_refused() -> None:
    chance = np.random.default_rng(7)
    rate, purchases = chance.gamma(3.74, 1 / 15.44, 300), chance.integers(1, 6, 300)
    spending = Spending.of(purchases, chance.gamma(6.25 * purchases, 1 / rate) / purchases)
    models = bootstrap_spending(spending, seed=1, replicates=20)
    low, high = answer_intervals(models, lambda model: model.expected_mean([0, 3], [0, 60]))
    assert (low < high).all()
    with pytest.raises(NotIdentified, match="too few"):
        bootstrap(fit_nbd, Histories.of_customers([0] * 9, [0] * 9, [5] * 9), seed=1, replicates=5)
    with pytest.raises(ValueError, match="two replicates"):
        bootstrap(fit_nbd, SOME, seed=1, replicates=1)
