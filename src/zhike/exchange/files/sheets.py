"""Excel workbooks, new (xlsx) and old (xls)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from zhike.exchange.files import dialect
from zhike.exchange.files.archive import check_archive, damaged
from zhike.exchange.files.parquet import check_cells
from zhike.exchange.files.table import (
    ROW,
    Batch,
    Format,
    Limits,
    Reading,
    Table,
    check_width,
    warn_titles,
)
from zhike.exchange.reasons import FileProblem

if TYPE_CHECKING:
    from polars import DataFrame

READER = Path(__file__).with_name("sheet_reader.py")
LONGEST_READ_S = 900


@dataclass(frozen=True)
class _Extract:
    """A sheet as an Arrow file. rows: of the sheet, from its first on."""

    file: Path
    sheets: tuple[str, ...]
    sheet: str
    rows: int


def open_sheet(path: Path, *, name: str, format: Format, limits: Limits, reading: Reading) -> SheetTable:
    if format == "xlsx":
        entries = check_archive(path, name=name, limits=limits)
        if not any(entry.startswith("xl/") for entry in entries):
            raise FileProblem(_("%(file)s is a zip file, but no Excel workbook") % {"file": name})
    folder = Path(tempfile.mkdtemp(prefix="sheet-", dir=path.parent if os.access(path.parent, os.W_OK) else None))
    try:
        extract = _extract(path, folder / "cells.arrow", name=name, limits=limits, sheet=reading.sheet or "")
        table = _recognise(path, extract, name=name, format=format, limits=limits, reading=reading)
    except FileProblem:
        shutil.rmtree(folder)
        raise
    weakref.finalize(table, shutil.rmtree, folder, ignore_errors=True)
    return table


def _extract(path: Path, target: Path, *, name: str, limits: Limits, sheet: str) -> _Extract:
    """Read the sheet in a process that may fail without harm."""
    command = [sys.executable, str(READER), str(path), str(target), sheet, str(limits.max_sheet_memory)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_READ_S, check=False)  # noqa: S603
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as problem:
        raise FileProblem(
            _("%(file)s asks for more memory or time than is allowed: a sheet is too large, or damaged")
            % {"file": name}
        ) from problem
    if "problem" in answer:
        if "assword" in answer["problem"] or "ncrypt" in answer["problem"]:
            raise FileProblem(_("%(file)s is protected by a password; please save it without one") % {"file": name})
        raise damaged(name)
    if not answer["rows"]:
        raise FileProblem(_("%(file)s is empty") % {"file": name})
    return _Extract(target, tuple(answer["sheets"]), answer["sheet"], answer["rows"])


def _recognise(
    path: Path, extract: _Extract, *, name: str, format: Format, limits: Limits, reading: Reading
) -> SheetTable:
    top = next(_frames(extract.file)).head(dialect.RECORDS)
    check_width(top.width, name=name, limits=limits)
    rows = [[cell or "" for cell in row] for row in top.iter_rows()]
    first, names_columns = dialect.find_header(rows)
    if reading.header is not None:
        names_columns = reading.header
    warnings: list[str] = []
    columns = dialect.number_columns(top.width)
    if names_columns:
        columns, warnings = dialect.name_columns(rows[first], file=name)
    warnings = warn_titles(first, name=name) + warnings
    if len(extract.sheets) > 1:
        warnings.append(
            _("%(file)s has %(count)s sheets; “%(sheet)s” is read")
            % {"file": name, "count": len(extract.sheets), "sheet": extract.sheet}
        )
    return SheetTable(
        path=path,
        name=name,
        format=format,
        columns=columns,
        limits=limits,
        sheet=extract.sheet,
        sheets=extract.sheets,
        header_row=first + 1 if names_columns else 0,
        row_estimate=max(0, extract.rows - first - names_columns),
        warnings=warnings,
        rows_above=first + names_columns,
        cells=extract.file,
    )


def _frames(cells: Path) -> Iterator[DataFrame]:
    import polars as pl
    import pyarrow as pa

    with pa.memory_map(str(cells)) as file, pa.ipc.open_file(file) as reader:
        for number in range(reader.num_record_batches):
            yield pl.DataFrame(pl.from_arrow(reader.get_batch(number)))


@dataclass(kw_only=True)
class SheetTable(Table):
    """A sheet of a workbook. rows_above: rows before the first data row. cells: the sheet as an Arrow file."""

    rows_above: int = 1
    cells: Path = field(default_factory=Path)

    def batches(self, size: int = 50_000, skip_rows: int = 0) -> Iterator[Batch]:
        import polars as pl

        passed = -self.rows_above
        for frame in _frames(self.cells):
            start, passed = passed, passed + frame.height
            for first in range(max(0, skip_rows, start), passed, size):
                part = frame.slice(first - start, size)
                part.columns = list(self.columns)
                part = part.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in self.columns)
                row = self.rows_above + first + 1
                numbers = pl.int_range(row, row + part.height, dtype=pl.Int64, eager=True).alias(ROW)
                yield check_cells(part.insert_column(0, numbers), self, first + part.height)
