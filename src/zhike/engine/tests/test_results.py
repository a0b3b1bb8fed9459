from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa

from zhike.engine.results import write_rows

ROWS: list[dict[str, Any]] = [
    {"id": 1, "grade": "top", "amount": Decimal("12.34567890"), "share": 0.1, "on": date(2026, 2, 28), "ok": True},
    {"id": 2, "grade": "", "amount": Decimal("-9999999999999999.99999999"), "share": 1e-300, "on": None, "ok": False},
    {"id": 3, "grade": None, "amount": None, "share": None, "on": date(1, 1, 1), "ok": None},
    {"id": 4, "grade": '客户, "甲"\n\\N', "amount": Decimal(0), "share": -0.5, "on": None, "ok": True},
]
MOMENT = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)


def test_rows_arrive_as_they_were(shop: psycopg.Connection[Any]) -> None:
    shop.execute(
        "CREATE TEMP TABLE score (customer_id bigint, grade text, amount numeric(24, 8), share float8,"
        ' "on" date, ok boolean, at timestamptz)'
    )
    rows = pa.Table.from_pylist([row | {"at": MOMENT} for row in ROWS])
    columns = ["customer_id", "grade", "amount", "share", "on", "ok", "at"]
    assert write_rows(shop, "score", rows, columns=columns) == 4
    stored = shop.execute("SELECT * FROM score ORDER BY customer_id").fetchall()
    assert stored == [(*row.values(), MOMENT) for row in ROWS]
