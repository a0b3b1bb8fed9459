"""CSV and its relatives: commas, tabs, semicolons, bars or runs of blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from zhike.exchange.files import dialect
from zhike.exchange.files.encoding import SAMPLE_BYTES, Block, Encoding, find_encoding, read_blocks
from zhike.exchange.files.records import Record, clean, find_damage, read_record, read_records
from zhike.exchange.files.table import ROW, Batch, Limits, Reading, RefusedRow, Table, check_width, warn_titles
from zhike.exchange.reasons import FileProblem

if TYPE_CHECKING:
    import pyarrow as pa
    from polars import DataFrame

BLANKS = re.compile(rb"[ \t]+")
SMALLEST_BLOCK = 64 * 1024
LARGEST_BLOCK = 8 * 1024 * 1024


def open_delimited(path: Path, *, name: str, limits: Limits, reading: Reading) -> DelimitedTable:
    encoding = find_encoding(path, reading.encoding, name=name)
    text = _read_start(path, encoding)
    newline = "\r" if "\r" in text and "\n" not in text else "\n"
    delimiter = reading.delimiter or dialect.recognise_delimiter(text)
    records = [record for record, _index in zip(read_records(text, delimiter), range(dialect.RECORDS), strict=False)]
    rows = [record.cells for record in records]
    if not any(map(any, rows)):
        raise FileProblem(_("%(file)s is empty") % {"file": name})
    first, names_columns = dialect.find_header(rows)
    if reading.header is not None:
        names_columns = reading.header
    width = max(len(rows[first]), _usual_width(rows[first:]))
    warnings: list[str] = []
    if names_columns:
        columns, warnings = dialect.name_columns(rows[first] + [""] * (width - len(rows[first])), file=name)
    else:
        columns = dialect.number_columns(width)
    warnings = warn_titles(first, name=name) + warnings
    check_width(len(columns), name=name, limits=limits)
    used = len(text[: records[-1].end].encode(encoding.codec, "ignore"))
    row_bytes = max(1.0, used / len(records))
    return DelimitedTable(
        path=path,
        name=name,
        format="csv",
        columns=columns,
        limits=limits,
        encoding=encoding.label,
        delimiter=delimiter,
        header_row=first + 1 if names_columns else 0,
        row_estimate=max(0, round(path.stat().st_size / row_bytes) - first - names_columns),
        warnings=warnings,
        codec=encoding,
        newline=newline,
        rows_above=first + names_columns,
        row_bytes=row_bytes,
    )


def _read_start(path: Path, encoding: Encoding) -> str:
    """Whole lines from the start; the mark of a wrong byte may stay, it hides no delimiter."""
    for newline in ("\n", "\r"):
        for block in read_blocks(path, encoding, size=SAMPLE_BYTES, newline=newline):
            text = block.text.decode()
            if newline in text or newline == "\r":
                return text
    return ""


def _usual_width(rows: list[list[str]]) -> int:
    """Cells in most rows, empty ones at the end left aside."""
    counts: dict[int, int] = {}
    for row in rows:
        width = len(row)
        while width and not row[width - 1].strip():
            width -= 1
        counts[width] = counts.get(width, 0) + 1
    return max(counts, key=lambda width: counts[width], default=0)


@dataclass(kw_only=True)
class DelimitedTable(Table):
    """rows_above: records before the first data row. row_bytes: bytes of a record, from the start of the file."""

    codec: Encoding = field(default_factory=lambda: Encoding("utf-8"))
    newline: str = "\n"
    rows_above: int = 1
    row_bytes: float = 100.0

    def batches(self, size: int = 50_000, skip_rows: int = 0) -> Iterator[Batch]:
        passed = 0
        for part in self._parts(size):
            start, passed = passed, passed + part.count
            if passed <= skip_rows:
                continue
            yield from _cut(part, start, above=self.rows_above, skip=max(0, skip_rows - start), size=size)

    def _parts(self, size: int) -> Iterator[_Part]:
        above, pending = self.rows_above, b""
        block_bytes = int(min(max(size * self.row_bytes, SMALLEST_BLOCK), LARGEST_BLOCK)) // 4 * 4
        blocks = read_blocks(self.path, self.codec, size=block_bytes, newline=self.newline)
        block = next(blocks, None)
        while block is not None:
            following = next(blocks, None)
            text = pending + (block.text.replace(b"\r", b"\n") if self.newline == "\r" else block.text)
            if above:
                text = _drop_records(text, above, self.delimiter)
                above = 0
            part, pending = self._parse(Block(text, block.damaged or bool(pending)), final=following is None)
            if part.count:
                yield part
            block = following

    def _parse(self, block: Block, *, final: bool) -> tuple[_Part, bytes]:
        if not block.damaged and self.delimiter.isascii():
            part = self._parse_quickly(block.text)
            if part is not None:
                return part, b""
        return self._parse_exactly(block.text.decode(), final=final)

    def _parse_quickly(self, text: bytes) -> _Part | None:
        """By Arrow; None where a record spans lines or anything else is out of the ordinary."""
        import polars as pl
        import pyarrow as pa
        from pyarrow import compute

        lines = text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
        if not lines:
            return _Part(_frame([[] for _ in self.columns], [], self.columns), [], 0)
        if text.count(b"\r") != text.count(b"\r\n") or self._ends_open(text):
            return None
        odd: list[tuple[int, str]] = []
        try:
            table = _read_arrow(text, self.delimiter, self.columns, odd)
        except pa.ArrowInvalid:
            return None
        if table.num_rows + len(odd) != lines:
            return None
        longest = max(compute.max(compute.binary_length(column)).as_py() or 0 for column in table.columns)
        if longest > self.limits.max_cell:
            return None
        frame = pl.DataFrame(pl.from_arrow(table))
        numbers = pl.int_range(1, lines + 1, dtype=pl.Int64, eager=True)
        if odd:
            numbers = numbers.filter(~numbers.is_in([number for number, _text in odd]))
        frame = frame.insert_column(0, numbers.alias(ROW))
        cells, refused = self._sort_odd(odd)
        if cells:
            frame = pl.concat([frame, cells_frame(cells, self.columns)]).sort(ROW)
        return _Part(frame.filter(~pl.all_horizontal(pl.exclude(ROW).is_null())), refused, lines)

    def _ends_open(self, text: bytes) -> bool:
        """Whether the last line opens a cell that it does not close, which Arrow closes at the end of its text."""
        line = text[text.rfind(b"\n", 0, -1) + 1 :]
        if b'"' not in line or self.delimiter == " ":
            return False
        record = read_record(line.decode(), 0, self.delimiter)
        return record is None or record.open_at >= 0

    def _sort_odd(self, odd: list[tuple[int, str]]) -> tuple[list[tuple[int, list[str]]], list[RefusedRow]]:
        """Rows whose number of cells differs: those with empty cells too many are good, the rest refused."""
        good: list[tuple[int, list[str]]] = []
        refused: list[RefusedRow] = []
        for number, text in odd:
            record = read_record(text, 0, "\t" if self.delimiter == " " else self.delimiter)
            self._sort_record(number, record or Record([text], -1, len(text)), good, refused)
        return good, refused

    def _sort_record(
        self, number: int, record: Record, good: list[tuple[int, list[str]]], refused: list[RefusedRow]
    ) -> None:
        if record.is_blank:
            return
        cells, width, longest = record.cells, len(self.columns), self.limits.max_cell
        damage = find_damage(record, longest=longest)
        shown = tuple(clean(cell, longest=longest) for cell in cells)
        if damage:
            column = self.columns[damage.cell] if damage.cell < width else ""
            expected = str(longest) if damage.reason == "cell_too_long" else self.encoding
            refused.append(RefusedRow(number, damage.reason, column, damage.value, expected, shown))
        elif len(cells) < width or any(cell.strip() for cell in cells[width:]):
            refused.append(RefusedRow(number, "column_count", "", str(len(cells)), str(width), shown))
        else:
            good.append((number, cells[:width]))

    def _parse_exactly(self, text: str, *, final: bool) -> tuple[_Part, bytes]:
        import polars as pl

        good: list[tuple[int, list[str]]] = []
        refused: list[RefusedRow] = []
        count = end = 0
        for record in read_records(text, self.delimiter, final=final):
            count, end = count + 1, record.end
            self._sort_record(count, record, good, refused)
        frame = cells_frame(good, self.columns).filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
        return _Part(frame, refused, count), text[end:].encode()


@dataclass(frozen=True)
class _Part:
    """Records of one block, numbered from 1. count: how many, blank and refused ones included."""

    frame: DataFrame
    refused: list[RefusedRow]
    count: int


def _cut(part: _Part, start: int, *, above: int, skip: int, size: int) -> Iterator[Batch]:
    """The part in batches, numbered as in the file.

    start: data rows before the part. above: rows before the data. skip: rows of the part to pass over.
    """
    import polars as pl

    before = above + start
    for first in range(skip, part.count, size):
        last = min(first + size, part.count)
        frame = part.frame
        if first or last < part.count:
            frame = frame.filter(pl.col(ROW).is_between(first + 1, last))
        refused = [replace(row, row=row.row + before) for row in part.refused if first < row.row <= last]
        yield Batch(frame.with_columns(pl.col(ROW) + before), refused, start + last)


def _drop_records(text: bytes, count: int, delimiter: str) -> bytes:
    decoded = text.decode()
    at = 0
    for _index in range(count):
        record = read_record(decoded, at, delimiter)
        at = record.end if record else at
    return decoded[at:].encode()


def _read_arrow(text: bytes, delimiter: str, columns: tuple[str, ...], odd: list[tuple[int, str]]) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    def note_odd(row: Any) -> str:
        odd.append((row.number, row.text))
        return "skip"

    if delimiter == " ":
        text = b"\n".join(BLANKS.sub(b"\t", line.strip(b" \t\r")) for line in text.split(b"\n"))
    return csv.read_csv(
        pa.py_buffer(text),
        read_options=csv.ReadOptions(
            use_threads=False, block_size=max(len(text) + 1, 1024), column_names=list(columns)
        ),
        parse_options=csv.ParseOptions(
            delimiter="\t" if delimiter == " " else delimiter,
            quote_char=False if delimiter == " " else '"',
            newlines_in_values=delimiter != " ",
            ignore_empty_lines=False,
            invalid_row_handler=note_odd,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.large_string()),
            strings_can_be_null=True,
            null_values=[""],
            check_utf8=False,
        ),
    )


def cells_frame(rows: list[tuple[int, list[str]]], columns: tuple[str, ...]) -> DataFrame:
    values = [[cells[i] or None for _number, cells in rows] for i in range(len(columns))]
    return _frame(values, [number for number, _cells in rows], columns)


def _frame(values: list[list[str | None]], numbers: list[int], columns: tuple[str, ...]) -> DataFrame:
    import polars as pl

    data: dict[str, Any] = {ROW: pl.Series(numbers, dtype=pl.Int64)}
    for name, column in zip(columns, values, strict=True):
        data[name] = pl.Series(column, dtype=pl.String)
    return pl.DataFrame(data)
