"""Small shops, and the one whose invoices are published."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from zhike.science.recommending.interactions import Interactions, NothingBought

FIRST_DAY = date(2025, 1, 1)
LINES = pa.schema(
    [("customer_id", pa.int64()), ("product_id", pa.string()), ("placed_on", pa.date32()), ("quantity", pa.int64())]
)

type Line = tuple[int | None, str | None, int, int]  # the day counts from the first


def lines_table(lines: Iterable[Line]) -> ir.Table:
    rows = [
        {"customer_id": user, "product_id": item, "placed_on": FIRST_DAY + timedelta(days=day), "quantity": quantity}
        for user, item, day, quantity in lines
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=LINES))


def shop(lines: Iterable[Line], **known: ir.Table) -> Interactions:
    return Interactions.of_table(lines_table(lines), **known)


def of_pairs(pairs: Iterable[tuple[int, str]]) -> Interactions:
    """Each bought once, on the first day."""
    return shop((user, item, 0, 1) for user, item in pairs)


def listed(table: pa.Table) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in table.to_pylist():
        found.setdefault(row["customer_id"], []).append(row["product_id"])
    return found


def retail(trial_data: Path) -> Interactions:
    file = trial_data / "online_retail" / "online_retail.parquet"
    if not file.is_file():
        pytest.skip("needs the trial data set online_retail")
    table = ibis.duckdb.connect(threads=1).read_parquet(file)
    sold = table.filter(
        table.CustomerID.notnull(), table.Quantity > 0, table.UnitPrice > 0, ~table.InvoiceNo.startswith("C")
    )
    return Interactions.of_table(
        sold.select(
            customer_id=sold.CustomerID.cast("int64"),
            product_id=sold.StockCode,
            placed_on=sold.InvoiceDate.date(),
            quantity=sold.Quantity,
        )
    )


def tried(lines: list[Any]) -> Interactions | None:
    try:
        return shop(lines)
    except NothingBought:
        return None
