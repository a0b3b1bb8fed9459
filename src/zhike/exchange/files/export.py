"""Writing rows for people: CSV that Excel opens in Chinese, and XLSX, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhike.core.csv_files import Cell, csv_chunks, looks_like_formula, neutralise

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

SHEET_ROWS = 1_048_576
SHEET_CELL = 32_767
# A spreadsheet keeps fifteen digits of a number; more must stay text.
SHEET_DIGITS = 15
__all__ = ["Cell", "SheetWriter", "csv_chunks", "looks_like_formula", "neutralise", "write_xlsx"]


class SheetWriter:
    """An XLSX file written row by row in constant memory; further sheets where one is full. Use as a context."""

    def __init__(self, path: Path, *, zone: tzinfo = UTC, folder: Path | None = None) -> None:
        """folder: for what it puts down meanwhile."""
        from xlsxwriter import Workbook

        options: dict[str, Any] = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        options |= {"tmpdir": str(folder)} if folder else {}
        self._book: Workbook = Workbook(str(path), options)
        self._zone = zone
        self._formats: dict[str, Format] = {
            "date": self._book.add_format({"num_format": "yyyy-mm-dd"}),
            "moment": self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "header": self._book.add_format({"bold": True}),
            "text": self._book.add_format({"quote_prefix": True}),
        }
        self._sheet: Worksheet | None = None
        self._row = 0
        self._header: Sequence[str] = ()

    def __enter__(self) -> SheetWriter:
        return self

    def __exit__(self, *problem: object) -> None:
        if self._sheet is None:
            self._sheet = self._book.add_worksheet()
        self._book.close()

    def write_header(self, names: Sequence[str]) -> None:
        """The header; it is repeated on every further sheet."""
        self._header = names
        self._start_sheet()

    def _start_sheet(self) -> Worksheet:
        self._sheet, self._row = self._book.add_worksheet(), 0
        if self._header:
            self._sheet.freeze_panes(1, 0)
            for column, name in enumerate(self._header):
                self._sheet.write_string(0, column, name[:SHEET_CELL], self._formats["header"])
            self._row = 1
        return self._sheet

    def write(self, row: Sequence[Cell]) -> None:
        sheet = self._sheet
        if sheet is None or self._row >= SHEET_ROWS:
            sheet = self._start_sheet()
        for column, cell in enumerate(row):
            if cell is not None and cell != "":
                self._write_cell(sheet, column, cell)
        self._row += 1

    def _write_cell(self, sheet: Worksheet, column: int, cell: Any) -> None:
        match cell:
            case str():
                style = self._formats["text"] if looks_like_formula(cell) else None
                sheet.write_string(self._row, column, cell[:SHEET_CELL], style)
            case bool():
                sheet.write_boolean(self._row, column, cell)
            case datetime():
                moment = cell.astimezone(self._zone) if cell.tzinfo else cell
                sheet.write_datetime(self._row, column, moment.replace(tzinfo=None), self._formats["moment"])
            case date():
                sheet.write_datetime(self._row, column, cell, self._formats["date"])
            case int() | float() | Decimal() if _fits_sheet(cell):
                sheet.write_number(self._row, column, float(cell))
            case _:
                sheet.write_string(self._row, column, str(cell))


def _fits_sheet(number: float | Decimal) -> bool:
    decimal = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    return decimal.is_finite() and len(decimal.normalize().as_tuple().digits) <= SHEET_DIGITS


def write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]], *, zone: tzinfo = UTC) -> int:
    """The rows as a workbook; how many there were."""
    count = 0
    with SheetWriter(path, zone=zone) as writer:
        writer.write_header(header)
        for count, row in enumerate(rows, start=1):  # noqa: B007  the last number is the count
            writer.write(row)
    return count
