"""Donors of a charity, as published: six years, of which they gave in some."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from zhike.science.clv.beta_geo_bernoulli import (
    BetaGeoBernoulli,
    beta_geo_bernoulli_likelihood,
    fit_beta_geo_bernoulli,
)
from zhike.science.clv.histories import Histories, HistoryInvalid, NotIdentified

# Gifts, year of the last, donors. Fader, Hardie and Shang (2010), table 1: the cohort of 1995, given 1996 to 2001.
DONORS = [
    (6, 6, 1203), (5, 6, 728), (4, 6, 512), (3, 6, 357), (2, 6, 234), (1, 6, 129), (5, 5, 335), (4, 5, 284),
    (3, 5, 225), (2, 5, 173), (1, 5, 119), (4, 4, 240), (3, 4, 181), (2, 4, 155), (1, 4, 78), (3, 3, 322),
    (2, 3, 255), (1, 3, 129), (2, 2, 613), (1, 2, 277), (1, 1, 1091), (0, 0, 3464),
]  # fmt: skip


def donors(times: int = 1) -> Histories:
    given, last, count = (np.array(column) for column in zip(*DONORS, strict=True))
    return Histories(frequency=given, recency=last * 1.0, age=np.full(len(DONORS), 6.0), customers=count * times)


def test_the_donors_are_those_of_fader_hardie_and_shang() -> None:
    model = fit_beta_geo_bernoulli(donors())
    found = (model.alpha, model.beta, model.gamma, model.delta)
    assert donors().customer_count == 11_104
    assert found == pytest.approx((1.204, 0.750, 0.657, 2.783), abs=1.5e-3)
    assert model.log_likelihood == pytest.approx(-33_225.6, abs=0.05)
    all_six, none = Histories.of_customers([6], [6], [6]), Histories.of_customers([0], [0], [6])
    assert model.expected_purchases(all_six, time=5) == pytest.approx([3.75], abs=0.01)
    assert model.expected_purchases(none, time=5) == pytest.approx([0.07], abs=0.005)
    assert model.p_alive(none)[0] < model.p_alive(all_six)[0] < 1


def test_expectations_are_those_of_simulated_donors() -> None:
    model = BetaGeoBernoulli(alpha=1.2, beta=0.75, gamma=0.66, delta=2.8, log_likelihood=0.0)
    chance = np.random.default_rng(3)
    gives, leaves = chance.beta(1.2, 0.75, 200_000), chance.beta(0.66, 2.8, 200_000)
    here = np.ones(200_000, bool)
    given, last, later, stayed = (np.zeros(200_000) for _ in range(4))
    for year in range(1, 12):
        here &= chance.random(200_000) >= leaves
        gave = here & (chance.random(200_000) < gives)
        if year <= 6:
            given += gave
            last[gave] = year
        else:
            later += gave
        if year == 7:
            stayed = here.astype(float)
    alike = (given == 3) & (last == 5)
    history = Histories.of_customers([3], [5], [6])
    assert model.expected_purchases(history, time=5)[0] == pytest.approx(later[alike].mean(), rel=0.05)
    assert model.p_alive(history)[0] == pytest.approx(stayed[alike].mean(), abs=0.03)


def test_the_gradient_is_that_of_differences() -> None:
    at = np.array([1.0, 0.8, 0.6, 2.5])
    near = approx_fprime(at, lambda where: beta_geo_bernoulli_likelihood(where, donors())[0], 1e-7)
    assert beta_geo_bernoulli_likelihood(at, donors())[1] == pytest.approx(near, rel=1e-4, abs=1e-2)


def test_opportunities_that_cannot_be_are_refused() -> None:
    with pytest.raises(HistoryInvalid, match="whole"):
        fit_beta_geo_bernoulli(Histories.of_customers([1], [1.5], [3]))
    with pytest.raises(HistoryInvalid, match="more was taken"):
        fit_beta_geo_bernoulli(Histories.of_customers([3], [2], [3]))
    with pytest.raises(NotIdentified):
        fit_beta_geo_bernoulli(Histories.of_customers([0], [0], [3]))
