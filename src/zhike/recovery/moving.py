"""Takes records with all that hangs on them out of their tables, and puts them back exactly as they were.

What hangs on a record is read from the models: rows whose foreign key cascades go along, rows whose key may be empty
stay and let go. So a new app is part of this by its models alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from psycopg import sql
from psycopg.types.json import Jsonb

from zhike.recovery import links
from zhike.recovery.kinds import Bin, Kind


@dataclass(frozen=True, kw_only=True)
class Part:
    """A table below the record's. path: the foreign keys from the record outwards, the last one is this table's own.

    stays: its rows remain and only let go of what they point at.
    """

    path: tuple[Any, ...]
    stays: bool

    @property
    def model(self) -> type[models.Model]:
        found: type[models.Model] = self.path[-1].model
        return found

    @property
    def name(self) -> str:
        table = self.model._meta.db_table
        return f"{table}.{self.path[-1].column}" if self.stays else table


@dataclass(frozen=True, kw_only=True)
class Left:
    """A row that could not come back because another one has what only one may have."""

    table: str
    row: dict[str, Any]


@cache
def list_parts(model: type[models.Model], left_out: tuple[type[models.Model], ...]) -> tuple[Part, ...]:
    """Everything that hangs on a record, parents before children."""
    found: list[Part] = []
    seen = {model}
    waiting: list[tuple[type[models.Model], tuple[Any, ...]]] = [(model, ())]
    while waiting:
        parent, path = waiting.pop(0)
        for relation in parent._meta.get_fields(include_hidden=True):
            if not (relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one)):
                continue
            key: Any = relation
            part = Part(path=(*path, key.field), stays=key.on_delete is not models.CASCADE)
            if part.model in left_out:
                continue
            if part.stays and not key.field.null:
                raise ImproperlyConfigured(
                    f"{part.name} holds on to {model.__name__}: it can neither go along nor let go"
                )
            found.append(part)
            if not part.stays and part.model not in seen:
                seen.add(part.model)
                waiting.append((part.model, part.path))
    return tuple(found)


def take_out(kind: Kind, how: Bin, ids: Sequence[int], *, values: dict[str, Any]) -> None:
    """Move the records into the bin. values: columns of the bin that are the same for all of them."""
    parts = list_parts(kind.model, how.left_out)
    table = kind.model._meta.db_table
    kept = [sql.SQL("{}, jsonb_build_array(to_jsonb(r))").format(sql.Literal(table))]
    kept += [_gathered(group) for group in _by_name(parts) if not group[0].stays]
    held = [_gathered(group) for group in _by_name(parts) if group[0].stays]
    columns = list(values)
    told = {**values, "ids": list(ids), "kind": kind.code, "permission": kind.view_permission}
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "INSERT INTO recovery_binned"
                " (kind, record_id, label, keywords, permission, owner_id, team_id, above_id, rows, links, {columns})"
                " SELECT %(kind)s, r.id, left(r.{name}, 200), {keywords}, %(permission)s, {own},"
                " jsonb_build_object({rows}), jsonb_build_object({links}), {values}"
                " FROM {table} AS r WHERE r.id = ANY(%(ids)s)"
            ).format(
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                values=sql.SQL(", ").join(map(sql.Placeholder, columns)),
                name=sql.Identifier(kind.name),
                keywords=sql.Identifier("r", how.keywords) if how.keywords else sql.Literal(""),
                own=_scope_of(how),
                rows=sql.SQL(", ").join(kept),
                links=sql.SQL(", ").join(held),
                table=sql.Identifier(table),
            ),
            told,
        )
        for model in how.left_out:
            _delete(cursor, Part(path=(_key_to(model, kind.model),), stays=False), ids)
        for part in reversed(parts):
            (_let_go if part.stays else _delete)(cursor, part, ids)
        cursor.execute(sql.SQL("DELETE FROM {} WHERE id = ANY(%s)").format(sql.Identifier(table)), [list(ids)])


def put_back(kind: Kind, how: Bin, binned_ids: Sequence[int]) -> list[Left]:
    """Write the rows back where they were; those that collide stay out and are returned."""
    parts = list_parts(kind.model, how.left_out)
    left: list[Left] = []
    with connection.cursor() as cursor:
        # What a trigger refuses otherwise stays out, as what collides does.
        cursor.execute("SELECT set_config('zhike.restoring', 'on', true)")
        links.promise(cursor, kind, binned_ids)
        for model in dict.fromkeys((kind.model, *(part.model for part in parts if not part.stays))):
            links.leave_to_other_end(cursor, kind, model, binned_ids)
            left += _insert(cursor, model, kind, binned_ids)
        for part in parts:
            if part.stays:
                _take_hold(cursor, part, binned_ids)
                links.take_hold_in_bin(cursor, part.path[-1], name=part.name, binned_ids=binned_ids)
        cursor.execute("SELECT set_config('zhike.restoring', '', true)")
    return left


def _scope_of(how: Bin) -> sql.Composable:
    if how.above:
        return sql.SQL("NULL::bigint, NULL::bigint, r.{}").format(sql.Identifier(how.above))
    return sql.SQL("r.owner_id, r.team_id, NULL::bigint")


def _by_name(parts: Sequence[Part]) -> list[list[Part]]:
    """A table that points at the record from several columns is one."""
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.name, []).append(part)
    return list(found.values())


def _gathered(parts: Sequence[Part]) -> sql.Composed:
    """`name, (all rows of the table that hang on r, as JSON)`."""
    return sql.SQL("{}, {}").format(sql.Literal(parts[0].name), sql.SQL(" || ").join(map(_rows_of, parts)))


def _rows_of(part: Part) -> sql.Composed:
    own = _alias(len(part.path))
    key = _key_of(part.model)
    row = sql.SQL("to_jsonb({})").format(own)
    if part.stays:
        row = sql.SQL("jsonb_build_array({own}.{key}, {own}.{column})").format(
            own=own, key=key, column=sql.Identifier(part.path[-1].column)
        )
    return sql.SQL("coalesce((SELECT jsonb_agg({row} ORDER BY {own}.{key}) FROM {joined}), '[]')").format(
        row=row, own=own, key=key, joined=_joined(part)
    )


def _joined(part: Part) -> sql.Composed:
    first = part.path[0]
    steps = [sql.SQL("{} AS {}").format(sql.Identifier(first.model._meta.db_table), _alias(1))]
    for number, key in enumerate(part.path[1:], start=2):
        steps.append(
            sql.SQL("JOIN {} AS {} ON {}.{} = {}.{}").format(
                sql.Identifier(key.model._meta.db_table),
                _alias(number),
                _alias(number),
                sql.Identifier(key.column),
                _alias(number - 1),
                sql.Identifier(key.target_field.column),
            )
        )
    return sql.SQL("{} WHERE {}.{} = r.id").format(sql.SQL(" ").join(steps), _alias(1), sql.Identifier(first.column))


def _key_of(model: Any) -> sql.Identifier:
    return sql.Identifier(model._meta.pk.column)


def _alias(number: int) -> sql.Identifier:
    return sql.Identifier(f"p{number}")


def _hanging(part: Part) -> sql.Composed:
    """The condition on the part's rows that they hang on one of the records, whose ids are the one parameter."""
    condition = sql.SQL("{} = ANY(%s)").format(sql.Identifier(part.path[0].column))
    for number, key in enumerate(part.path[1:], start=1):
        above = part.path[number - 1].model
        condition = sql.SQL("{} IN (SELECT {} FROM {} WHERE {})").format(
            sql.Identifier(key.column),
            sql.Identifier(key.target_field.column),
            sql.Identifier(above._meta.db_table),
            condition,
        )
    return condition


def _delete(cursor: Any, part: Part, ids: Sequence[int]) -> None:
    table = sql.Identifier(part.model._meta.db_table)
    cursor.execute(sql.SQL("DELETE FROM {} WHERE {}").format(table, _hanging(part)), [list(ids)])


def _let_go(cursor: Any, part: Part, ids: Sequence[int]) -> None:
    statement = sql.SQL("UPDATE {} SET {} = NULL WHERE {}").format(
        sql.Identifier(part.model._meta.db_table), sql.Identifier(part.path[-1].column), _hanging(part)
    )
    cursor.execute(statement, [list(ids)])


def _key_to(model: type[models.Model], target: type[models.Model]) -> Any:
    return next(key for key in model._meta.concrete_fields if key.is_relation and key.related_model is target)


def _insert(cursor: Any, model: type[models.Model], kind: Kind, binned_ids: Sequence[int]) -> list[Left]:
    """The rows of one table. Whom they point at may have gone meanwhile: the pointer is dropped, or else the row."""
    table = model._meta.db_table
    columns, values, conditions = [], [], []
    every: Any = model._meta.concrete_fields
    for column in every:
        if column.generated or (column.has_db_default() and not column.editable):
            continue  # a change stamp tells of this very transaction
        name = sql.Identifier(column.column)
        value = sql.SQL("x.{}").format(name)
        if column.is_relation and column.db_constraint:
            target: Any = column.target_field
            there = sql.SQL("EXISTS (SELECT FROM {} AS target WHERE target.{} = x.{})").format(
                sql.Identifier(target.model._meta.db_table), sql.Identifier(target.column), name
            )
            if column.null:
                value = sql.SQL("CASE WHEN {} THEN {} END").format(there, value)
            else:
                conditions.append(there)
        columns.append(name)
        values.append(value)
    moved = sql.SQL(
        "FROM recovery_binned AS b, jsonb_array_elements(b.rows -> {table}) AS kept,"
        " jsonb_populate_record(jsonb_populate_record(NULL::{name}, %(defaults)s), kept || {over}) AS x"
        " WHERE {conditions}"
    ).format(
        table=sql.Literal(table),
        name=sql.Identifier(table),
        # In the bin it may have been handed over with everything else of its owner.
        over=sql.SQL(
            "jsonb_build_object('owner_id', b.owner_id, 'team_id', b.team_id)"
            if model is kind.model and kind.bin is not None and not kind.bin.above
            else "'{}'::jsonb"
        ),
        conditions=sql.SQL(" AND ").join([sql.SQL("b.id = ANY(%(ids)s)"), *conditions]),
    )
    key = _key_of(model)
    told = {"ids": list(binned_ids), "defaults": Jsonb(_defaults(model), dumps=_dumps)}
    cursor.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT {values} {moved} ORDER BY x.{key} ON CONFLICT DO NOTHING"
        ).format(
            table=sql.Identifier(table),
            columns=sql.SQL(", ").join(columns),
            values=sql.SQL(", ").join(values),
            moved=moved,
            key=key,
        ),
        told,
    )
    cursor.execute(
        sql.SQL(
            "SELECT to_jsonb(x) {moved} AND NOT EXISTS (SELECT FROM {table} AS there WHERE there.{key} = x.{key})"
        ).format(moved=moved, table=sql.Identifier(table), key=key),
        told,
    )
    return [Left(table=table, row=_loaded(row)) for (row,) in cursor.fetchall()]


def _loaded(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row) if isinstance(row, str) else row
    return found


def _defaults(model: type[models.Model]) -> dict[str, Any]:
    """What columns hold that did not exist yet when a record went into the bin."""
    found: Any = model._meta.concrete_fields
    return {column.column: column.get_default() for column in found if column.has_default() and not column.primary_key}


def _dumps(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder)


def _take_hold(cursor: Any, part: Part, binned_ids: Sequence[int]) -> None:
    """Rows that let go point at the record again, except those that have found another one."""
    key = part.path[-1]
    cursor.execute(
        sql.SQL(
            "UPDATE {table} AS held SET {column} = (link ->> 1)::bigint"
            " FROM recovery_binned AS b, jsonb_array_elements(b.links -> {name}) AS link"
            " WHERE b.id = ANY(%s) AND held.{pk} = (link ->> 0)::bigint AND held.{column} IS NULL"
            " AND EXISTS (SELECT FROM {target} AS target WHERE target.{target_pk} = (link ->> 1)::bigint)"
        ).format(
            table=sql.Identifier(part.model._meta.db_table),
            column=sql.Identifier(key.column),
            name=sql.Literal(part.name),
            pk=_key_of(part.model),
            target=sql.Identifier(key.target_field.model._meta.db_table),
            target_pk=sql.Identifier(key.target_field.column),
        ),
        [list(binned_ids)],
    )
