"""What is to be made, and the random streams that make it the same every time."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zhike.demo.seasons import daily_intensity

CHUNK = 50_000  # customers made at once, at whatever size: the memory used does not grow with the company

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]
type Flags = NDArray[np.bool_]

# One stream of random numbers for each purpose, so that a change to one leaves the others as they were.
POPULATION, ALLOCATION, PURCHASES, CUSTOMERS, WALK_INS, ACTIVITIES = range(6)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A company of `customers` with `orders` in the `months` up to `end_on`, the same for the same seed.

    orders: sales, refunds and anonymous orders together. mean_lines: lines on an order; 1 makes every order one line.
    """

    customers: int
    orders: int
    end_on: date
    seed: int = 20260315
    months: int = 24
    mean_lines: float = 1.7

    def __post_init__(self) -> None:
        if self.customers < 1 or self.orders < 0 or self.mean_lines < 1:
            raise ValueError("a company has customers, and an order has a line")

    @cached_property
    def first_on(self) -> date:
        return self.end_on - timedelta(days=round(self.months * 365.25 / 12) - 1)

    @cached_property
    def day_count(self) -> int:
        return (self.end_on - self.first_on).days + 1

    @property
    def chunk_count(self) -> int:
        return -(-self.customers // CHUNK)

    def chunk_size(self, chunk: int) -> int:
        return min(CHUNK, self.customers - chunk * CHUNK)

    def random(self, stream: int, chunk: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream, chunk])

    @cached_property
    def clocks(self) -> tuple[Floats, Floats]:
        """Purchase time elapsed by the start of each day, for persons and for firms; one entry more than days."""
        persons, firms = (
            np.concatenate([[0.0], np.cumsum(daily_intensity(self.first_on, self.end_on, firms=firms))])
            for firms in (False, True)
        )
        return persons, firms
