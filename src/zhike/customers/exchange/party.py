"""Rows of a file that name a customer, as a staging table: scalars, normal forms and identifiers side by side.

A customer file is such a table itself; an order file has one of the distinct customers it names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhike.core.text import normal, pinyin
from zhike.customers.exchange.sealing import STAGED, StagingSeal
from zhike.customers.models import Identifier
from zhike.customers.sealed import ID_NUMBER
from zhike.customers.vault import list_sealed
from zhike.exchange.files import ROW
from zhike.exchange.own_fields import PREFIX
from zhike.exchange.registry import Cells
from zhike.exchange.run import Plan

if TYPE_CHECKING:
    import polars as pl

Kind = Identifier.Kind
Strength = Identifier.Strength

# What a later row or file may change, as columns of customers_customer; text that is blank in the file never does.
TEXTS = ("country", "province", "city", "channel", "note")
SCALARS = {"kind": "text", **dict.fromkeys(TEXTS, "text"), "birthday_on": "date"}
OWN = "custom"  # the company's own fields, as one object
# In the order in which identifiers are looked at.
MARK_FIELDS = {
    "external_id": Kind.EXTERNAL,
    "uscc": Kind.USCC,
    "phone": Kind.PHONE,
    "email": Kind.EMAIL,
    "wechat": Kind.WECHAT,
    "address": Kind.ADDRESS,
}
LIMITS = {"name": 200, "channel": 50, "country": 60, "province": 60, "city": 60, "external_id": 500, "address": 500}
LONGEST_MARK = 500
ORGANISATION_WORDS = ["organisation", "organization", "company", "enterprise", "business", "corporate", "b", "b2b"]
ORGANISATION_WORDS += ["企业", "公司", "单位", "机构", "组织", "对公", "企业客户", "公司客户"]
PERSON_WORDS = ["person", "individual", "consumer", "personal", "c", "b2c", "个人", "自然人", "对私", "个人客户"]
LEGAL_FORM = (
    r"(?i)(公司|集团|[(（](有限合伙|普通合伙|个体工商户)[)）]"
    r"|\b(ltd|inc|llc|llp|plc|gmbh|corp|limited|corporation)\.?)$"
)
PLAIN_CODE = r"^[0-9A-Za-z]+$"
CHINESE_LANDLINE = r"^\+86(?:[02-9]|1[012])"


@dataclass(frozen=True)
class Mark:
    """One column of the file that identifies. Staged as v<number> (as written), n<number> (normal), s<number>."""

    number: int
    kind: Kind
    column: str

    @property
    def names(self) -> tuple[str, str, str]:
        return f"v{self.number}", f"n{self.number}", f"s{self.number}"


class Party:
    """How the columns of one file name customers.

    codes: the file kind's field code for each code of `FIELDS` that it has. own: keys of the company's own fields, with
    their columns. sealed: fields that are stored encrypted, with theirs.
    """

    def __init__(self, plan: Plan, codes: Mapping[str, str]) -> None:
        self.plan = plan
        self.codes = codes
        found = [(kind, column) for code, kind in MARK_FIELDS.items() for column in self.columns_of(code)]
        own = [(code, column) for column, code in plan.mapping.items() if code.startswith(PREFIX)]
        names = {one.name for one in list_sealed()}
        self.own = [(code.removeprefix(PREFIX), column) for code, column in own if code not in names]
        self.sealed: dict[str, list[str]] = {}
        for code, column in own:
            if code in names:
                self.sealed.setdefault(code, []).append(column)
        if number := self.columns_of(ID_NUMBER):
            self.sealed[ID_NUMBER] = number
        self.marks = tuple(Mark(number, kind, column) for number, (kind, column) in enumerate(found))

    @property
    def table(self) -> dict[str, str]:
        """The staging table's columns with their types."""
        marks = {name: kind for mark in self.marks for name, kind in zip(mark.names, _MARK_TYPES, strict=True)}
        named = {"name": "text", "is_named": "boolean", "name_normal": "text", "name_pinyin": "text"}
        sealed = {STAGED: "jsonb"} if self.sealed else {}
        return {"row": "bigint", **named, **SCALARS, OWN: "jsonb", "owner": "text", "tags": "text", **marks, **sealed}

    def columns_of(self, code: str) -> list[str]:
        return self.plan.columns_of(self.codes[code]) if code in self.codes else []

    @property
    def says_something(self) -> bool:
        """Whether the file has a column besides identifiers and tags, so that it can change what is known."""
        told = [code for code in self.codes if code not in {*MARK_FIELDS, "tags"} or code == "uscc"]
        return bool(self.own or self.sealed) or any(self.columns_of(code) for code in told)

    @property
    def file_columns(self) -> list[str]:
        """The file's columns that say something about the customer."""
        own = [column for field, columns in self.sealed.items() if field != ID_NUMBER for column in columns]
        known = [column for code in self.codes for column in self.columns_of(code)]
        return [*known, *(one for _key, one in self.own), *own]

    def frame(self, cells: Cells) -> pl.DataFrame:
        """The rows of the staging table."""
        import polars as pl

        rows = cells.frame[ROW].alias("row")
        marks = self._marks(cells)
        uscc = [pl.col(mark.names[1]) for mark in self.marks if mark.kind == Kind.USCC]
        sealed = [self._sealed(cells)] if self.sealed else []
        frame = pl.DataFrame(
            [rows, self._first(cells, "name"), *marks, *self._scalars(cells), self._own_values(cells), *sealed]
        )
        fallback = [pl.col(mark.names[0]) for mark in self.marks]
        frame = frame.with_columns(
            is_named=pl.col("name").is_not_null(),
            name=pl.coalesce(pl.col("name"), *fallback).str.slice(0, LIMITS["name"]),
            kind=_kind(pl.col("kind"), uscc, pl.col("name")),
        )
        return _named(frame).select(list(self.table))

    def _marks(self, cells: Cells) -> list[pl.Series]:
        """The identifiers; one that a row gives twice counts once."""
        series: list[pl.Series] = []
        earlier: dict[Kind, list[pl.Series]] = {}
        for mark in self.marks:
            shown, normals, strengths = _mark(mark, cells)
            for other in earlier.setdefault(mark.kind, []):
                normals = normals.set((normals == other).fill_null(False), None)
            earlier[mark.kind].append(normals)
            series += [shown, normals, strengths]
        return series

    def _sealed(self, cells: Cells) -> pl.Series:
        """What is stored encrypted, and is so before it leaves the memory: by field, as one JSON object."""
        import polars as pl

        seal = StagingSeal(self.plan.import_id)
        values = [self._first_of(cells, field, columns) for field, columns in self.sealed.items()]
        found = []
        for row, *texts in zip(cells.frame[ROW], *values, strict=True):
            given = zip(self.sealed, texts, strict=True)
            closed = {field: seal.close(row, field, text) for field, text in given if text}
            found.append(json.dumps(closed) if closed else None)
        return pl.Series(STAGED, found, dtype=pl.String)

    def _own_values(self, cells: Cells) -> pl.Series:
        """The company's own fields of each row as one JSON object, null where it says none."""
        import polars as pl

        if not self.own:
            return _empty(OWN, cells)
        parts = [pl.format(f'"{key}": {{}}', pl.col(f"value {column}")) for key, column in self.own]
        joined = pl.concat_str(parts, separator=", ", ignore_nulls=True)
        whole = pl.when(joined != "").then(pl.concat_str([pl.lit("{"), joined, pl.lit("}")]))
        return cells.frame.select(whole.alias(OWN)).to_series()

    def _scalars(self, cells: Cells) -> list[pl.Series]:
        names = ("kind", *TEXTS, "birthday_on", "owner", "tags")
        return [self._first(cells, name) for name in names]

    def _first(self, cells: Cells, code: str) -> pl.Series:
        """The first column for the field that is not blank in the row."""
        return self._first_of(cells, code, self.columns_of(code))

    def _first_of(self, cells: Cells, name: str, columns: list[str]) -> pl.Series:
        import polars as pl

        if not columns:
            return _empty(name, cells)
        value = pl.coalesce([pl.col(f"value {column}") for column in columns])
        return cells.frame.select(value.alias(name)).to_series()


_MARK_TYPES = ("text", "text", "smallint")


def _empty(code: str, cells: Cells) -> pl.Series:
    import polars as pl

    return pl.repeat(None, cells.frame.height, dtype=pl.String, eager=True).alias(code)


def _mark(mark: Mark, cells: Cells) -> list[pl.Series]:
    import polars as pl

    value, normal, strength = mark.names
    normals = cells.value(mark.column).str.slice(0, LONGEST_MARK)
    shown = pl.select(
        pl.when(normals.is_not_null()).then(cells.text(mark.column).str.strip_chars().str.slice(0, LONGEST_MARK))
    ).to_series()
    if mark.kind in {Kind.EXTERNAL, Kind.USCC}:
        strengths = pl.repeat(int(Strength.UNIQUE), normals.len(), dtype=pl.Int16, eager=True)
    elif mark.kind == Kind.PHONE:
        landline = normals.str.contains(CHINESE_LANDLINE)
        strengths = pl.select(
            pl.when(landline).then(pl.lit(int(Strength.WEAK))).otherwise(pl.lit(int(Strength.STRONG))).cast(pl.Int16)
        ).to_series()
    else:
        weak = mark.kind == Kind.ADDRESS
        strengths = pl.repeat(
            int(Strength.WEAK if weak else Strength.STRONG), normals.len(), dtype=pl.Int16, eager=True
        )
    return [shown.alias(value), normals.alias(normal), strengths.alias(strength)]


def _kind(said: pl.Expr, uscc: list[pl.Expr], name: pl.Expr) -> pl.Expr:
    """Organisation or person by the column, by the credit code, by the name's legal form; else undecided."""
    import polars as pl

    word = said.str.to_lowercase()
    has_code = pl.any_horizontal([code.is_not_null() for code in uscc]) if uscc else pl.lit(value=False)
    return (
        pl.when(word.is_in(ORGANISATION_WORDS))
        .then(pl.lit("organisation"))
        .when(word.is_in(PERSON_WORDS))
        .then(pl.lit("person"))
        .when(has_code | name.str.contains(LEGAL_FORM))
        .then(pl.lit("organisation"))
        .otherwise(pl.lit(None, dtype=pl.String))
    )


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """With name_normal and name_pinyin, worked out once for each distinct name."""
    import polars as pl

    keys = frame.select("name", is_organisation=(pl.col("kind") == "organisation").fill_null(False))
    distinct = keys.unique().drop_nulls()
    # An order file mostly says only the customer's code; its letters and digits are normal form and reading at once.
    is_plain = ~distinct["is_organisation"] & distinct["name"].str.contains(PLAIN_CODE)
    plain, rest = distinct.filter(is_plain), distinct.filter(~is_plain)
    normals, readings = [], []
    for name, is_organisation in rest.iter_rows():
        normals.append(normal.organisation_name(name) if is_organisation else normal.person_name(name))
        readings.append(pinyin.reading(name, pinyin.ORGANISATION if is_organisation else pinyin.PERSON))
    lower = plain["name"].str.to_lowercase()
    known = pl.concat(
        [
            rest.with_columns(
                pl.Series("name_normal", normals, dtype=pl.String), pl.Series("name_pinyin", readings, dtype=pl.String)
            ),
            plain.with_columns(lower.alias("name_normal"), lower.alias("name_pinyin")),
        ]
    ).with_columns(pl.col("name_pinyin").str.slice(0, 400))
    found = keys.join(known, on=["name", "is_organisation"], how="left", maintain_order="left")
    return frame.with_columns(found["name_normal"], found["name_pinyin"])
