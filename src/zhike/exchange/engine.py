"""How an import is worked on: by one process at a time, cancellable, with its end recorded whatever happens.

Locks, always in this order, so that two imports cannot wait for each other: the import's own, then the one merge
lock of the database. Records are only written under the merge lock, in one transaction.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.events import publish
from zhike.exchange import refused
from zhike.exchange.events import ImportApplied, ImportUndone
from zhike.exchange.models import Import
from zhike.exchange.progress import ImportCancelled, Listener, Progress
from zhike.exchange.registry import RecordsMoved, importable
from zhike.exchange.run import Plan, Run, raw_connection
from zhike.exchange.staging import drop_staging, is_staged, stage

IMPORT_LOCK = 0x5A_48_01  # first halves of advisory lock keys; the second is the import, or 0
MERGE_LOCK = 0x5A_48_02
ATTEMPTS = 3
MANY = 1000  # new rows from which stale statistics would hurt
# Somebody wrote the same record, or what belongs to it, in the meantime; the next attempt sees it.
RACES = (
    RecordsMoved,
    psycopg.errors.UniqueViolation,
    psycopg.errors.ForeignKeyViolation,
    psycopg.errors.DeadlockDetected,
)


class ImportBusy(DomainError):
    code = "import_busy"


@contextmanager
def working(job: Import, *, actor: Actor, at: datetime, status: str, listener: Listener | None = None) -> Iterator[Run]:
    """Work on an import; failure and cancellation are recorded before they are raised.

    :raises ImportBusy: another process works on it
    :raises ImportCancelled: somebody cancelled it, or Ctrl-C did
    """
    before = job.status
    # To know what is there already, an import looks at every record; what the actor may change is decided per row.
    with seeing_everything(), _locked(job):
        job.refresh_from_db()
        _put(job, status=status, error="", heartbeat_at=at)
        is_settled = False
        try:
            with Progress(job.pk, listener=listener) as progress:
                run = Run(job=job, actor=actor, at=at, progress=progress, plan=Plan.of(job))
                try:
                    yield run
                finally:
                    run.abandon_asides()
            _put(job, phase="", is_cancel_requested=False, heartbeat_at=None)
            is_settled = True
        except (ImportCancelled, KeyboardInterrupt) as stop:
            _settle_cancelled(job, before, at)
            is_settled = True
            raise ImportCancelled from stop
        finally:
            if not is_settled:
                _settle_failed(job, sys.exception())


def preview(run: Run) -> None:
    """Stage and match; the counts say what `apply` would do."""
    stage(run)
    _match(run)
    _put(run.job, status=Import.Status.PREVIEWED)
    refused.write(run)


def apply(run: Run) -> None:
    """Merge the file, or finish what an interrupted run left."""
    if run.job.merged_at is None:
        if not is_staged(run):
            stage(run)
        with _merge_lock():
            _try_again(run, _match_and_merge)
        refused.write(run)
    run.progress.forbid_cancel()
    run.progress.at("finishing")
    with transaction.atomic():
        importable(run.job.kind).finish(run)
        _put(run.job, status=Import.Status.APPLIED, applied_at=run.at)
        drop_staging(run.job.pk)
        if run.job.new_count or run.job.updated_count or any(run.job.created.values()):
            publish(ImportApplied(import_id=run.job.pk, kind=run.job.kind))


def undo(run: Run) -> None:
    """Take the import back; what was edited since stays and is listed."""
    with _merge_lock():
        _try_again(run, _undo)


def _undo(run: Run) -> None:
    with transaction.atomic():
        run.progress.at("undoing")
        undone = importable(run.job.kind).undo(run)
        run.execute("SET CONSTRAINTS ALL IMMEDIATE")
        run.job.changes.all().delete()
        drop_staging(run.job.pk)
        _put(
            run.job,
            status=Import.Status.UNDONE,
            undone_at=run.at,
            kept=undone.kept,
            kept_count=undone.kept_count,
        )
        publish(ImportUndone(import_id=run.job.pk, kind=run.job.kind))


def _match(run: Run) -> None:
    kind = importable(run.job.kind)
    with transaction.atomic():
        run.progress.at("matching")
        run.execute("SET LOCAL work_mem = '128MB'")
        # Plain joins of whole tables: a small sample is enough to plan them.
        run.execute("SET LOCAL default_statistics_target = 10")
        # Staging tables are made by a query each; the second core pays for itself from some thousand rows on.
        run.execute("SET LOCAL parallel_setup_cost = 1000")
        run.execute("SET LOCAL parallel_tuple_cost = 0.02")
        run.execute("DELETE FROM {refused} WHERE NOT is_read")
        kind.match(run)
        counts = kind.count(run)
        _put(
            run.job,
            new_count=counts.new,
            updated_count=counts.updated,
            unchanged_count=counts.unchanged,
            refused_count=run.value("SELECT count(*) FROM {refused}"),
            amount=counts.amount,
        )


def _try_again(run: Run, work: Callable[[Run], None]) -> None:
    """Where somebody else was quicker, from the beginning."""
    for attempt in range(ATTEMPTS):
        try:
            work(run)
        except RACES:
            run.abandon_asides()
            run.job.refresh_from_db()
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            return


def _match_and_merge(run: Run) -> None:
    _match(run)
    _merge(run)


def _merge(run: Run) -> None:
    kind = importable(run.job.kind)
    with transaction.atomic():
        run.progress.at("reserving")
        kind.reserve(run)
    with transaction.atomic():
        run.execute("SET LOCAL work_mem = '128MB'")
        run.progress.at("merging")
        created = kind.merge(run)
        _renew_statistics(run)
        run.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _put(run.job, created=created, merged_at=run.at)
    run.progress.forbid_cancel()
    run.progress.at("indexing")
    committed = [aside.commit() for aside in run.asides]
    run.is_beside_done = all(committed)


def _renew_statistics(run: Run) -> None:
    """Tell the planner how full the tables are now, before it plans the checks of a million keys.

    Where an undo had emptied a table, it would take it for empty still and walk through a whole index for each key.
    """
    if run.job.new_count >= MANY:
        for table in run.job.reserved:
            run.execute("SELECT public.zhike_analyze(%(table)s::regclass)", {"table": table})


def _put(job: Import, **values: object) -> None:
    # Only these columns: progress, heartbeat and the wish to cancel are written by others meanwhile.
    for name, value in values.items():
        setattr(job, name, value)
    job.save(update_fields=list(values))


def _settle_cancelled(job: Import, before: str, at: datetime) -> None:
    job.refresh_from_db()
    if before == Import.Status.APPLIED:
        _put(job, status=before, is_cancel_requested=False, phase="", heartbeat_at=None)
    elif job.merged_at:
        # Too late to cancel what is committed; its old heartbeat asks for somebody to finish it.
        _put(job, status=Import.Status.APPLYING, is_cancel_requested=False, phase="", heartbeat_at=at)
    else:
        _put(job, status=Import.Status.CANCELLED, is_cancel_requested=False, phase="", heartbeat_at=None)


def _settle_failed(job: Import, error: BaseException | None) -> None:
    job.refresh_from_db()
    _put(job, status=Import.Status.FAILED, error=str(error)[:2000], phase="", heartbeat_at=None)


def stop_dead() -> int:
    """End imports that say they are under way though nobody works on them, as in a restored database; how many.

    Each can be gone on with by hand. What runs is left alone.
    """
    count = 0
    running = (Import.Status.STAGING, Import.Status.APPLYING, Import.Status.UNDOING)
    for job in Import.objects.filter(status__in=running).order_by("pk"):
        try:
            with _locked(job), transaction.atomic():
                _put(job, status=_stopped(job), is_cancel_requested=False, phase="", heartbeat_at=None)
                if job.merged_at is None:
                    drop_staging(job.pk)
                count += 1
        except ImportBusy:
            continue
    return count


def _stopped(job: Import) -> Import.Status:
    if job.status == Import.Status.UNDOING:
        return Import.Status.APPLIED
    return Import.Status.FAILED if job.merged_at else Import.Status.CANCELLED


@contextmanager
def _locked(job: Import) -> Iterator[None]:
    taken = raw_connection().execute("SELECT pg_try_advisory_lock(%s, %s)", [IMPORT_LOCK, job.pk]).fetchone()
    if not (taken and taken[0]):
        raise ImportBusy(_("This import is being worked on at the moment."))
    try:
        yield
    finally:
        raw_connection().execute("SELECT pg_advisory_unlock(%s, %s)", [IMPORT_LOCK, job.pk])


@contextmanager
def _merge_lock() -> Iterator[None]:
    raw_connection().execute("SELECT pg_advisory_lock(%s, 0)", [MERGE_LOCK])
    try:
        yield
    finally:
        raw_connection().execute("SELECT pg_advisory_unlock(%s, 0)", [MERGE_LOCK])
