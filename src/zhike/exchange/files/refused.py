"""Refused rows as a file like the one they came from, each with its reason beside it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from zhike.exchange.files.delimited import DelimitedTable
from zhike.exchange.files.encoding import Encoding
from zhike.exchange.files.export import SheetWriter, neutralise
from zhike.exchange.files.jsonlines import JsonLinesTable
from zhike.exchange.files.parquet import ParquetTable
from zhike.exchange.files.table import ROW, Table
from zhike.exchange.reasons import LINE_COLUMN, REASON_COLUMN, is_reason_column

ENDINGS = {"xlsx": ".xlsx", "xls": ".xlsx", "parquet": ".parquet", "jsonl": ".jsonl"}
DELIMITED_ENDINGS = {".csv", ".tsv", ".txt", ".tab"}
# A number that a sheet keeps as it is; anything else goes back as text.
_SHEET_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})|-?(?=[0-9.]{3,16}$)(?:0|[1-9][0-9]*)\.[0-9]*[1-9]")
# Stands for a blank where blanks separate columns.
NO_BREAK_SPACE = "\u00a0"

Cells = Sequence[str | None]


def ending(table: Table) -> str:
    """The ending of the file that `write_refused` writes."""
    given = Path(table.name).suffix.lower()
    return ENDINGS.get(table.format) or (given if given in DELIMITED_ENDINGS else ".csv")


def write_refused(table: Table, reasons: Mapping[int, str], target: Path) -> int:
    """Write the rows whose number has a reason; how many were found.

    The source is read again, so nothing but numbers and reasons needs keeping; rows that the format itself refused
    belong into `reasons` too (`RefusedRow.text()`). An old workbook comes back as a new one, a line that is no JSON as
    text. The reasons of an earlier round are replaced.
    """
    match table:
        case DelimitedTable():
            return _write_delimited(table, reasons, target)
        case JsonLinesTable():
            return _write_json_lines(table, reasons, target)
        case ParquetTable():
            return _write_parquet(table, reasons, target)
        case _:
            return _write_sheet(table, reasons, target)


def _chosen(table: Table, reasons: Mapping[int, str]) -> Iterator[tuple[int, Cells, str]]:
    """Number, cells and whole line (for a row without cells) of the rows with reasons, in the order of the file."""
    import polars as pl

    wanted = pl.Series(list(reasons), dtype=pl.Int64)
    for batch in table.batches():
        rows: list[tuple[int, Cells, str]] = [
            (row.row, row.cells, row.line) for row in batch.refused if row.row in reasons
        ]
        found = batch.rows.filter(pl.col(ROW).is_in(wanted.implode()))
        rows += [(number, cells, "") for number, *cells in found.iter_rows()]
        yield from sorted(rows, key=lambda row: row[0])


def _without_reasons(table: Table, cells: Cells) -> list[str]:
    texts = [cell or "" for cell in cells]
    if len(texts) != len(table.columns):
        return texts
    return [text for name, text in zip(table.columns, texts, strict=True) if not is_reason_column(name)]


@contextmanager
def text_file(target: Path, encoding: Encoding) -> Iterator[io.TextIOWrapper]:
    """A file to write in that encoding; what it cannot hold is written as an escape."""
    with target.open("wb") as raw:
        raw.write(encoding.bom)
        with io.TextIOWrapper(raw, encoding=encoding.codec, errors="backslashreplace", newline="") as file:
            yield file


def _write_delimited(table: DelimitedTable, reasons: Mapping[int, str], target: Path) -> int:
    # The reasons may be Chinese, which a Western code page cannot hold.
    encoding = table.codec if table.codec.codec != "cp1252" else Encoding("utf-8", b"\xef\xbb\xbf")
    names = [name for name in table.columns if not is_reason_column(name)]
    width = max([len(names), *_overlong(table, reasons)])
    count = 0
    with text_file(target, encoding) as file:
        writer = csv.writer(file, delimiter=table.delimiter, lineterminator="\r\n")

        def write(cells: Sequence[str], reason: str) -> None:
            if table.delimiter == " ":
                file.write("  ".join(re.sub(r"\s+", NO_BREAK_SPACE, cell) for cell in [*cells, reason]) + "\r\n")
            else:
                padding = [""] * (width - len(cells))
                writer.writerow([neutralise(cell) for cell in (*cells, *padding, reason)])

        if table.header_row:
            write(names, str(REASON_COLUMN))
        for number, cells, _line in _chosen(table, reasons):
            write(_without_reasons(table, cells), reasons[number])
            count += 1
    return count


def _overlong(table: Table, reasons: Mapping[int, str]) -> Iterator[int]:
    """Cells of the rows that have more than the header names; their reason must not stand among them."""
    for batch in table.batches():
        yield from (len(row.cells) for row in batch.refused if row.row in reasons)


def _write_json_lines(table: JsonLinesTable, reasons: Mapping[int, str], target: Path) -> int:
    count = 0
    with text_file(target, table.codec) as file:
        for number, cells, line in _chosen(table, reasons):
            named = zip(table.keys, cells, strict=True) if cells else [(str(LINE_COLUMN), line)]
            record = {key: cell for key, cell in named if not is_reason_column(key)}
            file.write(json.dumps({**record, str(REASON_COLUMN): reasons[number]}, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_sheet(table: Table, reasons: Mapping[int, str], target: Path) -> int:
    count = 0
    with SheetWriter(target) as writer:
        if table.header_row:
            names = [name for name in table.columns if not is_reason_column(name)]
            writer.write_header([*names, str(REASON_COLUMN)])
        for number, cells, _line in _chosen(table, reasons):
            texts = _without_reasons(table, cells)
            writer.write([*(float(text) if _SHEET_NUMBER.fullmatch(text) else text for text in texts), reasons[number]])
            count += 1
    return count


def _write_parquet(table: ParquetTable, reasons: Mapping[int, str], target: Path) -> int:
    """With the types they had."""
    import pyarrow as pa
    from pyarrow import parquet

    count, number = 0, table.header_row
    wanted = sorted(reasons)
    with parquet.ParquetFile(table.path) as source:
        schema = source.schema_arrow
        for name in filter(is_reason_column, schema.names):
            schema = schema.remove(schema.get_field_index(name))
        with parquet.ParquetWriter(target, schema.append(pa.field(str(REASON_COLUMN), pa.string()))) as writer:
            for batch in source.iter_batches(batch_size=50_000, use_threads=False):
                rows = [row for row in wanted if number < row <= number + batch.num_rows]
                kept = pa.Table.from_batches([batch]).select(schema.names).take([row - number - 1 for row in rows])
                told = pa.array([reasons[row] for row in rows], pa.string())
                writer.write_table(kept.append_column(str(REASON_COLUMN), told))
                number += batch.num_rows
                count += len(rows)
    return count
