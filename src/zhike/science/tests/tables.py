"""Small Ibis tables from Python rows, and back."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

AMOUNT = pa.decimal128(24, 8)
ORDERS = pa.schema([("customer_id", pa.int64()), ("placed_on", pa.date32()), ("amount", AMOUNT)])

CUSTOMERS = pa.schema([("customer_id", pa.int64())])

type Order = tuple[int | None, date, Decimal]


def orders_table(orders: Iterable[Order]) -> ir.Table:
    return ibis.memtable(_orders(orders))


def _orders(orders: Iterable[Order]) -> pa.Table:
    rows = [dict(zip(ORDERS.names, order, strict=True)) for order in orders]
    return pa.Table.from_pylist(rows, schema=ORDERS)


def customers_table(ids: Iterable[int]) -> ir.Table:
    return ibis.memtable(pa.table({"customer_id": pa.array(list(ids), pa.int64())}))


class Compiled:
    """A measure of orders and customers, written as SQL once, when it is first asked, and run on many companies."""

    def __init__(self, measure: Callable[[ir.Table, ir.Table], ir.Table]) -> None:
        self._measure = measure

    @cached_property
    def _sql(self) -> str:
        orders = ibis.table(ibis.Schema.from_pyarrow(ORDERS), name="orders")
        customers = ibis.table(ibis.Schema.from_pyarrow(CUSTOMERS), name="customers")
        return str(ibis.to_sql(self._measure(orders, customers), dialect="duckdb"))

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(config={"threads": 1})

    def rows(self, orders: list[Order], customers: Iterable[int] = ()) -> list[dict[str, Any]]:
        self._engine.register("orders", _orders(orders))
        self._engine.register("customers", pa.table({"customer_id": list(customers)}, schema=CUSTOMERS))
        rows: list[dict[str, Any]] = self._engine.execute(self._sql).to_arrow_table().to_pylist()
        return rows

    def by_customer(self, orders: list[Order], customers: Iterable[int] = ()) -> dict[int, dict[str, Any]]:
        return _by_customer(self.rows(orders, customers))


def rows_of(table: ir.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return rows


def by_customer(table: ir.Table) -> dict[int, dict[str, Any]]:
    return _by_customer(rows_of(table))


def _by_customer(rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    found = {row.pop("customer_id"): row for row in rows}
    assert len(found) == len(rows)
    return found
