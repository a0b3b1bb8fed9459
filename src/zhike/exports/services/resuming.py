"""Exports whose process died, or that nobody took up."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from zhike.core.alone import is_queued
from zhike.exports.models import Export
from zhike.exports.services import keeping
from zhike.exports.services.starting import TASK, queue

SILENCE = timedelta(minutes=5)  # a workbook is put together at its end, which takes long without a word
MOST_TRIES = 2
MOST_CALLS = 5  # for one whose process dies before it begins
Status = Export.Status


def resume_dead(*, at: datetime) -> int:
    """Begin again with exports whose process died and with those that nobody took up; for the system. How many.

    Neither is tried for ever.
    """
    dead = Export.objects.filter(status=Status.RUNNING, heartbeat_at__lt=at - SILENCE)
    count = 0
    for export in dead.order_by("pk"):
        with transaction.atomic():
            keeping.remove_files(export)
            _try_again(export, most=MOST_TRIES, at=at)
        count += 1
    return count + _call_lost(at)


def queue_next(*, at: datetime) -> None:
    """Let a worker take up the next of those that found another one being made."""
    for export in Export.objects.filter(status=Status.WAITING, heartbeat_at__isnull=False).order_by("pk"):
        if not is_queued(TASK, export_id=export.pk):
            queue(export, at=at)
            return


def _call_lost(at: datetime) -> int:
    if Export.objects.filter(status=Status.RUNNING).exists():
        return 0  # they wait for it
    silent = Q(heartbeat_at__lt=at - SILENCE) | Q(heartbeat_at=None, created_at__lt=at - SILENCE)
    count = 0
    for export in Export.objects.filter(silent, status=Status.WAITING).order_by("pk"):
        if not is_queued(TASK, export_id=export.pk):
            with transaction.atomic():
                _try_again(export, most=MOST_CALLS, at=at)
            count += 1
    return count


def _try_again(export: Export, *, most: int, at: datetime) -> None:
    export.tries += 1
    if export.tries >= most:
        export.status, export.finished_at, export.heartbeat_at = Status.FAILED, at, None
        export.error = gettext("The process that made it died.")
    else:
        export.status, export.heartbeat_at = Status.WAITING, at
        queue(export, at=at)
    export.save(update_fields=["tries", "status", "finished_at", "error", "heartbeat_at"])
