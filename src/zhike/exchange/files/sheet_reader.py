"""A program of its own that turns one sheet of a workbook into an Arrow file.

A few bytes of a workbook can ask for a table of any size, and the library answers an allocation that fails by ending
the process. So it runs here, under a limit, where nothing is lost by that. Started by its path, it imports nothing of
the product: `sheet_reader.py WORKBOOK TARGET SHEET BYTES`; prints one JSON object.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from fastexcel import ExcelReader

ERRORS = {"Div0": "#DIV/0!", "NA": "#N/A", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!", "Ref": "#REF!"}
_ERROR = re.compile(r"Error\((\w+)\)")
BATCH_ROWS = 50_000


def main(workbook: str, target: str, wanted: str, allowed: int) -> dict[str, object]:
    """Write the wanted sheet, or the first that holds anything; say which there are."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    import fastexcel
    import pyarrow as pa

    try:
        book = fastexcel.read_excel(workbook)
        names = list(book.sheet_names)
        chosen, cells = "", None
        for name in [wanted] if wanted in names else names:
            chosen, cells = name, _cells(book, name)
            if cells.num_rows:
                break
    except (fastexcel.FastExcelError, pa.ArrowException) as problem:
        return {"problem": str(problem)}
    if cells is not None and cells.num_columns:
        with pa.OSFile(target, "wb") as file, pa.ipc.new_file(file, cells.schema) as writer:
            writer.write_table(cells, max_chunksize=BATCH_ROWS)
    return {"sheets": names, "sheet": chosen, "rows": cells.num_rows if cells is not None else 0}


def _cells(book: ExcelReader, name: str) -> pa.Table:
    """All cells as text, row 1 of the sheet first; errors as the spreadsheet shows them, lest they pass for empty."""
    import pyarrow as pa

    batch, errors = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_arrow_with_errors()
    table = pa.Table.from_batches([batch])
    places: dict[int, list[tuple[int, str]]] = {}
    for error in errors.errors if errors else ():
        row, column = error.offset_position
        shown = _ERROR.search(error.detail)
        places.setdefault(column, []).append((row, ERRORS.get(shown[1], "#VALUE!") if shown else "#VALUE!"))
    for column, found in places.items():
        values = table.column(column).to_pylist()
        for row, text in found:
            values[row] = text
        table = table.set_column(column, table.schema.field(column), pa.array(values, table.schema.field(column).type))
    return table


if __name__ == "__main__":
    _program, workbook, target, wanted, allowed = sys.argv
    sys.stdout.write(json.dumps(main(workbook, target, wanted, int(allowed))))
