"""Offers within a budget, against all that could be chosen."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.winback.offers import NONE, Offer, OffersInvalid, choose_offers

OFFERS = [Offer(name="letter", contact=1, given=0), Offer(name="voucher", contact=0.5, given=8)]
CUSTOMERS = st.lists(
    st.tuples(st.integers(0, 10), st.integers(-2, 6), st.integers(-2, 9), st.integers(0, 60)), min_size=1, max_size=6
)


def figures(customers: list[tuple[int, int, int, int]]) -> tuple[list[float], list[list[float]], list[float]]:
    chance = [row[0] / 20 for row in customers]
    return chance, [[row[1] / 20, row[2] / 20] for row in customers], [float(row[3]) for row in customers]


def outcome(customers: list[tuple[int, int, int, int]], offers: tuple[int, ...]) -> tuple[float, float]:
    """Cost and gain, one customer after the other."""
    cost = gain = 0.0
    for chance, uplift, value, offer in zip(*figures(customers), offers, strict=True):
        if offer != NONE:
            with_offer = min(1, max(0, chance + uplift[offer]))
            paid = OFFERS[offer].contact + OFFERS[offer].given * with_offer
            cost += paid
            gain += (with_offer - chance) * value - paid
    return cost, gain


@settings(deadline=None, max_examples=60)
@given(CUSTOMERS, st.integers(0, 20))
def test_no_choice_within_the_budget_is_better_by_more_than_one_offer(
    customers: list[tuple[int, int, int, int]], budget: int
) -> None:
    found = choose_offers(*figures(customers), offers=OFFERS, budget=budget)
    told = outcome(customers, tuple(found.offers.tolist()))
    assert (found.cost, found.gain) == pytest.approx(told, abs=1e-9)
    assert found.cost <= budget + 1e-9
    every = [outcome(customers, choice) for choice in product((NONE, 0, 1), repeat=len(customers))]
    best = max(gain for cost, gain in every if cost <= budget + 1e-9)
    largest = max(0.0, *(outcome([customer], (offer,))[1] for customer in customers for offer in (0, 1)))
    assert best - largest - 1e-9 <= found.gain <= best + 1e-9


@given(CUSTOMERS)
def test_with_money_for_all_everybody_gets_what_suits_them(customers: list[tuple[int, int, int, int]]) -> None:
    found = choose_offers(*figures(customers), offers=OFFERS, budget=1e9)
    for customer, offer in zip(customers, found.offers.tolist(), strict=True):
        gains = {choice: outcome([customer], (choice,))[1] for choice in (NONE, 0, 1)}
        assert gains[offer] == pytest.approx(max(gains.values()), abs=1e-9)


def test_a_hundred_alike_are_served_as_far_as_the_money_goes() -> None:
    found = choose_offers([0.2] * 100, [[0.1]] * 100, [50.0] * 100, offers=OFFERS[:1], budget=37.5)
    assert (found.offers == 0).sum() == 37
    assert found.gain == pytest.approx(37 * 4)


def test_more_money_never_brings_less() -> None:
    chance = np.random.default_rng(4)
    customers = chance.random(3_000) / 2, chance.normal(0.05, 0.05, (3_000, 2)), chance.gamma(1, 80, 3_000)
    gains = [choose_offers(*customers, offers=OFFERS, budget=budget).gain for budget in (0, 50, 200, 800, 5_000)]
    assert gains[0] == 0
    assert gains == sorted(gains)
    # Each pound more brings less than the one before it.
    steps = np.diff(gains) / np.diff((0, 50, 200, 800, 5_000))
    assert (np.diff(steps) < 0).all()


@pytest.mark.parametrize(
    ("chance", "uplift", "value", "budget"),
    [
        ([1.2], [[0, 0]], [1], 1),
        ([0.5], [[np.nan, 0]], [1], 1),
        ([0.5], [[0, 0]], [1, 2], 1),
        ([0.5], [[0, 0]], [1], -1),
    ],
)
def test_figures_that_contradict_are_refused(
    chance: list[float], uplift: list[list[float]], value: list[float], budget: float
) -> None:
    with pytest.raises(OffersInvalid):
        choose_offers(chance, uplift, value, offers=OFFERS, budget=budget)
    with pytest.raises(OffersInvalid):
        Offer(name="", contact=-1, given=0)
