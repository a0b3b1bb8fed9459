"""Exports whose process died, or that nobody took up."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext

from zhike.exports.models import Export
from zhike.exports.services import keeping
from zhike.exports.services.starting import queue

SILENCE = timedelta(minutes=5)  # a workbook is put together at its end, which takes long without a word
MOST_TRIES = 2
Status = Export.Status


def resume_dead(*, at: datetime) -> int:
    """Begin again with exports whose process died, twice at most; for the system. How many were dead."""
    dead = Export.objects.filter(status=Status.RUNNING, heartbeat_at__lt=at - SILENCE)
    count = 0
    for export in dead.order_by("pk"):
        with transaction.atomic():
            keeping.remove_files(export)
            export.tries += 1
            if export.tries >= MOST_TRIES:
                export.status, export.finished_at = Status.FAILED, at
                export.error = gettext("The process that made it died.")
            else:
                export.status = Status.WAITING
                queue(export)
            export.heartbeat_at = None
            export.save(update_fields=["tries", "status", "finished_at", "error", "heartbeat_at"])
        count += 1
    return count
