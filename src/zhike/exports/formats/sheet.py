"""XLSX: the number stands in the header and footer of each printed page, and a sheet says what this is."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from zhike.exchange.files.export import SHEET_ROWS, SheetWriter
from zhike.exports.formats.csv import flat
from zhike.exports.formats.head import Head
from zhike.exports.marks import Mark
from zhike.exports.models import work_dir_of

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = SHEET_ROWS - 1
WIDTH = 18


class MarkedSheets(SheetWriter):
    """A workbook whose pages are marked."""

    def __init__(self, path: Path, mark: Mark) -> None:
        super().__init__(path, zone=mark.zone, folder=work_dir_of(path))
        self._mark = mark
        told = f"{mark.code} · {mark.who} · {mark.moment}"
        self._book.set_properties({"title": mark.code, "author": mark.who, "comments": told})
        self._book.set_custom_property("zhike.export", mark.code)

    def __exit__(self, *problem: object) -> None:
        if self._sheet is not None and problem[0] is None:
            self._write_about()
        super().__exit__(*problem)

    def _start_sheet(self) -> "Worksheet":
        sheet = super()._start_sheet()
        # An ampersand begins a code in headers.
        who = self._mark.who.replace("&", "&&")
        sheet.set_header(f"&L{_('Zhike export')} {self._mark.code}&R{who}")
        sheet.set_footer(f"&L{self._mark.moment}&R&P / &N")
        if self._header:
            sheet.set_column(0, len(self._header) - 1, WIDTH)
        return sheet

    def _write_about(self) -> None:
        about = self._book.add_worksheet(str(_("About this export"))[:31])
        about.set_column(0, 0, WIDTH)
        about.set_column(1, 1, 100)
        for row, (label, text) in enumerate(self._mark.lines):
            about.write_string(row, 0, label, self._formats["header"])
            about.write_string(row, 1, text)


def write(path: Path, heads: Sequence[Head], rows: Iterator[Sequence[Any]], mark: Mark) -> None:
    folder = work_dir_of(path)
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        with MarkedSheets(path, mark) as writer:
            writer.write_header([head.label for head in heads])
            for row in rows:
                writer.write([*map(flat, row)])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
