"""Records in the bin that point at each other, so that both come back as they were in whichever order they do."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from zhike.recovery.kinds import Kind, binned_kind_of


def promise(cursor: Any, kind: Kind, binned_ids: Sequence[int]) -> None:
    """What the records point at may be in the bin itself: it takes hold of them when it comes back."""
    every: Any = kind.model._meta.concrete_fields
    for column in every:
        target = binned_kind_of(column.related_model) if column.is_relation and column.null else None
        if target is None:
            continue
        cursor.execute(
            sql.SQL(
                "UPDATE recovery_binned AS gone SET links = gone.links || jsonb_build_object({name},"
                " coalesce(gone.links -> {name}, '[]') || found.pairs)"
                " FROM (SELECT (kept ->> {column})::bigint AS target,"
                "   jsonb_agg(jsonb_build_array(b.record_id, kept -> {column})) AS pairs"
                "   FROM recovery_binned AS b, jsonb_array_elements(b.rows -> {table}) AS kept"
                "   WHERE b.id = ANY(%s) AND kept ->> {column} IS NOT NULL GROUP BY 1) AS found"
                " WHERE gone.kind = {kind} AND gone.record_id = found.target"
            ).format(
                name=sql.Literal(f"{kind.table}.{column.column}"),
                column=sql.Literal(column.column),
                table=sql.Literal(kind.table),
                kind=sql.Literal(target.code),
            ),
            [list(binned_ids)],
        )


def take_hold_in_bin(cursor: Any, key: Any, *, name: str, binned_ids: Sequence[int]) -> None:
    """What let go of the records, and went into the bin afterwards, points at them again there."""
    kind = binned_kind_of(key.model)
    if kind is None or kind.bin is None:
        return
    cursor.execute(
        sql.SQL(
            "UPDATE recovery_binned AS held SET"
            " above_id = CASE WHEN {is_above} THEN (link ->> 1)::bigint ELSE held.above_id END,"
            " rows = jsonb_set(held.rows, ARRAY[{table}, '0', {column}], link -> 1)"
            " FROM recovery_binned AS b, jsonb_array_elements(b.links -> {name}) AS link"
            " WHERE b.id = ANY(%s) AND held.kind = {kind} AND held.record_id = (link ->> 0)::bigint"
            " AND held.rows -> {table} -> 0 ->> {column} IS NULL"
        ).format(
            is_above=sql.Literal(kind.bin.above == key.column),
            table=sql.Literal(kind.table),
            column=sql.Literal(key.column),
            name=sql.Literal(name),
            kind=sql.Literal(kind.code),
        ),
        [list(binned_ids)],
    )


def leave_to_other_end(cursor: Any, kind: Kind, model: Any, binned_ids: Sequence[int]) -> None:
    """A row between two records comes back with whichever of them comes back last."""
    ends = [column for column in model._meta.concrete_fields if column.related_model is kind.model]
    if len(ends) < 2:
        return
    for end in ends:
        cursor.execute(
            sql.SQL(
                "UPDATE recovery_binned AS gone"
                " SET rows = jsonb_set(gone.rows, ARRAY[{table}], coalesce(gone.rows -> {table}, '[]') || found.kept)"
                " FROM (SELECT (kept ->> {column})::bigint AS target, jsonb_agg(kept) AS kept"
                "   FROM recovery_binned AS b, jsonb_array_elements(b.rows -> {table}) AS kept"
                "   WHERE b.id = ANY(%(ids)s) GROUP BY 1) AS found"
                " WHERE gone.kind = %(kind)s AND gone.record_id = found.target AND NOT gone.id = ANY(%(ids)s)"
            ).format(table=sql.Literal(model._meta.db_table), column=sql.Literal(end.column)),
            {"ids": list(binned_ids), "kind": kind.code},
        )
