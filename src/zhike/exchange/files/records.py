"""The exact reading of delimited text, one record at a time; the quick reader falls back on it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from zhike.exchange.files.encoding import LEFT_OUT, UNREADABLE

# How far the end of a quoted cell is looked for before its quotation mark counts as never closed.
OPEN_LIMIT = 16 * 1024 * 1024
_MARK = re.compile(f"{UNREADABLE}(\\d+){UNREADABLE}")
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Record:
    """cells: text between the delimiters, marks and all. open_at: the cell whose quote never closes, or -1."""

    cells: list[str]
    open_at: int
    end: int

    @property
    def is_blank(self) -> bool:
        return len(self.cells) == 1 and not self.cells[0].strip()


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a cell: a code of `reasons.ROW_REASONS`, and where."""

    reason: str
    cell: int
    value: str = ""


@cache
def _cell_pattern(delimiter: str) -> re.Pattern[str]:
    stop = re.escape(delimiter)
    return re.compile(rf'"([^"]*+(?:""[^"]*+)*+)"([^{stop}\r\n]*+)|([^{stop}\r\n]*+)')


def read_record(text: str, start: int, delimiter: str, *, final: bool = True) -> Record | None:
    """The record that starts there; None where its end is not in the text yet."""
    if delimiter == " ":
        return _read_blank_separated(text, start)
    match_cell = _cell_pattern(delimiter).match
    cells: list[str] = []
    at = start
    while True:
        found = match_cell(text, at)
        # The pattern matches the empty cell, so there is always a match.
        quoted, tail, plain = found.groups() if found else (None, "", "")
        if (quoted is None and plain.startswith('"')) or (quoted is not None and tail.strip() and "\n" in quoted):
            if quoted is None and not final and len(text) - start < OPEN_LIMIT:
                return None
            return _open_record(text, at, cells, delimiter)
        cells.append(plain if quoted is None else quoted.replace('""', '"') + tail)
        at = found.end() if found else at
        if text[at : at + 1] != delimiter:
            return Record(cells, -1, _after_line_end(text, at))
        at += 1


def read_records(text: str, delimiter: str, *, final: bool = True) -> Iterator[Record]:
    """All records; where the last has no end yet and the text is not final, it is left to the next text."""
    at = 0
    while at < len(text):
        record = read_record(text, at, delimiter, final=final)
        if record is None:
            return
        yield record
        at = record.end


def _read_blank_separated(text: str, start: int) -> Record:
    found = _LINE_END.search(text, start)
    line = text[start : found.start() if found else len(text)]
    return Record(re.split(r"[ \t]+", line.strip(" \t")), -1, found.end() if found else len(text))


def _open_record(text: str, start: int, before: list[str], delimiter: str) -> Record:
    """Only the first line of a cell that never closes is given up, cut as if it had no quotation marks."""
    found = _LINE_END.search(text, start)
    end = found.end() if found else len(text)
    return Record([*before, *text[start:end].rstrip("\r\n").split(delimiter)], len(before), end)


def _after_line_end(text: str, at: int) -> int:
    if text.startswith("\r\n", at):
        return at + 2
    return min(at + 1, len(text))


def find_damage(record: Record, *, longest: int) -> Damage | None:
    """The first thing that makes a record unfit, besides the number of its cells."""
    if record.open_at >= 0:
        return Damage("quote_open", record.open_at)
    for number, cell in enumerate(record.cells):
        if mark := _MARK.search(cell):
            return Damage("encoding", number, mark.group(1))
        if LEFT_OUT in cell or len(cell) > longest:
            return Damage("cell_too_long", number)
        if "\0" in cell:
            return Damage("nul", number)
    return None


def clean(cell: str, *, longest: int) -> str:
    """A damaged cell as it may be shown and written back."""
    return _MARK.sub("", cell).replace(LEFT_OUT, "").replace("\0", "")[:longest]
