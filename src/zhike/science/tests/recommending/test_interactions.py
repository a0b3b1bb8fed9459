"""What counts as bought."""

import ibis
import pyarrow as pa
import pytest

from zhike.science.recommending.interactions import Interactions, NothingBought, calendar_day
from zhike.science.tests.recommending.shops import FIRST_DAY, lines_table, shop


def bought(interactions: Interactions) -> set[tuple[int, str, int]]:
    users, items = interactions.users.to_pylist(), interactions.items.to_pylist()
    start = (FIRST_DAY - calendar_day(0)).days
    entries = zip(interactions.user, interactions.item, interactions.day, strict=True)
    return {(users[user], items[item], int(day) - start) for user, item, day in entries}


def test_refunds_take_back_and_gaps_are_left_out() -> None:
    found = shop(
        [
            (1, "a", 0, 2),
            (1, "a", 0, 1),
            (1, "a", 5, -1),
            (1, "b", 0, 1),
            (1, "b", 3, -1),
            (2, "c", 1, 0),
            (None, "a", 0, 1),
            (2, None, 0, 1),
            (2, "a", 7, 1),
        ]
    )
    assert bought(found) == {(1, "a", 0), (2, "a", 7)}
    assert found.pairs.days.tolist() == [1, 1]


def test_lines_in_any_order_and_doubled_are_the_same() -> None:
    lines = [(2, "b", 3, 1), (1, "a", 0, 1), (2, "b", 9, 1), (1, "c", 2, 4)]
    one, other = shop(lines), shop([*reversed(lines), *lines])
    for name in ("user", "item", "day"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    assert one.counted.toarray().tolist() == [[1, 0, 1], [0, 2, 0]]
    without = Interactions.of_table(lines_table([*lines, *lines]).drop("quantity"))
    assert without.day.tolist() == one.day.tolist()


def test_who_and_what_is_known_besides_has_a_place() -> None:
    found = shop(
        [(2, "b", 0, 1)],
        customers=ibis.memtable(pa.table({"customer_id": [1, 2, 3]})),
        products=ibis.memtable(pa.table({"product_id": ["a", "b"]})),
    )
    assert found.shape == (3, 2)
    assert found.held.toarray().tolist() == [[0, 0], [0, 1], [0, 0]]
    assert found.places([3, 9, 1]).tolist() == [2, -1, 0]


def test_the_past_knows_nothing_of_the_future() -> None:
    found = shop([(1, "a", 0, 1), (1, "a", 10, 1), (2, "b", 11, 1)])
    past = found.until(calendar_day(found.last_day - 1))
    assert past.shape == found.shape
    assert past.held.toarray().tolist() == [[1, 0], [0, 0]]
    assert past.pairs.days.tolist() == [2]


def test_nothing_bought_is_refused() -> None:
    with pytest.raises(NothingBought):
        shop([])
    with pytest.raises(NothingBought):
        shop([(1, "a", 0, 1), (1, "a", 1, -1)])
    with pytest.raises(NothingBought):
        _day = shop([(1, "a", 0, 1)]).until(calendar_day(0)).last_day
