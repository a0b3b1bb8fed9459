"""Which column means what, told by its name in Chinese or English and by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zhike.core.text.normal import half_width, one_line
from zhike.exchange import dates
from zhike.exchange.conversion import Manner, convert
from zhike.exchange.fields import Field, FieldType
from zhike.exchange.files.table import ROW
from zhike.exchange.reasons import is_reason_column

if TYPE_CHECKING:
    from polars import DataFrame, Series

# Below this a guess is not worth a person's attention.
LEAST = 0.35
CERTAIN = 0.95
# Types that stand out from any other text; a column of them is recognised without a name.
TELLING = {
    FieldType.PHONE: 0.6,
    FieldType.EMAIL: 0.6,
    FieldType.USCC: 0.6,
    FieldType.DATETIME: 0.5,
    FieldType.DATE: 0.45,
}
# A column's name may promise what its content does not keep.
CONTRADICTED = 0.3


@dataclass(frozen=True)
class Match:
    """A field and the column it is read from. confidence: 0–1. by: what told."""

    field: str
    column: str
    confidence: float
    by: Literal["name", "content"]


@dataclass(frozen=True)
class Recognition:
    """kind: which importable the file holds. matches: no field and no column twice, in the order of the columns."""

    kind: str
    confidence: float
    matches: tuple[Match, ...]
    day_first: bool

    def columns(self) -> dict[str, str]:
        """Column by field code."""
        return {match.field: match.column for match in self.matches}


def recognise(sample: DataFrame, importables: Mapping[str, Sequence[Field]]) -> Recognition:
    """The kind of the file and its columns. sample: rows as `Table.sample` gives them. importables: fields by kind."""
    best: Recognition | None = None
    day_first = _puts_day_first(sample)
    for kind, fields in importables.items():
        matches = match_columns(sample, fields)
        required = [field.code for field in fields if field.required]
        found = {match.field for match in matches}
        covered = sum(match.confidence for match in matches) / max(1, len(_columns(sample)))
        missing = sum(code not in found for code in required)
        confidence = max(0.0, min(1.0, covered) - 0.3 * missing)
        if best is None or confidence > best.confidence:
            best = Recognition(kind, round(confidence, 3), matches, day_first)
    if best is None:
        raise ValueError("nothing is importable")
    return best


def match_columns(sample: DataFrame, fields: Sequence[Field]) -> tuple[Match, ...]:
    """For every field at most one column, the surest pairs first."""
    columns = _columns(sample)
    content = {name: _Content(sample[name]) for name in columns}
    pairs: list[tuple[float, int, int, Match]] = []
    for column_number, column in enumerate(columns):
        for field_number, field in enumerate(fields):
            by_name = name_likeness(column, field)
            share = content[column].share(field.type)
            if by_name:
                score = by_name * (CONTRADICTED if share is not None and share < 0.5 else 1.0)
                match = Match(field.code, column, round(score, 3), "name")
            else:
                score = TELLING.get(field.type, 0.0) if share is not None and share >= 0.9 else 0.0
                match = Match(field.code, column, round(score, 3), "content")
            if score >= LEAST:
                pairs.append((-score, field_number, column_number, match))
    taken_fields: set[str] = set()
    taken_columns: set[str] = set()
    matches: list[Match] = []
    for _score, _field_number, _column_number, match in sorted(pairs, key=lambda pair: pair[:3]):
        if match.field not in taken_fields and match.column not in taken_columns:
            taken_fields.add(match.field)
            taken_columns.add(match.column)
            matches.append(match)
    return tuple(sorted(matches, key=lambda match: columns.index(match.column)))


def _columns(sample: DataFrame) -> list[str]:
    return [name for name in sample.columns if name != ROW and not is_reason_column(name)]


# --- by name -------------------------------------------------------------------------------------------------------

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETS = re.compile(r"[(\[【<{][^)\]】>}]*[)\]】>}]")
_NO_WORD = re.compile(r"[^a-z0-9\u4e00-\u9fff]+")
_COPY = re.compile(r" \(\d+\)$")


def plain_name(name: str) -> str:
    """CustomerID, customer_id and 「customer id」 alike; 金额（元） as 金额."""
    text = half_width(one_line(name))
    text = _CAMEL.sub(" ", text).lower()
    bare = _BRACKETS.sub(" ", text)
    return " ".join(_NO_WORD.sub(" ", bare if _NO_WORD.sub("", bare) else text).split())


def name_likeness(column: str, field: Field) -> float:
    """1 for a name the field is known by, less for a name that holds one, 0 for no likeness."""
    wanted = plain_name(column)
    best = 0.0
    for known in (*field.names, field.code, str(field.label)):
        name = plain_name(known)
        if not name or not wanted:
            continue
        if name == wanted or name.replace(" ", "") == wanted.replace(" ", ""):
            return 1.0 if not _COPY.search(column) else 0.9
        best = max(best, _part_likeness(name, wanted))
    return best


def _part_likeness(name: str, wanted: str) -> float:
    """How much of the column's name a known name explains; whole words for Latin, two characters for Chinese."""
    if name.isascii():
        if f" {name} " not in f" {wanted} ":
            return 0.0
        covered = len(name.split()) / len(wanted.split())
    else:
        if len(name) < 2 or name not in wanted:
            return 0.0
        covered = len(name) / len(wanted)
    return 0.4 + 0.5 * covered


# --- by content ----------------------------------------------------------------------------------------------------


class _Content:
    """How much of a column converts to each type, counted once."""

    def __init__(self, cells: Series) -> None:
        self._cells = cells.drop_nulls()
        self._manner = Manner(day_first=dates.puts_day_first(self._cells.head(500)))
        self._shares: dict[FieldType, float | None] = {}

    def share(self, type: FieldType) -> float | None:
        """None where nothing can be said: no values, or a type that any text is."""
        if type in {FieldType.TEXT, FieldType.NAME, FieldType.CODE, FieldType.WECHAT} or not self._cells.len():
            return None
        if type not in self._shares:
            converted = convert(self._cells, type, manner=self._manner)
            self._shares[type] = converted.values.count() / self._cells.len() * self._looks(type)
        return self._shares[type]

    def _looks(self, type: FieldType) -> float:
        """Five digits may be a date by serial number, but only a name makes them one."""
        if type in {FieldType.DATE, FieldType.DATETIME}:
            serials = self._cells.str.contains(r"^\d{5,6}(\.\d+)?$|^1\d{9}$|^1\d{12}$").sum()
            return float(serials * 2 < self._cells.len())
        return 1.0


def _puts_day_first(sample: DataFrame) -> bool:
    return any(dates.puts_day_first(sample[name].drop_nulls().head(500)) for name in _columns(sample))
