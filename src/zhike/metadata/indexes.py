"""Indexes of single fields, built and dropped without blocking anybody.

PostgreSQL takes an expression's index only for the very same expression, so both stand here: what is indexed, and what
lists ask (`metadata.listing`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, connection, connections
from psycopg import sql

from zhike.core.acting import seeing_everything
from zhike.metadata import registry
from zhike.metadata.filed import FILES
from zhike.metadata.formulas.composing import index_sql, is_fixed
from zhike.metadata.kinds import Known
from zhike.metadata.models import Kind
from zhike.metadata.selectors.designs import design_of

OWNER = "owner"
TEXT = sql.SQL('(({column} ->> {key}) COLLATE "C")')
NUMBER = sql.SQL("(({column} ->> {key})::numeric)")
WHOLE = sql.SQL("({column} -> {key})")
COUNT = sql.SQL("(jsonb_array_length({column} -> {key}))")
FORMULA = sql.SQL("")  # as it is written (`formulas.composing`)
MOST_DOUBLES = 100

EXPRESSIONS: Mapping[Kind, sql.SQL] = {
    Kind.TEXT: TEXT,
    Kind.NUMBER: NUMBER,
    Kind.MONEY: NUMBER,
    Kind.DATE: TEXT,
    Kind.TIME: TEXT,
    Kind.MOMENT: TEXT,
    Kind.CHOICE: TEXT,
    Kind.CHOICES: WHOLE,
    Kind.BOOLEAN: TEXT,
    Kind.PHONE: TEXT,
    Kind.EMAIL: TEXT,
    Kind.USER: NUMBER,
    Kind.TEAM: NUMBER,
    Kind.RECORD: NUMBER,
    Kind.FORMULA: FORMULA,
    Kind.ROLLUP: FORMULA,
    **dict.fromkeys(FILES, COUNT),
}
# What can stand in one record only, if that is wanted.
SINGLE = (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.PHONE, Kind.EMAIL, Kind.RECORD, Kind.USER)


@dataclass(frozen=True, kw_only=True)
class Double:
    """A value that several records have, where only one may. records: ids of the first of them."""

    value: str
    count: int
    records: Sequence[int]


class HasDoubles(Exception):
    """A unique index cannot be built."""

    def __init__(self, doubles: Sequence[Double]) -> None:
        super().__init__(f"{len(doubles)} values stand in several records")
        self.doubles = doubles


def name_of(field: Known, *, is_unique: bool) -> str:
    """At most 63 bytes, whatever the key. A unique index has another name, so that one can follow the other."""
    return f"{beginning_of(field)}_{'unique' if is_unique else 'index'}"


def name_without(field: Known) -> str:
    """Of the index of records that have nothing in the field. Only fields of files have one: whether there is a file is
    all that lists ask of them."""
    return f"{beginning_of(field)}_without"


def beginning_of(field: Known) -> str:
    """How the names of all indexes of the field begin."""
    return f"custom_{hashlib.sha256(f'{field.record}.{field.key}'.encode()).hexdigest()[:12]}"


def build(field: Known) -> None:
    """Build the index that lists need, unique where the field is; what an interrupted build left is taken away first.

    :raises HasDoubles: the field has to be unique and is not; nothing is left behind
    """
    if not can_hold(field):
        drop(field)
        return
    table, expression = registry.table_of(field.record), expression_of(field)
    known = sql.SQL("{} IS NOT NULL").format(expression)
    has_key = sql.SQL("{} ? {}").format(sql.Identifier(registry.COLUMN), sql.Literal(field.key))
    places = (
        sql.SQL("USING gin ({} jsonb_path_ops)").format(expression)
        if EXPRESSIONS[field.kind] is WHOLE
        else sql.SQL("({})").format(expression)
        if field.is_unique
        else sql.SQL("(id)")
        if field.kind in FILES
        else sql.SQL("({}, id)").format(expression)
    )
    create = sql.SQL("CREATE {unique} INDEX CONCURRENTLY {name} ON {table} {places} WHERE {held}").format(
        unique=sql.SQL("UNIQUE" if field.is_unique else ""),
        name=sql.Identifier(name_of(field, is_unique=field.is_unique)),
        table=sql.Identifier(table),
        places=places,
        held=known if field.kind in (Kind.FORMULA, *FILES) else has_key,
    )
    without = sql.SQL("CREATE INDEX CONCURRENTLY {name} ON {table} (id) WHERE {expression} IS NULL").format(
        name=sql.Identifier(name_without(field)), table=sql.Identifier(table), expression=expression
    )
    drop(field)
    with connections[OWNER].cursor() as cursor:
        try:
            cursor.execute(create.as_string(cursor.connection))
        except IntegrityError:
            drop(field)
            raise HasDoubles(list_doubles(field)) from None
        if field.kind in FILES:
            cursor.execute(without.as_string(cursor.connection))
        if EXPRESSIONS[field.kind] is not WHOLE:
            # What ANALYZE learns of an index that leaves rows out, the planner does not use.
            learn = sql.SQL("CREATE STATISTICS {name} ON {expression} FROM {table}").format(
                name=_statistics(field), expression=expression, table=sql.Identifier(table)
            )
            cursor.execute(learn.as_string(cursor.connection))
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)).as_string(cursor.connection))


def can_hold(field: Known) -> bool:
    """Whether there can be an index: not of what changes with the day or lies in another table, where lists read every
    row instead."""
    if field.kind is not Kind.FORMULA:
        return field.kind is not Kind.ROLLUP
    formula = design_of(field.record).formulas.get(field.key)
    return formula is not None and is_fixed(formula.node)


def drop(field: Known) -> None:
    """Take the field's indexes away, built, invalid or not there at all, and what is known about its values."""
    with connections[OWNER].cursor() as cursor:
        forget = sql.SQL("DROP STATISTICS IF EXISTS {}").format(_statistics(field))
        cursor.execute(forget.as_string(cursor.connection))
        for name in map(sql.Identifier, _names(field)):
            cursor.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name).as_string(cursor.connection))


def _names(field: Known) -> list[str]:
    return [*(name_of(field, is_unique=is_unique) for is_unique in (False, True)), name_without(field)]


def _statistics(field: Known) -> sql.Identifier:
    return sql.Identifier("public", f"{beginning_of(field)}_values")


def find_left(fields: Sequence[Known]) -> list[Known]:
    """Those of these fields that have an index, built or not."""
    names = {name: field for field in fields for name in _names(field)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname = ANY(%s)", [list(names)])
        return [names[name] for (name,) in cursor.fetchall()]


def find_halved(fields: Sequence[Known]) -> list[Known]:
    """Those of these fields of files that have no index of records without any: their index was built before there was
    that one.
    """
    names = {name_without(field): field for field in fields if field.kind in FILES}
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname = ANY(%s)", [list(names)])
        built = {name for (name,) in cursor.fetchall()}
    return [field for name, field in names.items() if name not in built]


def list_doubles(field: Known) -> list[Double]:
    """Values that stand in several records, the most frequent first."""
    query = sql.SQL(
        "SELECT value, number, ids[:20] FROM (SELECT {column} ->> {key} AS value, count(*) AS number,"
        " array_agg(id ORDER BY id) AS ids FROM {table} WHERE {column} ? {key} GROUP BY 1 HAVING count(*) > 1) AS found"
        " ORDER BY number DESC, value LIMIT {most}"
    ).format(
        column=sql.Identifier(registry.COLUMN),
        key=sql.Literal(field.key),
        table=sql.Identifier(registry.table_of(field.record)),
        most=sql.Literal(MOST_DOUBLES),
    )
    # Also of records that whoever designs fields does not see: the rule holds for all.
    with seeing_everything(), connection.cursor() as cursor:
        cursor.execute(query.as_string(None))
        return [Double(value=value, count=count, records=ids) for value, count, ids in cursor.fetchall()]


def expression_of(field: Known, *, of: str = "") -> sql.Composed:
    """The field's value as an index holds it. of: the table's alias in a query."""
    if field.kind is Kind.FORMULA:
        return index_sql(design_of(field.record).formulas[field.key].node)
    column = sql.Identifier(of, registry.COLUMN) if of else sql.Identifier(registry.COLUMN)
    return EXPRESSIONS[field.kind].format(column=column, key=sql.Literal(field.key))
