"""CSV as it leaves the house: spreadsheets open it in Chinese, and run nothing of it."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

type Cell = str | int | float | Decimal | date | datetime | bool | None

CHUNK_ROWS = 1_000
_FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?%?")
_HARMLESS = re.compile(r"[-+]?[0-9\s().-]+|-+")


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet might run the text; signed numbers, phone numbers and dashes it does not."""
    return _FORMULA.match(text) is not None and not _NUMBER.fullmatch(text) and not _HARMLESS.fullmatch(text)


def neutralise(text: str) -> str:
    """The text with an apostrophe before what looks like a formula; reading a file takes it off again."""
    return f"'{text}" if looks_like_formula(text) else text


def csv_text(cell: Cell, *, zone: tzinfo = UTC) -> str:
    """zone: where moments are shown."""
    match cell:
        case None:
            return ""
        case str():
            return neutralise(cell)
        case bool():
            return "true" if cell else "false"
        case datetime():
            return f"{cell.astimezone(zone) if cell.tzinfo else cell:%Y-%m-%d %H:%M:%S}"
        case Decimal():
            return f"{cell:f}"
    return str(cell)


class _Line:
    """What `csv.writer` writes to."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        self.parts.append(text)

    def take(self) -> bytes:
        text = "".join(self.parts).encode()
        self.parts.clear()
        return text


def csv_chunks(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, zone: tzinfo = UTC) -> Iterator[bytes]:
    """A CSV file in UTF-8 with the mark that Excel needs, to be streamed."""
    line = _Line()
    writer = csv.writer(line)
    writer.writerow([neutralise(name) for name in header])
    yield b"\xef\xbb\xbf" + line.take()
    for number, row in enumerate(rows, start=1):
        writer.writerow([csv_text(cell, zone=zone) for cell in row])
        if number % CHUNK_ROWS == 0:
            yield line.take()
    if line.parts:
        yield line.take()
