"""The rows of a file that are about one person, and the file without them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from zhike.exchange.files.delimited import DelimitedTable
from zhike.exchange.files.export import SheetWriter
from zhike.exchange.files.jsonlines import JsonLinesTable
from zhike.exchange.files.parquet import ParquetTable
from zhike.exchange.files.refused import Cells, text_file
from zhike.exchange.files.table import ROW, Batch, Table

if TYPE_CHECKING:
    from polars import Expr

_SEPARATORS = r"[\s().\-_/]+"


def find_rows(table: Table, *, pattern: str, forms: Collection[str], keys: Mapping[str, str]) -> set[int]:
    """Numbers of the rows in which the pattern is found in a cell, or a number whatever its separators.

    keys: column to the value that means the person there.
    """
    import polars as pl

    digits = "|".join(form for form in forms if form.isdigit())
    tests: list[Expr] = []
    for name in table.columns:
        cell = pl.col(name)
        tests.append(cell.str.contains(f"(?i){pattern}"))
        if digits:
            tests.append(cell.str.replace_all(_SEPARATORS, "").str.contains(digits))
        if name in keys:
            tests.append(cell == keys[name])
    matcher = re.compile(pattern, re.IGNORECASE)
    found: set[int] = set()
    for batch in table.batches():
        found.update(batch.rows.filter(pl.any_horizontal(*tests).fill_null(value=False))[ROW].to_list())
        found.update(
            row.row for row in batch.refused if any(matcher.search(text or "") for text in (*row.cells, row.line))
        )
    return found


def write_without(table: Table, gone: Collection[int], target: Path) -> None:
    """Write the file anew, in its format, without those rows; rows above the header are left out as well."""
    match table:
        case ParquetTable():
            _write_parquet(table, gone, target)
        case JsonLinesTable():
            with text_file(target, table.codec) as file:
                for cells, line in _others(table, gone):
                    record = dict(zip(table.keys, cells, strict=True)) if cells else None
                    file.write((json.dumps(record, ensure_ascii=False) if record else line) + "\n")
        case DelimitedTable():
            with text_file(target, table.codec) as file:
                delimiter = "\t" if table.delimiter == " " else table.delimiter
                writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
                if table.header_row:
                    writer.writerow(table.columns)
                for cells, line in _others(table, gone):
                    writer.writerow(cells) if cells else file.write(f"{line}\r\n")
        case _:
            with SheetWriter(target) as sheet:
                if table.header_row:
                    sheet.write_header(table.columns)
                for cells, line in _others(table, gone):
                    sheet.write(cells or [line])


def _others(table: Table, gone: Collection[int]) -> Iterator[tuple[Cells, str]]:
    """Cells, or the whole line of a row without cells, of the rows that stay, in the order of the file."""
    for batch in table.batches():
        for number, cells, line in sorted(_rows(batch), key=lambda row: row[0]):
            if number not in gone:
                yield cells, line


def _rows(batch: Batch) -> Iterator[tuple[int, Cells, str]]:
    for row in batch.refused:
        yield row.row, row.cells, row.line
    for number, *cells in batch.rows.iter_rows():
        yield number, cells, ""


def _write_parquet(table: ParquetTable, gone: Collection[int], target: Path) -> None:
    """With the types they had."""
    from pyarrow import parquet

    number = table.header_row
    with parquet.ParquetFile(table.path) as source, parquet.ParquetWriter(target, source.schema_arrow) as writer:
        for batch in source.iter_batches(batch_size=50_000, use_threads=False):
            writer.write_batch(batch.take([row for row in range(batch.num_rows) if row + number + 1 not in gone]))
            number += batch.num_rows
