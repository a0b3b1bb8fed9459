"""A formula as SQL, for lists: the same meaning, worked out by the database, so that no value is ever stale."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, DateField, DecimalField, Expression, F, Field, TextField
from django.db.models.constants import LOOKUP_SEP
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.utils import timezone
from psycopg import sql

from zhike.metadata.formulas.evaluating import company_today
from zhike.metadata.formulas.nodes import Node, Source, Type
from zhike.metadata.formulas.operations import LONGEST_RESULT, OPERATIONS
from zhike.metadata.kinds import HOLDER
from zhike.metadata.models import Kind

SQL_TYPES: Mapping[Type, str] = {
    Type.NUMBER: "numeric",
    Type.TEXT: "text",
    Type.DATE: "date",
    Type.BOOLEAN: "boolean",
    Type.CHOICE: "text",
    Type.CHOICES: "jsonb",
    Type.LINK: "text",
}


@dataclass(frozen=True)
class Constant:
    value: Any


@dataclass(frozen=True)
class Today:
    """The company's day when the question is asked."""


type Piece = str | Constant | Today | Source


def pieces_of(node: Node) -> Iterator[Piece]:
    """The SQL in pieces: text, and what has to be put in."""
    if node.operation == "value":
        yield from ("(", Constant(node.value), f")::{SQL_TYPES[node.type]}")
    elif node.operation == "today":
        yield from ("(", Today(), ")::date")
    elif node.source is not None:
        yield from _read(node.source)
    else:
        inputs = [list(pieces_of(one)) for one in node.inputs]
        yield from _filled(OPERATIONS[node.operation].sql, inputs)


def _filled(template: str, inputs: Sequence[Sequence[Piece]]) -> Iterator[Piece]:
    while template:
        before, brace, rest = template.partition("{")
        yield before
        if not brace:
            return
        name, _brace, template = rest.partition("}")
        if name == "all":
            for place, one in enumerate(inputs):
                yield from ((", ",) if place else ())
                yield from one
        else:
            yield from inputs[int(name)]


def _read(source: Source) -> Iterator[Piece]:
    zone = settings.TIME_ZONE.replace("'", "")
    match source.kind:
        case Kind.NUMBER | Kind.MONEY:
            yield from ("(", source, ")::numeric")
        case Kind.BOOLEAN:
            yield from ("(", source, ")::boolean")
        case Kind.MOMENT:
            yield from ("((", source, f")::timestamptz AT TIME ZONE '{zone}')::date")
        case Kind.DATE if source.path:
            yield source
        case Kind.DATE:  # a cast would depend on the session, and no index could hold it
            for opening, place in (("make_date(left(", "4"), ("substr(", "6, 2"), ("substr(", "9, 2")):
                yield from (opening, source, f", {place})::int", ")" if place == "9, 2" else ", ")
        case Kind.CHOICES:
            yield source
        case _:
            yield from ("NULLIF(", source, ", '')")


def _whole(node: Node, *, as_text: bool) -> Iterator[Piece]:
    """as_text: yes and no as the texts that a filter asks for. An index has no room for long texts."""
    match node.type:
        case Type.TEXT:
            yield from ("(left(", *pieces_of(node), f', {LONGEST_RESULT}) COLLATE "C")')
        case Type.BOOLEAN if as_text:
            yield from ("((", *pieces_of(node), ")::text)")
        case _:
            yield from ("(", *pieces_of(node), ")")


def is_fixed(node: Node) -> bool:
    """Whether the value depends on nothing but the record's own row, so that an index can hold it."""
    for one in node.walk():
        if one.operation == "today" or (one.operation in OPERATIONS and not OPERATIONS[one.operation].is_fixed):
            return False
        if one.source and (LOOKUP_SEP in one.source.path or (one.source.kind is Kind.MOMENT and not one.source.path)):
            return False
    return True


def index_sql(node: Node) -> sql.Composed:
    """For the index of a formula that `is_fixed`."""
    return sql.Composed([_indexed(piece) for piece in _whole(node, as_text=True)])


def _indexed(piece: Piece) -> sql.Composable:
    if isinstance(piece, Constant):
        return sql.Literal(piece.value)
    if isinstance(piece, Source):
        if piece.path:
            return sql.Identifier(piece.path)
        arrow = sql.SQL("->" if piece.kind is Kind.CHOICES else "->>")
        return sql.SQL("({} {} {})").format(sql.Identifier(HOLDER), arrow, sql.Literal(_key(piece)))
    return sql.SQL(piece if isinstance(piece, str) else "NULL")


_FIELDS: Mapping[Type, "Field[Any, Any]"] = {
    Type.NUMBER: DecimalField(max_digits=40, decimal_places=10),
    Type.TEXT: TextField(),
    Type.DATE: DateField(),
    Type.BOOLEAN: BooleanField(),
}


class Composed(Expression):
    """A formula in a query. path: to the record's column `custom`, from the query's model. as_text: yes and no as the
    texts that a filter asks for."""

    def __init__(self, node: Node, *, path: str = HOLDER, as_text: bool = False) -> None:
        is_text = as_text and node.type is Type.BOOLEAN
        super().__init__(output_field=TextField() if is_text else _FIELDS[node.type])
        self._pieces: tuple[Piece, ...] = tuple(_whole(node, as_text=as_text))
        self._leaves = [_leaf(piece, path.removesuffix(HOLDER)) for piece in self._pieces if isinstance(piece, Source)]

    def get_source_expressions(self) -> list[Any]:
        return list(self._leaves)

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self._leaves = list(exprs)

    def as_sql(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, tuple[Any, ...]]:
        parts: list[str] = []
        given: list[Any] = []
        leaves = iter(self._leaves)
        for piece in self._pieces:
            if isinstance(piece, str):
                parts.append(piece)
            elif isinstance(piece, Source):
                said, params = compiler.compile(next(leaves))
                parts.append(said)
                given += params
            else:
                parts.append("%s")
                given.append(piece.value if isinstance(piece, Constant) else company_today(timezone.now()))
        return "".join(parts), tuple(given)


def _leaf(source: Source, prefix: str) -> Any:
    if source.path:
        return F(prefix + source.path)
    transform = KeyTransform if source.kind is Kind.CHOICES else KeyTextTransform
    return transform(_key(source), F(prefix + HOLDER))


def _key(source: Source) -> str:
    return source.name.removeprefix(f"{HOLDER}.")
