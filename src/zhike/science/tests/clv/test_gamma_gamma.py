"""What customers spend: found again in simulation, shrunk towards everybody's mean."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from zhike.science.clv.gamma_gamma import (
    GammaGamma,
    Spending,
    fit_gamma_gamma,
    frequency_correlation,
    gamma_gamma_likelihood,
)
from zhike.science.clv.histories import HistoryInvalid, NotIdentified

TRUTH = {"p": 6.25, "q": 3.74, "v": 15.44}


def company(size: int, *, seed: int) -> Spending:
    chance = np.random.default_rng(seed)
    purchases = chance.integers(1, 8, size)
    rate = chance.gamma(TRUTH["q"], 1 / TRUTH["v"], size)
    return Spending.of(purchases, chance.gamma(TRUTH["p"] * purchases, 1 / rate) / purchases)


def test_the_fit_finds_what_made_the_company() -> None:
    spending = company(5_000, seed=2)
    model = fit_gamma_gamma(spending)
    errors = model.standard_errors(spending)
    for name, truth in TRUTH.items():
        assert abs(getattr(model, name) - truth) < 3 * errors[name], name
    assert abs(frequency_correlation(spending)) < 0.05


def test_the_gradient_is_that_of_differences() -> None:
    spending = company(50, seed=3)
    at = np.array([5.0, 3.0, 14.0])
    near = approx_fprime(at, lambda where: gamma_gamma_likelihood(where, spending)[0], 1e-7)
    assert gamma_gamma_likelihood(at, spending)[1] == pytest.approx(near, rel=1e-4, abs=1e-4)


def test_the_more_bought_the_nearer_to_ones_own_mean() -> None:
    model = GammaGamma(p=6.0, q=4.0, v=16.0, log_likelihood=0.0)
    everybody = 6.0 * 16.0 / 3.0
    found = model.expected_mean([0, 1, 5, 10_000], [0, 100, 100, 100])
    assert found[0] == pytest.approx(everybody)
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(100, rel=1e-3)
    assert np.isnan(GammaGamma(p=6.0, q=0.9, v=16.0, log_likelihood=0.0).expected_mean([0], [0])).all()


def test_another_currency_scales_the_answer_and_nothing_else() -> None:
    spending = company(1_000, seed=4)
    yuan, fen = fit_gamma_gamma(spending), fit_gamma_gamma(Spending.of(spending.purchases, spending.mean * 100))
    assert (fen.p, fen.q, fen.v) == pytest.approx((yuan.p, yuan.q, yuan.v * 100), rel=1e-3)


def test_spending_that_tells_nothing_is_refused() -> None:
    with pytest.raises(NotIdentified):
        fit_gamma_gamma(Spending.of([1, 2], [5.0, 5.0]))
    for purchases, mean in (([0], [5.0]), ([1], [0.0]), ([1], [-3.0]), ([1], [float("nan")]), ([1, 2], [1.0])):
        with pytest.raises(HistoryInvalid):
            Spending.of(purchases, mean)
