from datetime import date, timedelta
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from zhike.science.purchases import purchase_summary
from zhike.science.relationship import relationship_depth
from zhike.science.tests.tables import by_customer, orders_table

DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("recorded", "purchase_days", "depth"),
    [
        (None, 0, "prospect"),
        ("", 0, "prospect"),
        ("suspect", 0, "suspect"),
        ("client", 0, "prospect"),
        ("suspect", 1, "first_time"),
        (None, 2, "repeat"),
        ("first_time", 3, "repeat"),
        ("repeat", 4, "client"),
        ("advocate", 1, "advocate"),
        ("partner", 0, "partner"),
        ("former", 9, "former"),
        ("disqualified", 0, "disqualified"),
    ],
)
def test_purchases_deepen_a_relation_unless_people_decided(
    recorded: str | None, purchase_days: int, depth: str
) -> None:
    orders = orders_table((1, DAY - timedelta(days=n), Decimal(1)) for n in range(purchase_days))
    relationships = ibis.memtable(pa.table({"customer_id": [1], "relationship": pa.array([recorded], pa.string())}))
    found = relationship_depth(purchase_summary(orders, as_of=DAY), relationships=relationships)
    assert by_customer(found) == {1: {"relationship": depth}}
