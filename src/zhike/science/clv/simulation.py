"""Customers as a fitted model tells of them: for intervals, for power, for trying things out without anybody's data."""

from __future__ import annotations

from typing import Any

import numpy as np

from zhike.science.clv.beta_geo import BetaGeo
from zhike.science.clv.histories import Floats, Histories, Integers
from zhike.science.clv.nbd import Nbd
from zhike.science.clv.pareto_nbd import ParetoNbd

type Simulated = BetaGeo | Nbd | ParetoNbd

_SLOWEST = 1e-300  # of rates, so that no waiting time is endless


def simulate_histories(
    model: Simulated, age: Any, *, seed: int | np.random.Generator, resolution: float = 0.0
) -> Histories:
    """A customer of each age, each a history of its own.

    age: from the first purchase to the end, in the model's unit of time. resolution: how finely purchases are dated, in
    that unit (1/7 for days where it is weeks, ages then whole days); purchases dated the same are one; 0 for no dates.
    """
    ages = np.asarray(age, dtype=np.float64)
    customer, time = simulate_purchases(model, ages, seed=seed, resolution=resolution)
    frequency, recency = np.bincount(customer, minlength=len(ages)), np.zeros(len(ages))
    recency[customer] = time  # the last of each customer's, which stand in order
    return Histories.of_customers(frequency, recency, ages)


def simulate_purchases(
    model: Simulated, age: Any, *, seed: int | np.random.Generator, resolution: float = 0.0
) -> tuple[Integers, Floats]:
    """Repeat purchases of a customer of each age: whose (the place in age) and when, from the first; in that order.

    age, resolution: as in :func:`simulate_histories`.
    """
    ages = np.asarray(age, dtype=np.float64)
    chance = np.random.default_rng(seed)
    if isinstance(model, BetaGeo):
        customer, time = _one_by_one(model, ages, chance)
    else:
        customer, time = _until_they_leave(model, ages, chance)
    if resolution:
        # Of purchases during a day the number of the day, never 0 and never after the end.
        time = np.minimum(np.ceil(time / resolution) * resolution, ages[customer])
    order = np.lexsort((time, customer))
    customer, time = customer[order], time[order]
    again = (np.diff(customer, prepend=-1) == 0) & (np.diff(time, prepend=-1.0) == 0)
    return customer[~again], time[~again]


def _one_by_one(model: BetaGeo, ages: Floats, chance: np.random.Generator) -> tuple[Integers, Floats]:
    """Each purchase in turn, with the choice to leave after it."""
    rate = np.maximum(chance.gamma(model.r, 1 / model.alpha, len(ages)), _SLOWEST)
    leaves = chance.beta(model.a, model.b, len(ages))
    here = np.arange(len(ages))
    if model.is_modified:
        here = here[chance.random(len(here)) >= leaves]
    now = np.zeros(len(here))
    found = [(here[:0], now[:0])]
    while len(here):
        now = now + chance.standard_exponential(len(here)) / rate[here]
        here, now = here[now < ages[here]], now[now < ages[here]]
        found.append((here, now))
        stays = chance.random(len(here)) >= leaves[here]
        here, now = here[stays], now[stays]
    customers, times = zip(*found, strict=True)
    return np.concatenate(customers), np.concatenate(times)


def _until_they_leave(model: Nbd | ParetoNbd, ages: Floats, chance: np.random.Generator) -> tuple[Integers, Floats]:
    """Purchases spread evenly over a lifetime that they do not decide."""
    rate = chance.gamma(model.r, 1 / model.alpha, len(ages))
    lifetime = ages
    if isinstance(model, ParetoNbd):
        leaving = np.maximum(chance.gamma(model.s, 1 / model.beta, len(ages)), _SLOWEST)
        lifetime = np.minimum(chance.standard_exponential(len(ages)) / leaving, ages)
    customer = np.repeat(np.arange(len(ages)), chance.poisson(rate * lifetime))
    return customer, chance.random(len(customer)) * lifetime[customer]
