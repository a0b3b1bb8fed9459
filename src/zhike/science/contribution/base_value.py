"""The customer base as a Markov chain: grades, a state of being lost that nobody leaves, and those who come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from zhike.science.propensity.inputs import Floats, Integers

if TYPE_CHECKING:
    import ibis.expr.types as ir

PRIOR = 0.5  # customers of each kind of movement that are believed in before any is seen: Jeffreys (1946)


class MovesInvalid(ValueError):
    """Counts that are negative or do not fit the states, or a state that is not known."""


class StateNotSeen(ValueError):
    """Nobody was seen leaving or staying in a state that customers are in or come to, so where they go is not known."""


@dataclass(frozen=True, kw_only=True)
class Moves:
    """Of one period: counts[i, j] customers went from state i to state j, the last column being lost; arrivals[j] came.

    :raises MovesInvalid: the shapes differ, or a count is negative
    """

    states: tuple[str, ...]
    counts: Integers
    arrivals: Integers

    def __post_init__(self) -> None:
        size = len(self.states)
        if not size or self.counts.shape != (size, size + 1) or self.arrivals.shape != (size,):
            raise MovesInvalid(f"{size} states for counts of the shape {self.counts.shape}")
        if (self.counts < 0).any() or (self.arrivals < 0).any():
            raise MovesInvalid("a negative count")

    @classmethod
    def of_table(cls, rows: ir.Table, *, states: Sequence[str]) -> Self:
        """From :func:`zhike.science.movement.movements`; no destination is being lost, no origin is coming.

        :raises MovesInvalid: somebody is in a state that is not among these
        """
        places = {state: place for place, state in enumerate(states)}
        counts = np.zeros((len(places), len(places) + 1), dtype=np.int64)
        arrivals = np.zeros(len(places), dtype=np.int64)
        for row in rows.select("origin", "destination", "customer_count").to_pyarrow().to_pylist():
            origin, destination = row["origin"], row["destination"]
            if strange := {origin, destination} - {None, *places}:
                raise MovesInvalid(f"not among the states: {strange.pop()}")
            if origin is None:
                arrivals[places[destination]] = row["customer_count"]
            else:
                counts[places[origin], places.get(destination, len(places))] = row["customer_count"]
        return cls(states=tuple(states), counts=counts, arrivals=arrivals)

    @property
    def rates(self) -> Floats:
        """What share of each state went where; 0 from a state that nobody was in."""
        return np.asarray(self.counts / np.maximum(1, self.counts.sum(axis=1))[:, None])

    def check_seen(self, came: Floats | Integers) -> None:
        """
        :raises StateNotSeen: nobody was in a state into which customers move, or who came so or are there already
        """
        is_entered = self.counts[:, :-1].any(axis=0) | (came > 0)
        if blind := [
            state
            for state, count, entered in zip(self.states, self.counts.sum(axis=1), is_entered, strict=True)
            if entered and not count
        ]:
            raise StateNotSeen(", ".join(blind))


@dataclass(frozen=True, kw_only=True)
class BaseForecast:
    """customers: a row for each period from the next one on, a column for each state; value: of each period, expected,
    with low and high of the level asked for. Discounted where a rate was given."""

    states: tuple[str, ...]
    customers: Floats
    value: Floats
    low: Floats
    high: Floats


def forecast_base(
    moves: Moves,
    *,
    customers: Sequence[int],
    value: Sequence[float],
    periods: int,
    seed: int,
    with_arrivals: bool = True,
    discount: float = 0.0,
    level: float = 0.95,
    draws: int = 2_000,
) -> BaseForecast:
    """What the customers of today, and those who come as they came, bring in each period.

    customers: in each state today. value: what a customer in each state brings in a period. discount: for a period.
    Movements go on as they were seen in `moves`, and depend on the state alone; lost customers do not come back other
    than as arrivals. Intervals hold what is not known of the rates (Dirichlet and gamma draws with Jeffreys' prior) and
    chance (multinomial and Poisson draws), not that a period may differ from the one seen, nor what a customer of a
    state brings. A state that nobody is in, was in or came to stays empty.
    Sources: Pfeifer and Carraway (2000); Rust, Lemon and Zeithaml (2004).

    :raises StateNotSeen: customers are in, or come to, a state of which no movement was seen
    :raises MovesInvalid: customers or values do not fit the states
    """
    now, worth = _of_states(moves, customers), _of_states(moves, value)
    if periods < 1 or draws < 1 or not 0 < level < 1 or discount <= -1:
        raise ValueError("one period and draw at least, a level between 0 and 1, a discount above -1")
    rates = moves.rates
    size, came = len(moves.states), moves.arrivals if with_arrivals else np.zeros(len(moves.states), dtype=np.int64)
    moves.check_seen(now + came)
    expected = np.empty((periods, size))
    held = now
    for period in range(periods):
        held = expected[period] = held @ rates[:, :-1] + came
    factors = (1 + discount) ** -np.arange(1, periods + 1, dtype=float)
    chance = np.random.default_rng(seed)
    # A state that stays empty is no place to go to or to arrive at; the last place is that of the lost.
    is_open = (now > 0) | (came > 0) | (moves.counts.sum(axis=1) > 0) | (moves.counts[:, :-1].sum(axis=0) > 0)
    prior = PRIOR * np.append(is_open, 1)
    going = np.stack([chance.dirichlet(row + prior, size=draws) for row in moves.counts], axis=1)
    coming = chance.gamma(came + prior[:-1], size=(draws, size)) if with_arrivals else np.zeros((draws, size))
    drawn = np.tile(now.astype(np.int64), (draws, 1))
    values = np.empty((periods, draws))
    for period in range(periods):
        drawn = chance.multinomial(drawn, going).sum(axis=1)[:, :-1] + chance.poisson(coming)
        values[period] = drawn @ worth
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=1) * factors
    return BaseForecast(states=moves.states, customers=expected, value=expected @ worth * factors, low=low, high=high)


def lifetime_worth(moves: Moves, *, value: Sequence[float], discount: float, periods: int | None = None) -> Floats:
    """What one customer in each state brings in this period and in so many after it; until lost, where it is not said
    in how many: (I - P / (1 + d))⁻¹ v. Of a state that nobody was in or came to nothing is known, and the answer is 0.

    Source: Pfeifer and Carraway, Modeling customer relationships as Markov chains (2000).

    :raises StateNotSeen: customers come to a state that nobody was in
    :raises MovesInvalid: values do not fit the states
    """
    if discount <= 0:
        raise ValueError("a discount above 0, for customers who may stay for ever")
    moves.check_seen(np.zeros(len(moves.states)))
    kept = moves.rates[:, :-1] / (1 + discount)
    worth = np.where(moves.counts.any(axis=1), _of_states(moves, value), 0.0)
    if periods is None:
        return np.asarray(np.linalg.solve(np.eye(len(kept)) - kept, worth))
    whole = worth
    for _ in range(periods):
        whole = worth + kept @ whole
    return whole


def _of_states(moves: Moves, told: Any) -> Floats:
    figures = np.asarray(told, dtype=np.float64)
    if figures.shape != (len(moves.states),) or not np.isfinite(figures).all():
        raise MovesInvalid(f"a number for each of {len(moves.states)} states")
    return figures
