"""The hidden truth about each customer: when they come, how often they buy, what they spend, when they leave."""

from dataclasses import dataclass

import numpy as np

from zhike.demo.places import CITIES
from zhike.demo.plan import CHUNK, POPULATION, Flags, Floats, Ints, Plan

FIRM_SHARE = 0.15
EARLIER_SHARE = 0.30  # known since before the orders begin
EARLIER_DAYS = 900
FIRST_PURCHASE_SHARE = 0.86  # of the others: they became customers by buying
# Purchases: Poisson at a rate that differs as Gamma(shape); customers leave at a rate that differs as well, so that
# lifetimes are Pareto distributed (Schmittlein, Morrison and Colombo 1987).
RATE_SHAPE = 0.75
LEAVING_SHAPE = 1.15
LEAVING_SCALE_DAYS = 430.0
# Mean spending per order differs as an inverse Gamma (Fader, Hardie and Lee 2005).
SPENDING_SHAPE = 3.0
PERSON_SPENDING = 210.0
FIRM_SPENDING = 820.0
FIRM_RATE = 1.5


@dataclass(frozen=True, kw_only=True)
class Population:
    """One chunk of customers, a row each.

    number: from 0 over the whole company. came, begins, ends: days since the first order day; `came` is negative for
    customers known before. first_day: the day of the first purchase, or -1 where there was none on coming.
    weight: expected share of the later purchases, in no unit. spending: mean yuan per order.
    """

    number: Ints
    is_firm: Flags
    city: Ints
    came: Ints
    begins: Floats
    ends: Floats
    first_day: Ints
    weight: Floats
    spending: Floats


def population(plan: Plan, chunk: int) -> Population:
    """The chunk's customers; the same whenever it is asked for."""
    random = plan.random(POPULATION, chunk)
    size = plan.chunk_size(chunk)
    is_firm = random.random(size) < FIRM_SHARE
    weights = np.asarray([city.weight for city in CITIES], dtype=np.float64)
    city = random.choice(len(CITIES), size, p=weights / weights.sum()).astype(np.int64)
    is_earlier = random.random(size) < EARLIER_SHARE
    persons, firms = plan.clocks
    span = np.where(is_firm, firms[-1], persons[-1])
    arrival = random.random(size) * span
    came = np.where(is_firm, days_of(arrival, firms), days_of(arrival, persons))
    earlier = -random.integers(1, EARLIER_DAYS, size)
    lifetime = random.exponential(size=size) * LEAVING_SCALE_DAYS / random.gamma(LEAVING_SHAPE, size=size)
    begins = np.where(is_earlier, 0, came).astype(np.float64)
    ends = np.minimum(begins + lifetime, plan.day_count)
    rate = random.gamma(RATE_SHAPE, size=size) * np.where(is_firm, FIRM_RATE, 1.0)
    exposure = np.where(
        is_firm, clock_at(ends, firms) - clock_at(begins, firms), clock_at(ends, persons) - clock_at(begins, persons)
    )
    scale = np.where(is_firm, FIRM_SPENDING, PERSON_SPENDING) * (SPENDING_SHAPE - 1)
    buys_at_once = ~is_earlier & (random.random(size) < _first_purchase_share(plan))
    return Population(
        number=np.arange(size, dtype=np.int64) + chunk * CHUNK,
        is_firm=is_firm,
        city=city,
        came=np.where(is_earlier, earlier, came),
        begins=begins,
        ends=ends,
        first_day=np.where(buys_at_once, came, -1),
        weight=rate * exposure,
        spending=scale / random.gamma(SPENDING_SHAPE, size=size),
    )


def clock_at(days: Floats, clock: Floats) -> Floats:
    """Purchase time elapsed at a moment given in days."""
    return np.interp(days, np.arange(len(clock)), clock)


def days_of(times: Floats, clock: Floats) -> Ints:
    """The day on which a purchase time falls."""
    days = np.interp(times, clock, np.arange(len(clock)))
    return np.minimum(days.astype(np.int64), len(clock) - 2)


def _first_purchase_share(plan: Plan) -> float:
    # Where there are hardly more orders than customers, most of them are left for the heavy buyers.
    return min(FIRST_PURCHASE_SHARE, 0.4 * plan.orders / plan.customers)
