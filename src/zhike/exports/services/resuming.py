"""Exports whose process died, or that nobody took up."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
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
    return sum(_try_again(dead, pk, most=MOST_TRIES, at=at) for pk in _ids(dead)) + _call_lost(at)


def take_back(*, export_id: int, at: datetime) -> None:
    """The same at once, of one whose process is known to have died; for the system. Whoever waits goes on."""
    mine = Export.objects.filter(pk=export_id)
    was_running = _try_again(mine.filter(status=Status.RUNNING), export_id, most=MOST_TRIES, at=at)
    # One that it never took up is not called from here, for it might die like this for ever.
    if was_running or not mine.filter(status=Status.WAITING).exists():
        queue_next(at=at)


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
    lost = Export.objects.filter(silent, status=Status.WAITING)
    called = [pk for pk in _ids(lost) if not is_queued(TASK, export_id=pk)]
    return sum(_try_again(lost, pk, most=MOST_CALLS, at=at) for pk in called)


def _ids(rows: QuerySet[Export]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _try_again(rows: QuerySet[Export], pk: int, *, most: int, at: datetime) -> bool:
    """Whether it still was one of these."""
    export = rows.select_for_update(skip_locked=True).filter(pk=pk).first()
    if export is None:
        return False
    keeping.remove_files(export)
    export.tries += 1
    if export.tries >= most:
        export.status, export.finished_at = Status.FAILED, at
        export.heartbeat_at = export.heartbeat_at or at - SILENCE
        export.error = gettext("The process that made it died.")
    else:
        export.status, export.heartbeat_at = Status.WAITING, at
        queue(export, at=at)
    export.save(update_fields=["tries", "status", "finished_at", "error", "heartbeat_at"])
    return True
