"""Excel workbooks, new (xlsx) and old (xls)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from zhike.exchange.files import dialect
from zhike.exchange.files.archive import check_archive, damaged
from zhike.exchange.files.parquet import check_cells
from zhike.exchange.files.table import ROW, Batch, Format, Limits, Reading, Table, check_width, warn_titles
from zhike.exchange.reasons import FileProblem

if TYPE_CHECKING:
    from fastexcel import ExcelReader, ExcelSheet
    from polars import DataFrame


def open_sheet(path: Path, *, name: str, format: Format, limits: Limits, reading: Reading) -> SheetTable:
    if format == "xlsx":
        entries = check_archive(path, name=name, limits=limits)
        if not any(entry.startswith("xl/") for entry in entries):
            raise FileProblem(_("%(file)s is a zip file, but no Excel workbook") % {"file": name})
    book = _open(path, name)
    sheets = tuple(book.sheet_names)
    if not sheets:
        raise damaged(name)
    sheet = reading.sheet if reading.sheet in sheets else sheets[0]
    top = _load(book, sheet, name, rows=dialect.RECORDS)
    for other in sheets if reading.sheet is None else ():
        if top.height:
            break
        sheet, top = other, _load(book, other, name, rows=dialect.RECORDS)
    if not top.height:
        raise FileProblem(_("%(file)s is empty") % {"file": name})
    check_width(top.width, name=name, limits=limits)
    rows = [[cell or "" for cell in row] for row in top.to_polars().iter_rows()]
    first, names_columns = dialect.find_header(rows)
    if reading.header is not None:
        names_columns = reading.header
    warnings: list[str] = []
    if names_columns:
        columns, warnings = dialect.name_columns(rows[first], file=name)
    else:
        columns = dialect.number_columns(top.width)
    warnings = warn_titles(first, name=name) + warnings
    if len(sheets) > 1:
        warnings.append(
            _("%(file)s has %(count)s sheets; “%(sheet)s” is read")
            % {"file": name, "count": len(sheets), "sheet": sheet}
        )
    return SheetTable(
        path=path,
        name=name,
        format=format,
        columns=columns,
        limits=limits,
        sheet=sheet,
        sheets=sheets,
        header_row=first + 1 if names_columns else 0,
        row_estimate=max(0, top.total_height - first - names_columns),
        warnings=warnings,
        rows_above=first + names_columns,
    )


def _open(path: Path, name: str) -> ExcelReader:
    import fastexcel

    try:
        return fastexcel.read_excel(path)
    except fastexcel.FastExcelError as problem:
        if "assword" not in str(problem) and "ncrypt" not in str(problem):
            raise damaged(name) from problem
        raise FileProblem(
            _("%(file)s is protected by a password; please save it without one") % {"file": name}
        ) from problem


def _load(book: ExcelReader, sheet: str, name: str, *, rows: int | None = None, skip: int = 0) -> ExcelSheet:
    """All cells as text; row 1 of the sheet is row 1 of the frame."""
    import fastexcel

    try:
        return book.load_sheet(sheet, header_row=None, skip_rows=skip, n_rows=rows, dtypes="string")
    except fastexcel.FastExcelError as problem:
        raise FileProblem(
            _("Sheet “%(sheet)s” of %(file)s cannot be read: %(problem)s")
            % {"sheet": sheet, "file": name, "problem": problem}
        ) from problem


ERRORS = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
}
_ERROR = re.compile(r"Error\((\w+)\)")


def _frame(sheet: ExcelSheet) -> DataFrame:
    """The cells, errors as the spreadsheet shows them: what came out of no formula must not pass for empty."""
    import polars as pl

    cells, errors = sheet.to_arrow_with_errors()
    frame = pl.DataFrame(pl.from_arrow(cells))
    places: dict[int, list[tuple[int, str]]] = {}
    for error in errors.errors if errors else ():
        row, column = error.offset_position
        shown = _ERROR.search(error.detail)
        places.setdefault(column, []).append((row, ERRORS.get(shown[1], "#ERROR!") if shown else "#ERROR!"))
    for column, found in places.items():
        rows, texts = zip(*found, strict=True)
        frame.replace_column(column, frame.to_series(column).scatter(list(rows), list(texts)))
    return frame


@dataclass(kw_only=True)
class SheetTable(Table):
    """A sheet of a workbook. rows_above: rows before the first data row."""

    rows_above: int = 1

    def batches(self, size: int = 50_000, skip_rows: int = 0) -> Iterator[Batch]:
        import polars as pl

        frame = _frame(_load(_open(self.path, self.name), self.sheet, self.name, skip=self.rows_above))
        frame.columns = list(self.columns)
        for start in range(skip_rows, frame.height, size):
            part = frame.slice(start, size)
            part = part.with_columns(
                pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in self.columns
            )
            first = self.rows_above + start + 1
            numbers = pl.int_range(first, first + part.height, dtype=pl.Int64, eager=True).alias(ROW)
            yield check_cells(part.insert_column(0, numbers), self, start + part.height)
