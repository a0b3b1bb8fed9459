"""The same tables for both engines: real shops with what they lack made by chance, and companies that nobody has."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from zhike.engine.versions import TableFiles, Version, Versions
from zhike.engine.warehouse import Warehouse
from zhike.science.tests.measures import SCHEMAS

type Rows = list[dict[str, Any]]
type Company = Mapping[str, Rows]

ARROW = {name: ibis.schema(columns).to_pyarrow() for name, columns in SCHEMAS.items()}
RETAIL_DAY = date(2011, 12, 9)
CDNOW_DAY = date(1998, 6, 30)
MADE_DAY = date(2026, 1, 31)
NAMES = ("suspect", "prospect", "advocate", "former", "", None)


def retail(folder: Path) -> Company:
    """Online Retail: every invoice an order, its lines as they are, refunds among them."""
    read = ibis.duckdb.connect(threads=1).read_parquet(folder / "online_retail" / "online_retail.parquet")
    sold = read.filter(read.UnitPrice >= 0).mutate(
        customer_id=read.CustomerID.cast("int64"), amount=(read.Quantity * read.UnitPrice).round(2)
    )
    orders = sold.group_by("InvoiceNo", "customer_id").agg(amount=sold.amount.sum(), at=sold.InvoiceDate.max())
    placed = [
        {**row, "amount": _money(row["amount"]), "at": row["at"].replace(tzinfo=UTC), "key": row["InvoiceNo"]}
        for row in orders.order_by("InvoiceNo").to_pyarrow().to_pylist()
    ]
    numbers = {row["key"]: number for number, row in enumerate(placed)}
    products: dict[str, int] = {}
    lines = [
        {
            "order_id": numbers[row["InvoiceNo"]],
            "product_id": products.setdefault(row["StockCode"], len(products)),
            "quantity": row["Quantity"],
            "customer_id": row["customer_id"],
            "key": f"{row['InvoiceNo']}-{place}",
            "at": row["InvoiceDate"].replace(tzinfo=UTC),
            "amount": _money(row["amount"]),
            "category": row["StockCode"][:2],
        }
        for place, row in enumerate(sold.order_by("InvoiceNo", "StockCode", "Quantity").to_pyarrow().to_pylist())
    ]
    return _company(placed, lines, seed=1)


def cdnow(folder: Path) -> Company:
    """CDNOW: all 23,570 customers."""
    placed = []
    for number, line in enumerate((folder / "cdnow" / "CDNOW_master.txt").read_text().splitlines()[1:]):
        customer, day, _discs, amount = line.split()
        at = datetime.strptime(day, "%Y%m%d").replace(hour=number % 24, tzinfo=UTC)
        placed.append({"customer_id": int(customer), "key": str(number), "at": at, "amount": Decimal(amount)})
    return _company(placed, [], seed=2)


def made(seed: int, *, customers: int, orders: int) -> Company:
    """With whatever is seldom: nobody's orders, unknown and endless amounts, ties, days after the last."""
    chance = np.random.default_rng(seed)
    placed, lines = [], []
    amounts = [*(Decimal(each) for each in (0, -1, 1, 1, 5, 5)), None, Decimal("9999999999999999.99999999")]
    for number in range(orders):
        days = int(chance.exponential(200)) - 10
        at = datetime(2026, 1, 31, int(chance.integers(24)), int(chance.integers(60)), tzinfo=UTC) - timedelta(days)
        rare = chance.random() < 0.2
        amount = amounts[int(chance.integers(len(amounts)))] if rare else _money(chance.gamma(2, 50))
        customer = None if chance.random() < 0.05 else int(chance.integers(customers))
        placed.append({"customer_id": customer, "key": str(number), "at": at, "amount": amount})
        for place in range(int(chance.integers(1, 5))):
            category = None if chance.random() < 0.1 else f"c{chance.integers(4)}"
            lines.append(
                {"order_id": number, "product_id": int(chance.geometric(0.2)), "quantity": int(chance.integers(-1, 4))}
                | {"customer_id": customer, "key": f"{number}-{place}", "at": at, "category": category}
                | {"amount": None if amount is None else (amount / 2).quantize(Decimal("1e-8"))}
            )
    return _company(placed, lines, seed=seed)


def nobody() -> Company:
    """A company on its first day: every table is there, and empty."""
    return {name: [] for name in SCHEMAS}


def warehouse(folder: Path, company: Company) -> Warehouse:
    """Its tables as a refresh would leave them; of the orders, some replaced and some gone since the base."""
    tables = {}
    for name, rows in company.items():
        table = pa.Table.from_pylist([{column: row.get(column) for column in ARROW[name].names} for row in rows])
        table = table.cast(ARROW[name]) if rows else ARROW[name].empty_table()
        tables[name] = _written(folder, name, table, is_changed=name == "orders")
    version = Version(number=1, identity="", watermark=0, fingerprint="", tables=tables)
    Versions(folder).publish(version)
    return Warehouse(folder)


def _written(folder: Path, name: str, rows: pa.Table, *, is_changed: bool) -> TableFiles:
    (folder / "tables" / name).mkdir(parents=True)
    keyed = rows.append_column("row_id", pa.array(range(len(rows)), pa.int64()))
    parts = {"base": keyed}
    if is_changed:
        fresh, kept = keyed.slice(0, len(rows) // 20), keyed.slice(len(rows) // 20)
        amount = fresh.column_names.index("amount")
        stale = fresh.set_column(amount, fresh.schema.field(amount), pa.nulls(len(fresh), fresh.schema.types[amount]))
        parts = {"base": pa.concat_tables([stale, kept]), "gone": fresh.select(["row_id"]), "changes": fresh}
    paths = {part: f"tables/{name}/000000001-{part}.parquet" for part in parts}
    for part, table in parts.items():
        parquet.write_table(table, folder / paths[part])
    return TableFiles(
        definition="",
        origin="",
        row_count=len(rows),
        fingerprint="",
        base_row_count=len(rows),
        key="row_id",
        change="row_id",
        **paths,
    )


def _company(placed: Rows, lines: Rows, *, seed: int) -> Company:
    chance = np.random.default_rng(seed)
    ids = sorted({row["customer_id"] for row in placed if row["customer_id"] is not None})
    first, last = min(row["at"] for row in placed), max(row["at"] for row in placed)

    def facts(name: str, column: str, values: list[Any]) -> Rows:
        rows = []
        for number in range(len(ids)):
            at = first + (last - first) * chance.random()
            late = timedelta(days=int(chance.integers(0, 40)) if chance.random() < 0.3 else 0)
            row = {"customer_id": ids[int(chance.integers(len(ids)))], "key": f"{name}-{number}", "at": at}
            rows.append(row | {"known_at": at + late, column: values[int(chance.integers(len(values)))]})
        return rows

    return {
        "orders": [row | {"placed_on": row["at"].date()} for row in placed],
        "customers": [{"customer_id": each, "relationship": NAMES[each % len(NAMES)]} for each in [*ids, 10**12]],
        "trial": [
            {"arm": "ab"[int(chance.integers(2))], "visit": bool(chance.random() < 0.2), "spend": _money(spend)}
            for spend in chance.gamma(1, 30, size=2000)
        ],
        "lines": lines,
        "signals": [
            {"customer_id": each, "satisfaction": int(score), "named_price": None if score > 9 else bool(score % 2)}
            for each, score in zip(ids[::3], chance.integers(0, 11, size=len(ids)), strict=False)
        ],
        "fact_orders": [row | {"known_at": row["at"]} for row in placed],
        "fact_lines": [row | {"known_at": row["at"]} for row in lines],
        "fact_events": facts("event", "kind", ["visit", "cart", "mail"]),
        "fact_tickets": facts("ticket", "subject", [None]),
        "fact_surveys": facts("survey", "score", [0, 3, 7, 9, 10, None]),
        "fact_loyalty": facts("points", "points", [-50, 10, 10, 200]),
    }


def _money(amount: float) -> Decimal:
    return Decimal(f"{amount:.2f}")
