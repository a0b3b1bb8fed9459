"""What separates the columns, and which row names them."""

import re
from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext as _

from zhike.exchange.files.records import clean, read_records

DELIMITERS = (",", "\t", ";", "|", "，")
RECORDS = 200
TITLE_ROWS = 20
LONGEST_NAME = 200

_DATA = re.compile(
    r"""[-+(]?[¥￥$€£]?\s?[-+]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?[%)元]?
      | [0-9]{4}[-/.年][0-9]{1,2}(?:[-/.月][0-9]{1,2}日?)?(?:[T\s].*)?
      | [0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}(?:\s.*)?
      | [0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?
      | [^@\s]+@[^@\s]+\.[a-zA-Z]+
      | \+?[0-9][0-9\s-]{6,}""",
    re.VERBOSE,
)


def looks_like_data(cell: str) -> bool:
    """A number, date, time, e-mail address or phone number: what names no column."""
    return _DATA.fullmatch(cell.strip()) is not None


def recognise_delimiter(text: str) -> str:
    """The delimiter that cuts the most records into the same number of cells; " " for runs of blanks."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        share, width = _evenness(text, delimiter)
        score = share * min(width, 50) ** 0.5 if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    if best_score < 1.2 and _is_blank_separated(text):
        return " "
    return best


def _evenness(text: str, delimiter: str) -> tuple[float, int]:
    counts: Counter[int] = Counter()
    for record in read_records(text, delimiter):
        if not record.is_blank:
            counts[len(record.cells)] += 1
        if counts.total() >= RECORDS:
            break
    if not counts:
        return 0.0, 0
    width, rows = counts.most_common(1)[0]
    return rows / counts.total(), width


def _is_blank_separated(text: str) -> bool:
    share, width = _evenness(text, " ")
    lines = [line for line in text.splitlines()[:RECORDS] if line.strip()]
    runs = sum(re.search(r"^[ \t]|\S(?: {2,}|\t)", line) is not None for line in lines)
    return width > 1 and share >= 0.8 and runs * 2 >= len(lines)


def find_header(rows: Sequence[Sequence[str]]) -> tuple[int, bool]:
    """Index of the first row of the table proper, and whether it names the columns.

    Rows before it are titles: fewer cells filled than half of what is usual.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    # Weighed by width, so that many titles above few rows do not pass for the table.
    usual = max(Counter(filled).items(), key=lambda item: item[0] * item[1], default=(1, 0))[0]
    wanted = max(min(usual, 2), usual / 2, 1)
    first = next((i for i, n in enumerate(filled[:TITLE_ROWS]) if n >= wanted), 0)
    return first, _names_columns(rows[first], rows[first + 1 :]) if rows else True


def _names_columns(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """A cell that is no data above a column of data speaks for a header, a cell of data against one."""
    speaks_for = speaks_against = 0
    for number, cell in enumerate(row):
        if looks_like_data(cell):
            speaks_against += 1
            continue
        values = [other[number] for other in below if number < len(other) and other[number].strip()]
        if cell.strip() and values and sum(map(looks_like_data, values)) >= 0.8 * len(values):
            speaks_for += 1
    return speaks_for > speaks_against or not speaks_against


def name_columns(cells: Sequence[str], *, file: str) -> tuple[tuple[str, ...], list[str]]:
    """Names that are all different, with warnings where the file's own would not do."""
    names: list[str] = []
    warnings: list[str] = []
    taken = {"#row"}
    for number, cell in enumerate(cells, start=1):
        name = " ".join(clean(cell, longest=LONGEST_NAME).split())
        if not name:
            name = f"#{number}"
            warnings.append(
                _("%(file)s: column %(number)s has no name in the header") % {"file": file, "number": number}
            )
        unique, copy = name, 1
        while unique in taken:
            copy += 1
            unique = f"{name} ({copy})"
        if copy > 1:
            warnings.append(
                _("%(file)s: the header names “%(name)s” more than once; column %(number)s is shown as “%(unique)s”")
                % {"file": file, "name": name, "number": number, "unique": unique}
            )
        taken.add(unique)
        names.append(unique)
    return tuple(names), warnings


def number_columns(count: int) -> tuple[str, ...]:
    """Names for a file without a header, the same in every language so that mappings last."""
    return tuple(f"#{number}" for number in range(1, count + 1))
