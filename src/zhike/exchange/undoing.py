"""Taking an import back, table by table: what every importable does in the same way."""

from collections.abc import Collection, Mapping
from typing import LiteralString

from django.apps import apps
from django.db.models import Model
from psycopg import sql

from zhike.exchange.registry import Undone
from zhike.exchange.run import Run

KEPT_LISTED = 1000


def restore_updated(run: Run, model: type[Model], *, columns: tuple[str, ...], label: str, undone: Undone) -> None:
    """Give updated rows their former values, except those with another version than the import left.

    columns: what an import may change. Rows that stay are added to `undone`.
    """
    table = model._meta.db_table
    parts = {"table": sql.Identifier(table), "label": sql.Identifier(label)}
    assignments = sql.SQL(", ").join(
        sql.SQL("{column} = (jsonb_populate_record(current, change.before)).{column}").format(
            column=sql.Identifier(name)
        )
        for name in columns
    )
    _list_kept(
        run,
        "SELECT current.id, current.{label}, 'edited' FROM {table} AS current"
        " JOIN exchange_importchange AS change ON change.row_id = current.id"
        " WHERE change.job_id = %(import_id)s AND change.table = %(table)s AND current.version <> change.version_after",
        table,
        parts,
        undone,
    )
    run.execute(
        "UPDATE {table} AS current SET {assignments} FROM exchange_importchange AS change"
        " WHERE change.job_id = %(import_id)s AND change.table = %(table)s"
        " AND current.id = change.row_id AND current.version = change.version_after",
        {"table": table},
        assignments=assignments,
        **parts,
    )


def delete_created(
    run: Run,
    model: type[Model],
    *,
    label: str,
    own: tuple[str, ...] = (),
    also_kept: Collection[int] = (),
    undone: Undone,
) -> None:
    """Delete the rows the import made, except those that were edited or are used by something else since.

    own: tables whose rows go along with the row where this import made them and nobody edited them. Rows of models
    with `is_computed` always go along. also_kept: ids that something else needs. Rows that stay are in the staging
    table `kept_<table>` and in `undone`.
    """
    table = model._meta.db_table
    references = _references(run, table)
    computed = {one._meta.db_table for one in apps.get_models() if getattr(one, "is_computed", False)}
    tests = [sql.SQL("SELECT id, 'edited' AS reason FROM {made} WHERE version > 1").format(made=run.table("made"))]
    for referring, column in references:
        if referring not in computed:
            tests.append(
                sql.SQL(
                    "SELECT made.id, 'used' FROM {made} AS made JOIN {referring} AS other ON other.{column} = made.id"
                    " WHERE {counts}"
                ).format(
                    made=run.table("made"),
                    referring=sql.Identifier(referring),
                    column=sql.Identifier(column),
                    counts=_is_foreign(run, referring) if referring in own else sql.SQL("true"),
                )
            )
    if also_kept:
        needed = sql.SQL("SELECT id, 'used' FROM {made} WHERE id = ANY({ids})")
        tests.append(needed.format(made=run.table("made"), ids=sql.Literal(sorted(also_kept))))
    first = run.job.reserved.get(table, [0])[0]
    run.make(
        "made",
        "SELECT id, version FROM {table} WHERE import_id = %(import_id)s AND id >= %(first)s",
        {"first": first},
        table=sql.Identifier(table),
    )
    kept = f"kept_{table}"
    run.make(
        kept,
        "SELECT id, min(reason) AS reason FROM ({tests}) AS test GROUP BY id",
        tests=sql.SQL(" UNION ALL ").join(tests),
    )
    parts = {"kept": run.table(kept), "table": sql.Identifier(table), "label": sql.Identifier(label)}
    _list_kept(
        run,
        "SELECT row.id, row.{label}, kept.reason FROM {kept} AS kept JOIN {table} AS row ON row.id = kept.id",
        table,
        parts,
        undone,
    )
    doomed = sql.SQL("(SELECT id FROM {made} WHERE id NOT IN (SELECT id FROM {kept}))").format(
        made=run.table("made"), kept=run.table(kept)
    )
    for referring, column in references:
        if referring in computed or referring in own:
            run.execute(
                "DELETE FROM {referring} WHERE {column} IN {doomed}",
                referring=sql.Identifier(referring),
                column=sql.Identifier(column),
                doomed=doomed,
            )
    run.execute("DELETE FROM {table} WHERE id IN {doomed}", doomed=doomed, **parts)


def _is_foreign(run: Run, referring: str) -> sql.Composable:
    """Whether a row `other` is not simply one that this import made."""
    edited = sql.SQL("")
    if _has_version(run, referring):
        edited = sql.SQL(" OR other.version > 1")
    return sql.SQL("(other.import_id IS DISTINCT FROM {job}{edited})").format(
        job=sql.Literal(run.job.pk), edited=edited
    )


def _has_version(run: Run, table: str) -> bool:
    return bool(
        run.value(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = %(table)s::regclass AND attname = 'version')",
            {"table": table},
        )
    )


def _references(run: Run, table: str) -> list[tuple[str, str]]:
    """Tables and columns whose foreign keys point at the table, from the catalogue: no app is forgotten."""
    found = run.execute(
        "SELECT conrelid::regclass::text, attname FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
        " WHERE contype = 'f' AND confrelid = %(table)s::regclass ORDER BY 1, 2",
        {"table": table},
    )
    return [(str(referring), str(column)) for referring, column in found.fetchall()]


def _list_kept(run: Run, query: LiteralString, table: str, parts: Mapping[str, sql.Composable], undone: Undone) -> None:
    rows = run.execute(query, {"table": table}, **parts).fetchall()
    undone.kept_count += len(rows)
    room = KEPT_LISTED - len(undone.kept)
    undone.kept += [
        {"table": table, "id": row_id, "label": str(label), "reason": reason} for row_id, label, reason in rows[:room]
    ]
