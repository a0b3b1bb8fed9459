"""Writing back: which customers' facts changed, and how they reach PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg import sql

from zhike.core.actor import Actor
from zhike.customers.models import Grade
from zhike.customers.services import facts
from zhike.engine.results import write_rows
from zhike.engine.snapshot import open_snapshot
from zhike.engine.warehouse import Warehouse, WarehouseEmpty
from zhike.insight.measures import Earlier
from zhike.scores import services as scores
from zhike.scores.models import ScoringRun

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from zhike.engine.backend import Engine

STAGING = "insight_scored"
FORM = 2  # of the copy that `remember` keeps
COMPARED = ("as_of", *facts.FACT_COLUMNS)
_KNOWN = sql.SQL("SELECT customer_id, {} FROM customers_customerfacts")


@contextmanager
def earlier(warehouse: Warehouse, *, latest: ScoringRun | None) -> Iterator[Earlier | None]:
    """What the latest run found and the data it read, held until the end; None where they are not at hand."""
    copy = _copy(warehouse.folder, latest) if latest else None
    if latest is None or copy is None or not copy.exists() or latest.code_version != version("zhike"):
        yield None
        return
    try:
        lease = warehouse.read()
    except WarehouseEmpty:
        yield None
        return
    is_same = lease.version.fingerprint == latest.data_fingerprint
    known = Earlier(values=copy, version=lease.version, as_of=latest.as_of, currency=latest.metrics["currency"])
    try:
        yield known if is_same else None
    finally:
        lease.release()
        warehouse.clean()


def changed_facts(engine: Engine, figures: ir.Table, *, latest: ScoringRun | None, folder: Path, dsn: str) -> pa.Table:
    """The rows of `figures` that differ from the facts in PostgreSQL.

    The comparison happens here and not there, so that a refresh after a small change sends few rows. What the latest
    run wrote is read from the copy that `remember` keeps, where there is one. latest: the run that wrote the facts.
    """
    copy = _copy(folder, latest) if latest else None
    if copy is not None and copy.exists():
        known = engine.read(copy)
    else:
        found = _known_facts(engine, figures.schema(), dsn=dsn)
        if found is None:
            return figures.order_by("customer_id").to_pyarrow()
        known = found
    rows = figures.left_join(known, "customer_id")
    differs = rows["customer_id_right"].isnull()
    for name in COMPARED:
        differs |= ~rows[name].identical_to(rows[f"{name}_right"])
    return rows.filter(differs).select(*figures.columns).order_by("customer_id").to_pyarrow()


def draft(engine: Engine, figures: ir.Table, *, folder: Path) -> None:
    """Write what a run is about to write, for `remember`."""
    path = _draft(folder)
    path.parent.mkdir(exist_ok=True)
    engine.write(figures, path)


def remember(*, run: ScoringRun, folder: Path) -> None:
    """Keep the draft as a copy of what the run wrote, for the comparison of the next one."""
    copy = _copy(folder, run)
    _draft(folder).replace(copy)
    for other in copy.parent.iterdir():
        if other != copy:
            other.unlink()


def forget(*, folder: Path) -> None:
    """Drop all copies of what runs wrote; the next one reads from PostgreSQL what stands there."""
    shutil.rmtree(folder / "scored", ignore_errors=True)


def _draft(folder: Path) -> Path:
    return folder / "scored" / "draft"


def _copy(folder: Path, run: ScoringRun) -> Path:
    """Named so that no run of another database, or of one restored to an earlier day, is taken for this one."""
    moment = run.started_at.strftime("%Y%m%dT%H%M%S%f")
    return folder / "scored" / f"{FORM}-{run.pk}-{moment}-{run.data_fingerprint}.parquet"


def write_back(changed: pa.Table, *, actor: Actor, run: ScoringRun) -> tuple[int, int]:
    """Put the changed figures into PostgreSQL, within the surrounding transaction: first the scores, then the facts.

    Returns how many scores were added and how many facts changed.
    """
    columns = facts.create_staging(name=STAGING)
    connection.ensure_connection()
    staged = write_rows(connection.connection, STAGING, changed.select(columns), columns=columns)
    if not staged:
        return 0, 0
    with connection.cursor() as cursor:
        # Joins with all customers, which would spill.
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(STAGING)))
    facts.drop_strangers(staging=STAGING)
    added = scores.record_values(actor=actor, run=run, staging=STAGING, grades=tuple(Grade.values))
    return added, facts.put_facts(actor=actor, run_id=run.pk, staging=STAGING)


def _known_facts(engine: Engine, schema: Any, *, dsn: str) -> ir.Table | None:
    import pyarrow as pa

    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(name)) if schema[name].is_decimal() else sql.Identifier(name)
        for name in COMPARED
    )
    names = ["customer_id", *COMPARED]
    with open_snapshot(dsn) as snapshot:
        batches = [batch.rename_columns(names) for batch in snapshot.batches(_KNOWN.format(columns))]
    if not any(batch.num_rows for batch in batches):
        return None
    known = engine.put("known_text", pa.Table.from_batches(batches))
    typed = known.select(*(known[name].cast(schema[name]).name(name) for name in names))
    return engine.materialize("known", typed)
