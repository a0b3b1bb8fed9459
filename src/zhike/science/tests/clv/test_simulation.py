"""Simulated customers are those that the models tell of."""

import numpy as np
import pytest

from zhike.science.clv.beta_geo import BetaGeo
from zhike.science.clv.histories import Histories
from zhike.science.clv.nbd import Nbd
from zhike.science.clv.pareto_nbd import ParetoNbd
from zhike.science.clv.simulation import Simulated, simulate_histories, simulate_purchases

MODELS: list[Simulated] = [
    BetaGeo(r=0.8, alpha=5.0, a=0.7, b=2.0, log_likelihood=0.0),
    BetaGeo(r=0.8, alpha=5.0, a=0.7, b=2.0, log_likelihood=0.0, is_modified=True),
    ParetoNbd(r=0.8, alpha=5.0, s=0.6, beta=9.0, log_likelihood=0.0),
    Nbd(r=0.8, alpha=5.0, log_likelihood=0.0),
]
NEW = Histories.of_customers([0], [0.0], [0.0])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_they_buy_as_often_as_the_formula_says_and_at_any_time(model: Simulated) -> None:
    # For a new customer of MBG/NBD the formula counts from a first purchase after which they may have left.
    customer, time = simulate_purchases(model, np.full(60_000, 40.0), seed=11)
    for until in (10, 40):
        expected = model.expected_purchases(NEW, time=until)[0]
        assert (time < until).sum() / 60_000 == pytest.approx(expected, rel=0.03)
    assert (np.diff(customer) >= 0).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_by_days_a_day_is_one_purchase_and_the_same_seed_the_same_company(model: Simulated) -> None:
    ages = np.random.default_rng(1).integers(1, 280, 3_000) / 7
    exact, daily, again = (simulate_histories(model, ages, seed=3, resolution=by) for by in (0, 1 / 7, 1 / 7))
    assert (daily.frequency <= exact.frequency).all()
    assert daily.frequency.sum() < exact.frequency.sum()
    assert daily.recency * 7 == pytest.approx(np.round(daily.recency * 7), abs=1e-9)
    assert np.array_equal(daily.recency, again.recency)
    assert np.array_equal(daily.frequency, again.frequency)
