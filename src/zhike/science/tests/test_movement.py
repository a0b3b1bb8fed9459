"""Who went where, counted pair by pair and against an obvious implementation."""

from collections import Counter

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.movement import movements
from zhike.science.tests.tables import rows_of

GRADES = st.dictionaries(st.integers(1, 9), st.sampled_from(["top", "small", None]), max_size=9)


def table(grades: dict[int, str | None]) -> ir.Table:
    columns = {"customer_id": pa.array(list(grades), pa.int64()), "grade": pa.array(grades.values(), pa.string())}
    return ibis.memtable(pa.table(columns))


def moved(before: dict[int, str | None], after: dict[int, str | None]) -> dict[tuple[str | None, str | None], int]:
    rows = rows_of(movements(table(before), table(after), column="grade"))
    return {(row["origin"], row["destination"]): row["customer_count"] for row in rows}


def test_rates_are_of_those_who_were_there() -> None:
    rows = rows_of(movements(table({1: "top", 2: "top", 3: "small"}), table({1: "top", 4: "small"}), column="grade"))
    found = {(row["origin"], row["destination"]): (row["customer_count"], row["rate"]) for row in rows}
    assert found == {
        ("top", "top"): (1, 0.5),
        ("top", None): (1, 0.5),
        ("small", None): (1, 1.0),
        (None, "small"): (1, 1.0),
    }


@given(GRADES, GRADES)
@settings(max_examples=15, deadline=None)
def test_everybody_who_was_anywhere_is_counted_once(
    before: dict[int, str | None], after: dict[int, str | None]
) -> None:
    pairs = Counter((before.get(each), after.get(each)) for each in before | after)
    pairs.pop((None, None), None)
    assert moved(before, after) == dict(pairs)
