"""From file to staging tables: parsed and converted a column at a time, copied in while the next batch is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from psycopg import sql

from zhike.core.acting import seeing_everything
from zhike.exchange.conversion import Manner, convert
from zhike.exchange.fields import Field
from zhike.exchange.files import ROW, Reading, RefusedRow, Table, open_file
from zhike.exchange.models import Import
from zhike.exchange.registry import Cells, Importable, Stager, importable
from zhike.exchange.run import PREFIX, SCHEMA, Plan, Run, raw_connection

if TYPE_CHECKING:
    import polars as pl

BATCH = 100_000
REFUSED = ("row", "reason", "column", "value", "expected", "is_read")
LONGEST_VALUE_SHOWN = 200


@dataclass(frozen=True)
class _Staged:
    frames: dict[str, pl.DataFrame]
    refused: pl.DataFrame
    end: int


def open_import(job: Import) -> Table:
    """The import's file, read as recognition or a person said.

    :raises FileProblem: it cannot be read
    """
    return open_file(job.file, name=job.name, reading=Reading(**job.reading))


def is_staged(run: Run) -> bool:
    """Whether the staging tables hold the whole file: a killed server empties them, a sweep drops them."""
    exists = run.value("SELECT to_regclass(%(name)s)", {"name": f"{SCHEMA}.{PREFIX}{run.job.pk}_rows"})
    if not exists or not run.job.row_count:
        return False
    count = run.value("SELECT (SELECT count(*) FROM {rows}) + (SELECT count(*) FROM {refused} WHERE is_read)")
    return bool(count == run.job.row_count)


def stage(run: Run) -> None:
    """Fill the staging tables from the file and count its rows.

    :raises FileProblem: the file cannot be read
    """
    kind = importable(run.job.kind)
    table = open_import(run.job)
    stager = kind.stager(run.plan)
    with transaction.atomic():
        drop_staging(run.job.pk)
        _create(run, stager)
        for staged in _ahead(_batches(table, kind, stager, run.plan)):
            for name, frame in staged.frames.items():
                run.copy(name, list(stager.tables[name]), frame)
            run.copy("refused", REFUSED, staged.refused)
            run.progress.at("staging", staged.end, table.row_estimate)
        run.execute("SET LOCAL default_statistics_target = 10")
        for name in (*stager.tables, "refused"):
            run.execute("ANALYZE {table}", table=run.table(name))
        run.job.row_count = run.value("SELECT (SELECT count(*) FROM {rows}) + (SELECT count(*) FROM {refused})")
        run.job.save(update_fields=["row_count"])


def drop_staging(import_id: int) -> None:
    """Drop every staging table of the import."""
    # Tables belong to the role that made them, and imports act as the one that sees everything.
    with seeing_everything():
        connection = raw_connection()
        # An id is followed by "_", so that import 1 does not take the tables of import 12 along.
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'"
            " AND starts_with(relname, %s)",
            [f"{PREFIX}{import_id}_"],
        )
        for (name,) in found.fetchall():
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(SCHEMA, name)))


def _create(run: Run, stager: Stager) -> None:
    refused = {"row": "bigint", "reason": "text", "column": "text", "value": "text", "expected": "text"}
    for name, columns in {**stager.tables, "refused": {**refused, "is_read": "boolean"}}.items():
        body = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()
        )
        run.execute("CREATE UNLOGGED TABLE {table} ({body})", table=run.table(name), body=body)


def _batches(table: Table, kind: Importable, stager: Stager, plan: Plan) -> Iterator[_Staged]:
    import polars as pl

    fields = {field.code: field for field in kind.fields}
    # Three at work: one thread cuts the file into cells, this one converts them, the caller copies.
    for batch in _ahead(table.batches(BATCH)):
        cells, refused = _convert(batch.rows, fields, kind.limits, plan)
        rows = [_refused_row(row) for row in batch.refused] + refused
        schema = dict.fromkeys(REFUSED, pl.String) | {"row": pl.Int64, "is_read": pl.Boolean}
        yield _Staged(stager.frames(cells), pl.DataFrame(rows, schema=schema, orient="row"), batch.end)


def _refused_row(row: RefusedRow) -> tuple[int, str, str, str, str, bool]:
    return row.row, row.reason, row.column, row.value[:LONGEST_VALUE_SHOWN], row.expected, True


def _convert(
    rows: pl.DataFrame, fields: Mapping[str, Field], limits: Mapping[str, int], plan: Plan
) -> tuple[Cells, list[tuple[object, ...]]]:
    """Mapped columns as values; rows with a cell that is none are left out and given with their first reason."""
    import polars as pl

    manner = Manner(zone=ZoneInfo(plan.zone), day_first=plan.is_day_first)
    columns = [rows[ROW]]
    refused: list[tuple[object, ...]] = []
    bad: set[int] = set()
    for column, code in plan.mapping.items():
        field = fields[code]
        converted = convert(rows[column], field.type, manner=manner, finish=field.finish)
        columns += [rows[column].alias(f"text {column}"), converted.values.alias(f"value {column}")]
        reasons = converted.reasons
        if field.required:
            missing = rows[column].is_null() & reasons.is_null()
            reasons = pl.select(pl.when(missing).then(pl.lit("missing")).otherwise(reasons)).to_series()
        limit = limits.get(code)
        if limit is not None:
            is_long = (converted.values.str.len_chars() > limit) & reasons.is_null()
            reasons = pl.select(pl.when(is_long).then(pl.lit("text_too_long")).otherwise(reasons)).to_series()
        if reasons.null_count() < reasons.len():
            told = pl.DataFrame([rows[ROW], reasons.alias("reason"), rows[column].alias("cell")])
            for row, reason, cell in told.drop_nulls("reason").iter_rows():
                if row not in bad:
                    bad.add(row)
                    expected = str(limit) if reason == "text_too_long" else ""
                    shown = field.cover(cell or "") if field.is_secret else (cell or "")[:LONGEST_VALUE_SHOWN]
                    refused.append((row, reason, column, shown, expected, True))
    frame = pl.DataFrame(columns)
    return Cells(frame.filter(~frame[ROW].is_in(list(bad))) if bad else frame), refused


def _ahead[T](items: Iterator[T]) -> Iterator[T]:
    """The same items; the next one is made in a thread while this one is used."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import-reader") as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item
