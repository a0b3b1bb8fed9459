"""Imports in the background: queued ones, those whose process died, and what nobody needs any more."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor
from zhike.exchange import services
from zhike.exchange.engine import ImportBusy
from zhike.exchange.mappings import MappingUnfit
from zhike.exchange.models import Import
from zhike.exchange.progress import ImportCancelled
from zhike.exchange.run import PREFIX
from zhike.exchange.staging import drop_staging

SILENCE = timedelta(seconds=30)  # without a heartbeat: the process is dead
KEPT_STAGED = timedelta(days=2)


@app.task(name="exchange.preview_import", queue="exchange")
def preview_import(*, import_id: int, user_id: int | None) -> None:
    _work(services.preview_import, import_id, user_id)


@app.task(name="exchange.apply_import", queue="exchange")
def apply_import(*, import_id: int, user_id: int | None) -> None:
    _work(services.apply_import, import_id, user_id)


@app.task(name="exchange.undo_import", queue="exchange")
def undo_import(*, import_id: int, user_id: int | None) -> None:
    _work(services.undo_import, import_id, user_id)


@app.periodic(cron="* * * * *")
@app.task(name="exchange.resume_dead", queue="exchange", queueing_lock="exchange.resume_dead")
def resume_dead(timestamp: int) -> None:
    """Go on with imports whose process died; one that is queued and not begun has no heartbeat and waits."""
    now = datetime.now(UTC)
    dead = Import.objects.filter(status__in=services.RUNNING, heartbeat_at__lt=now - SILENCE)
    for job in dead.order_by("pk"):
        _work(services.resume_import, job.pk, job.owner_id)


@app.periodic(cron="17 3 * * *")
@app.task(name="exchange.sweep_staging", queue="exchange", queueing_lock="exchange.sweep_staging")
def sweep_staging(timestamp: int) -> None:
    """Drop the staging tables of imports that are done, gone, or have waited for a decision too long."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'")
        found = {int(name.removeprefix(PREFIX).split("_")[0]) for (name,) in cursor.fetchall()}
    recent = datetime.now(UTC) - KEPT_STAGED
    waiting = Import.objects.filter(pk__in=found, created_at__gte=recent, applied_at=None)
    running = Import.objects.filter(pk__in=found, status__in=services.RUNNING)
    for import_id in found - set(waiting.values_list("pk", flat=True)) - set(running.values_list("pk", flat=True)):
        drop_staging(import_id)


def _work(service: services.Work, import_id: int, user_id: int | None) -> None:
    try:
        actor = _actor(user_id)
        with acting(actor):
            service(actor=actor, import_id=import_id, at=datetime.now(UTC), listener=None)
    except (ImportBusy, ImportCancelled, services.ImportNotReady):
        # Another process has it, somebody stopped it, or it is done: nothing is left to do, and the row says so.
        return
    except MappingUnfit as refusal:
        # The role may have been kept from a field since; without an end it would be taken up again every minute.
        running = Import.objects.filter(pk=import_id, status__in=services.RUNNING)
        running.update(status=Import.Status.FAILED, error=str(refusal), heartbeat_at=None)


def _actor(user_id: int | None) -> Actor:
    return SYSTEM if user_id is None else actor_of(User.objects.get(pk=user_id))
