"""The company's exports as files on disk, written chunk by chunk."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from zhike.demo.customers import iter_customer_frames
from zhike.demo.plan import Plan
from zhike.demo.purchases import iter_order_frames

CUSTOMER_FILE = "客户档案"
ORDER_FILE = "订单明细"


def write_customers(plan: Plan, path: Path) -> int:
    """Write the customer file, CSV or Parquet by its suffix; returns its rows."""
    return _write(iter_customer_frames(plan), path)


def write_orders(plan: Plan, path: Path) -> int:
    """Write the order lines, CSV or Parquet by its suffix; returns its rows."""
    return _write(iter_order_frames(plan), path)


def _write(frames: Iterator[pl.DataFrame], path: Path) -> int:
    draft = path.with_name(f".{path.name}")
    rows = _write_parquet(frames, draft) if path.suffix == ".parquet" else _write_csv(frames, draft)
    draft.replace(path)
    return rows


def _write_csv(frames: Iterator[pl.DataFrame], path: Path) -> int:
    rows = 0
    with path.open("wb") as file:
        for frame in frames:
            frame.write_csv(file, include_header=rows == 0, include_bom=rows == 0)
            rows += len(frame)
    return rows


def _write_parquet(frames: Iterator[pl.DataFrame], path: Path) -> int:
    rows = 0
    writer: pq.ParquetWriter | None = None
    try:
        for frame in frames:
            table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
            rows += len(frame)
    finally:
        if writer:
            writer.close()
    return rows


def checksum(path: Path) -> str:
    """SHA-256 of the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
