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


# A plan that serves other rows too must not follow from those that were there when it was made.
LOOKING_AT_ROWS = ("statistics_propagation", "compressed_materialization", "row_group_pruner")


class Compiled:
    """A measure of orders and customers, planned once, when it is first asked, and run on many companies."""

    def __init__(self, measure: Callable[[ir.Table, ir.Table], ir.Table]) -> None:
        self._measure = measure

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        orders = ibis.table(ibis.Schema.from_pyarrow(ORDERS), name="orders")
        customers = ibis.table(ibis.Schema.from_pyarrow(CUSTOMERS), name="customers")
        engine = duckdb.connect(config={"threads": 1, "disabled_optimizers": ",".join(LOOKING_AT_ROWS)})
        for name, schema in (("orders", ORDERS), ("customers", CUSTOMERS)):
            engine.register("fresh", schema.empty_table())
            engine.execute(f'CREATE TABLE "{name}" AS FROM fresh')
        engine.execute(f"PREPARE measure AS {ibis.to_sql(self._measure(orders, customers), dialect='duckdb')}")
        return engine

    def rows(self, orders: list[Order], customers: Iterable[int] = ()) -> list[dict[str, Any]]:
        self._replace("orders", _orders(orders))
        self._replace("customers", pa.table({"customer_id": list(customers)}, schema=CUSTOMERS))
        rows: list[dict[str, Any]] = self._engine.execute("EXECUTE measure").to_arrow_table().to_pylist()
        return rows

    def _replace(self, name: str, rows: pa.Table) -> None:
        self._engine.register("fresh", rows)
        self._engine.execute(f'DELETE FROM "{name}"')  # noqa: S608
        self._engine.execute(f'INSERT INTO "{name}" FROM fresh')

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
