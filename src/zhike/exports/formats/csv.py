"""CSV with the export's number in a column of its own, which stays with each row that is cut out."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from zhike.core.csv_files import csv_chunks
from zhike.exports.formats.head import Head
from zhike.exports.marks import Mark

BOM = b"\xef\xbb\xbf"


def write(
    path: Path, heads: Sequence[Head], rows: Iterator[Sequence[Any]], mark: Mark, *, has_bom: bool = True
) -> None:
    """has_bom: whether Excel is told that this is UTF-8; some programs take the mark for a part of the first name."""
    names = [*(head.label for head in heads), _("Export number")]
    chunks = csv_chunks(names, ([*map(flat, row), mark.code] for row in rows), zone=mark.zone)
    with path.open("wb") as file:
        file.write(next(chunks).removeprefix(b"" if has_bom else BOM))
        for chunk in chunks:
            file.write(chunk)


def flat(cell: Any) -> Any:
    """Several values as one, and a number without the noughts that its column is filled up with."""
    if isinstance(cell, Decimal):
        written = format(cell, "f")
        # A number still: a text with a sign in front would be taken for a formula, and made harmless.
        return Decimal(written.rstrip("0").rstrip(".")) if "." in written else cell
    return "; ".join(map(str, cell)) if isinstance(cell, list | tuple) else cell
