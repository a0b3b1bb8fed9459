"""Formats of exports: each writes rows as they come, in constant memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhike.exports.formats import csv, parquet, sheet, vcard
from zhike.exports.formats.head import Head
from zhike.exports.marks import Mark
from zhike.exports.models import Export

type Rows = Iterator[Sequence[Any]]
type Write = Callable[[Path, Sequence[Head], Rows, Mark], None]


@dataclass(frozen=True, kw_only=True)
class Format:
    """most_rows: what it can hold; 0: any number. icon: written as `icon="..."`."""

    key: str
    write: Write
    media_type: str
    icon: str
    most_rows: int = 0


FORMATS = {
    one.key: one
    for one in (
        Format(
            key=Export.Format.XLSX,
            write=sheet.write,
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            icon="file-spreadsheet",
            most_rows=sheet.MOST_ROWS,
        ),
        Format(key=Export.Format.CSV, write=csv.write, media_type="text/csv; charset=utf-8", icon="file-text"),
        Format(
            key=Export.Format.PARQUET,
            write=parquet.write,
            media_type="application/vnd.apache.parquet",
            icon="database",
        ),
        Format(key=Export.Format.VCF, write=vcard.write, media_type="text/vcard; charset=utf-8", icon="address-book"),
    )
}
