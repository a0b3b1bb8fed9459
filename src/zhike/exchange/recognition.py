"""Which column means what, told by its name in Chinese or English and by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    FieldType.NAME: 0.45,
}
# A customer has several of these, so a file may have a column for each.
SEVERAL = {FieldType.PHONE, FieldType.EMAIL, FieldType.WECHAT}
# By how many columns a kind must explain more than one registered before it: a date and a phone number in a file of
# customers do not make it one of orders.
MARGIN = 1.2
# A column's name may promise what its content does not keep; only a whole name outweighs that, so that a file whose
# every date is wrong is refused for its dates.
CONTRADICTED = 0.36
# What content adds to a name that only resembles: buyer_phone is the buyer's phone, not the buyer.
BORNE_OUT = 0.1
LOOKED_AT = 300


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
    """The kind of the file and its columns.

    sample: rows as `Table.sample` gives them. importables: fields by kind, the plainest kind first.
    """
    best: tuple[float, Recognition] | None = None
    columns = _columns(sample)
    content = {name: _Content(sample[name]) for name in columns}
    day_first = any(found.day_first for found in content.values())
    for kind, fields in importables.items():
        matches = _match(columns, content, fields)
        found = {match.field for match in matches}
        missing = sum(field.required and field.code not in found for field in fields)
        explained = sum(match.confidence for match in matches) - missing
        confidence = max(0.0, min(1.0, explained / max(1, len(columns))))
        if best is None or (explained > best[0] and explained >= best[0] + min(MARGIN, best[0])):
            best = explained, Recognition(kind, round(confidence, 3), matches, day_first)
    if best is None:
        raise ValueError("nothing is importable")
    return best[1]


def match_columns(sample: DataFrame, fields: Sequence[Field]) -> tuple[Match, ...]:
    """What each column means: no column twice, no field twice but for phones, e-mails and the like."""
    columns = _columns(sample)
    return _match(columns, {name: _Content(sample[name]) for name in columns}, fields)


def _match(columns: list[str], content: dict[str, _Content], fields: Sequence[Field]) -> tuple[Match, ...]:
    """The surest pairs first."""
    pairs: list[tuple[float, int, int, Match, bool]] = []
    for field_number, field in enumerate(fields):
        for column_number, column in enumerate(columns):
            match = _likeness(column, content[column], field)
            if match.confidence >= LEAST:
                several = field.type in SEVERAL and match.by == "name" and match.confidence > CONTRADICTED
                pairs.append((-match.confidence, field_number, column_number, match, several))
    fields_taken: set[str] = set()
    matches: dict[str, Match] = {}
    for _score, _field, _column, match, several in sorted(pairs, key=lambda pair: pair[:3]):
        if match.column not in matches and (several or match.field not in fields_taken):
            fields_taken.add(match.field)
            matches[match.column] = match
    return tuple(matches[column] for column in columns if column in matches)


def _likeness(column: str, content: _Content, field: Field) -> Match:
    by_name = name_likeness(column, field)
    # Only what can decide something is counted: a look at every column as every type took most of the time.
    share = content.share(field.type) if by_name or field.type in TELLING else None
    if by_name:
        if share is not None and share < 0.5 and field.type is not FieldType.NAME:
            by_name *= CONTRADICTED
        elif share is not None and share >= 0.8 and field.type in TELLING:
            by_name = min(1.0, by_name + BORNE_OUT)
        return Match(field.code, column, round(by_name, 3), "name")
    told = TELLING.get(field.type, 0.0) if share is not None and share >= 0.8 else 0.0
    return Match(field.code, column, told, "content")


def _columns(sample: DataFrame) -> list[str]:
    return [name for name in sample.columns if name != ROW and not is_reason_column(name)]


# --- by name -------------------------------------------------------------------------------------------------------

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETS = re.compile(r"[(\[【<{][^)\]】>}]*[)\]】>}]")
_NO_WORD = re.compile(r"[^a-z0-9\u4e00-\u9fff]+")
_COPY = re.compile(r" \([0-9]+\)$")


@lru_cache(maxsize=4096)
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


_SERIAL = r"^[0-9]{5,6}(\.[0-9]+)?$|^1[0-9]{9}$|^1[0-9]{12}$"
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_CHINESE_NAME = rf"^[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}$|(公司|集团|厂|中心|事务所)$"


class _Content:
    """How much of a column converts to each type, counted once."""

    def __init__(self, cells: Series) -> None:
        self._cells = cells.drop_nulls().head(LOOKED_AT)
        self.day_first = dates.puts_day_first(cells.drop_nulls())
        self._shares: dict[FieldType, float | None] = {}

    def share(self, type: FieldType) -> float | None:
        """None where nothing can be said: no values, or a type that any text is."""
        if type in {FieldType.TEXT, FieldType.CODE, FieldType.WECHAT} or not self._cells.len():
            return None
        if type not in self._shares:
            self._shares[type] = self._count(type) / self._cells.len()
        return self._shares[type]

    def _count(self, type: FieldType) -> int:
        if type is FieldType.NAME:
            return int(self._cells.str.contains(_CHINESE_NAME).sum())
        if type in {FieldType.DATE, FieldType.DATETIME} and self._cells.str.contains(_SERIAL).any():
            # Five digits may be a date by serial number, but only the column's name makes them one.
            return self._cells.len() // 2 + 1
        return convert(self._cells, type, manner=Manner(day_first=self.day_first)).values.count()
