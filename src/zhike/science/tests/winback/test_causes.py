"""Why customers left: the first cause that holds, and nothing made up of what is not known."""

from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.tests.tables import by_customer, rows_of
from zhike.science.winback.causes import CAUSES, CauseRules, SignalUnknown, lost_causes, lost_classes

SCHEMA = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("is_blocked", pa.bool_()),
        ("need_ended", pa.bool_()),
        ("named_competitor", pa.bool_()),
        ("open_complaint_count", pa.int64()),
        ("late_delivery_count", pa.int64()),
        ("satisfaction", pa.int64()),
        ("named_price", pa.bool_()),
        ("discounted_rate", pa.float64()),
    ]
)
flags = st.sampled_from([None, False, True])
counts = st.sampled_from([None, 0, 1, 2])
satisfactions = st.sampled_from([None, 3, 8])
rates = st.sampled_from([None, 0.2, 0.9])
signals = st.lists(
    st.tuples(
        flags, flags, flags, counts, counts, st.sampled_from([None, 3, 8]), flags, st.sampled_from([None, 0.2, 0.9])
    ),
    min_size=1,
    max_size=8,
)


def told(signal: tuple[Any, ...]) -> str:
    """By the word of the rules."""
    blocked, ended, competitor, complaints, late, satisfaction, price, discounted = signal
    holds = {
        "excluded": blocked,
        "need_ended": ended,
        "competitor": competitor,
        "complaint": complaints is not None and complaints >= 1,
        "service": (late is not None and late >= 2) or (satisfaction is not None and satisfaction <= 6),
        "price": price or (discounted is not None and discounted >= 0.8),
        "unknown": True,
    }
    return next(cause for cause in CAUSES if holds[cause])


@settings(deadline=None, max_examples=25)
@given(signals)
def test_the_first_cause_that_holds_is_told(known: list[tuple[Any, ...]]) -> None:
    size = len(known)
    lost = ibis.memtable(pa.table({"customer_id": list(range(size + 1)), "grade": ["top"] * (size + 1)}))
    rows = [dict(zip(SCHEMA.names, (place, *signal), strict=True)) for place, signal in enumerate(known)]
    found = by_customer(lost_causes(lost, ibis.memtable(pa.Table.from_pylist(rows, schema=SCHEMA))))
    assert [found[place]["cause"] for place in range(size)] == [told(signal) for signal in known]
    assert found[size]["cause"] == "unknown"
    assert all(row["is_asked"] == (row["cause"] not in ("excluded", "need_ended")) for row in found.values())


def test_classes_count_everybody_once() -> None:
    lost = ibis.memtable(pa.table({"customer_id": [1, 2, 3, 4], "grade": ["top", "top", "small", "small"]}))
    known = ibis.memtable(pa.table({"customer_id": [1, 2, 3], "satisfaction": [4, 5, 10]}))
    found = rows_of(lost_classes(lost_causes(lost, known)))
    assert sorted((row["cause"], row["grade"], row["customer_count"]) for row in found) == [
        ("service", "top", 2),
        ("unknown", "small", 2),
    ]
    strict = lost_causes(lost, known, rules=CauseRules(satisfaction=4))
    assert by_customer(strict)[2]["cause"] == "unknown"


def test_a_signal_without_a_rule_is_refused() -> None:
    lost = ibis.memtable(pa.table({"customer_id": [1], "grade": ["top"]}))
    with pytest.raises(SignalUnknown, match="weather"):
        lost_causes(lost, ibis.memtable(pa.table({"customer_id": [1], "weather": ["rain"]})))
