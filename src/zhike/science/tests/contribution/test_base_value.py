"""The base forecast by hand, as published, and with intervals that hold what happens."""

import ibis
import numpy as np
import pyarrow as pa
import pytest

from zhike.science.contribution.base_value import Moves, MovesInvalid, StateNotSeen, forecast_base, lifetime_worth
from zhike.science.movement import movements

STATES = ("top", "small")


def moves(counts: list[list[int]], arrivals: tuple[int, int] = (0, 10)) -> Moves:
    return Moves(states=STATES, counts=np.array(counts), arrivals=np.array(arrivals))


def test_two_periods_by_hand() -> None:
    seen = moves([[8, 1, 1], [10, 60, 30]])
    told = forecast_base(seen, customers=[100, 200], value=[50, 10], periods=2, seed=1, discount=0.1)
    # top: 100 · .8 + 200 · .1; small: 100 · .1 + 200 · .6 + 10
    assert told.customers == pytest.approx(np.array([[100, 140], [94, 104]]))
    assert told.value == pytest.approx([6_400 / 1.1, 5_740 / 1.21])
    assert (told.low < told.value).all()
    assert (told.value < told.high).all()
    closed = forecast_base(seen, customers=[100, 200], value=[50, 10], periods=2, seed=1, with_arrivals=False)
    assert closed.customers[0] == pytest.approx([100, 130])


def test_a_customer_is_worth_what_pfeifer_and_carraway_found() -> None:
    rates = np.array([[30, 70, 0, 0, 0], [20, 0, 80, 0, 0], [15, 0, 0, 85, 0], [5, 0, 0, 0, 95]])
    seen = Moves(states=("1", "2", "3", "4"), counts=rates, arrivals=np.zeros(4, dtype=np.int64))
    worth = [36, -4, -4, -4]
    told = lifetime_worth(seen, value=worth, discount=0.2, periods=4)
    assert told == pytest.approx([50.115, 4.220, 0.592, -1.980], abs=1e-3)
    for_ever = lifetime_worth(seen, value=worth, discount=0.2)
    assert for_ever == pytest.approx(lifetime_worth(seen, value=worth, discount=0.2, periods=300))


def test_intervals_hold_what_happens_about_as_often_as_they_say() -> None:
    chance = np.random.default_rng(5)
    truth = np.array([[0.8, 0.1, 0.1], [0.1, 0.6, 0.3]])
    inside = 0
    for company in range(200):
        seen = moves([chance.multinomial(count, row).tolist() for count, row in zip((60, 150), truth, strict=True)])
        told = forecast_base(
            seen,
            customers=[60, 150],
            value=[50, 10],
            periods=3,
            seed=company,
            with_arrivals=False,
            draws=300,
            level=0.9,
        )
        now = np.array([60, 150])
        for _ in range(3):
            now = chance.multinomial(now, truth).sum(axis=0)[:2]
        inside += int(told.low[2] <= now @ [50, 10] <= told.high[2])
    assert 0.84 <= inside / 200 <= 0.96


def test_moves_come_from_two_days() -> None:
    def grades(told: dict[int, str]) -> ibis.expr.types.Table:
        return ibis.memtable(pa.table({"customer_id": list(told), "grade": list(told.values())}))

    rows = movements(
        grades({1: "top", 2: "top", 3: "small"}), grades({1: "top", 2: "small", 4: "small"}), column="grade"
    )
    seen = Moves.of_table(rows, states=STATES)
    assert seen.counts.tolist() == [[1, 1, 0], [0, 0, 1]]
    assert seen.arrivals.tolist() == [0, 1]
    with pytest.raises(MovesInvalid, match="small"):
        Moves.of_table(rows, states=("top",))


def test_a_grade_that_nobody_has_stays_empty() -> None:
    states = ("top", "middle", "small")
    counts = np.array([[0, 0, 0, 0], [0, 8, 1, 1], [0, 10, 60, 30]])
    seen = Moves(states=states, counts=counts, arrivals=np.array([0, 0, 10]))
    told = forecast_base(seen, customers=[0, 100, 200], value=[90, 50, 10], periods=2, seed=1)
    without = forecast_base(moves([[8, 1, 1], [10, 60, 30]]), customers=[100, 200], value=[50, 10], periods=2, seed=1)
    assert told.customers[:, 0].tolist() == [0, 0]
    assert told.value == pytest.approx(without.value)
    # A grade that nobody enters is no risk either, whatever its customers would bring.
    rich = forecast_base(seen, customers=[0, 100, 200], value=[1e9, 50, 10], periods=2, seed=1)
    assert (rich.low.tolist(), rich.high.tolist()) == (told.low.tolist(), told.high.tolist())
    assert told.high == pytest.approx(without.high, rel=0.05)
    worth = lifetime_worth(seen, value=[90, 50, 10], discount=0.1)
    assert worth[0] == 0
    assert worth[1:] == pytest.approx(lifetime_worth(moves([[8, 1, 1], [10, 60, 30]]), value=[50, 10], discount=0.1))
    entered = Moves(states=states, counts=counts + np.array([[0] * 4, [1, 0, 0, 0], [0] * 4]), arrivals=seen.arrivals)
    for asked in (
        lambda: forecast_base(seen, customers=[1, 1, 1], value=[1, 1, 1], periods=1, seed=1),
        lambda: forecast_base(entered, customers=[0, 1, 1], value=[1, 1, 1], periods=1, seed=1),
        lambda: lifetime_worth(entered, value=[1, 1, 1], discount=0.1),
    ):
        with pytest.raises(StateNotSeen, match="top"):
            asked()


def test_what_cannot_be_told_is_refused_by_name() -> None:
    with pytest.raises(StateNotSeen, match="small"):
        forecast_base(moves([[8, 1, 1], [0, 0, 0]]), customers=[1, 1], value=[1, 1], periods=1, seed=1)
    with pytest.raises(MovesInvalid):
        moves([[8, 1], [0, 0]])
    with pytest.raises(MovesInvalid):
        moves([[8, 1, -1], [0, 0, 0]])
    with pytest.raises(MovesInvalid):
        lifetime_worth(moves([[8, 1, 1], [1, 1, 1]]), value=[1, np.nan], discount=0.1)
