"""A file seen as rows of text under named columns, whatever its format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _

from zhike.exchange.reasons import FileProblem, describe

if TYPE_CHECKING:
    from polars import DataFrame

ROW = "#row"
Format = Literal["csv", "xlsx", "xls", "parquet", "jsonl"]


@dataclass(frozen=True)
class Limits:
    """What one file may ask of the server.

    max_cell: characters in one cell; a longer one refuses its row. The rest refuse the file. max_sheet_memory: bytes
    that reading a workbook may take in its own process.
    """

    max_bytes: int = 2 * 1024**3
    max_cell: int = 65_536
    max_columns: int = 500
    max_unpacked_bytes: int = 1024**3
    max_unpacked_ratio: int = 250
    max_sheet_memory: int = 3 * 1024**3


@dataclass(frozen=True)
class Reading:
    """What a person corrects where recognition was wrong; None leaves it to recognition.

    delimiter: one character, or " " for runs of blanks. header: whether the first row names the columns.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class RefusedRow:
    """A row the file format itself refuses.

    row: as a person counts, the header included. line: its text where it could not be cut into cells.
    """

    row: int
    reason: str
    column: str = ""
    value: str = ""
    expected: str = ""
    cells: tuple[str | None, ...] = ()
    line: str = ""

    def text(self) -> str:
        """The reason in the current language."""
        return describe(self.reason, column=self.column, value=self.value, expected=self.expected)

    def message(self, file: str) -> str:
        """The reason with its place, to be read far from the file."""
        return _("%(file)s, row %(row)s: %(reason)s") % {"file": file, "row": self.row, "reason": self.text()}


@dataclass(frozen=True)
class Batch:
    """rows: a column `ROW` (Int64) and one of text per column of the table, empty cells null.

    end: data rows of the source passed so far, blank and refused ones included; `skip_rows` to go on from here.
    """

    rows: DataFrame
    refused: list[RefusedRow]
    end: int


@dataclass(kw_only=True)
class Table(ABC):
    """An opened file.

    header_row: number of the row that names the columns, 0 where the columns are named "#1", "#2" … instead.
    row_estimate: data rows; exact for xlsx, xls and parquet. warnings: in words, for the person who uploaded.
    """

    path: Path
    name: str
    format: Format
    columns: tuple[str, ...]
    limits: Limits
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    header_row: int = 1
    row_estimate: int = 0
    warnings: list[str] = field(default_factory=list)

    @abstractmethod
    def batches(self, size: int = 50_000, skip_rows: int = 0) -> Iterator[Batch]:
        """The rows in order, at most `size` at a time, from the one after the first `skip_rows` data rows."""

    def sample(self, n: int = 1_000) -> DataFrame:
        """The first good rows, for recognition and preview."""
        import polars as pl

        frames: list[DataFrame] = []
        for batch in self.batches(size=n):
            frames.append(batch.rows)
            if sum(frame.height for frame in frames) >= n:
                break
        return pl.concat(frames).head(n) if frames else empty_rows(self.columns)


def empty_rows(columns: tuple[str, ...]) -> DataFrame:
    import polars as pl

    return pl.DataFrame(schema={ROW: pl.Int64, **dict.fromkeys(columns, pl.String)})


def check_width(count: int, *, name: str, limits: Limits) -> None:
    """:raises FileProblem: if the file has more columns than allowed"""
    if count > limits.max_columns:
        raise FileProblem(
            _("%(file)s has %(count)s columns; at most %(limit)s can be imported")
            % {"file": name, "count": count, "limit": limits.max_columns}
        )


def warn_titles(count: int, *, name: str) -> list[str]:
    """A word about rows above the header."""
    if not count:
        return []
    return [_("%(file)s: %(count)s title rows above the header are left out") % {"file": name, "count": count}]
