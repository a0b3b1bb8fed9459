"""An export in the background: as whoever asked for it, with what they may by now."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.core.alone import alone
from zhike.exports import telling
from zhike.exports.models import Export
from zhike.exports.selectors import find_maker
from zhike.exports.services import keeping, making, resuming, scheduling

LOCK = "exports.make_export"


def work_off(*, export_id: int, now: Callable[[], datetime]) -> None:
    """Make a queued export, if no other is being made: whoever waits for an import is not to wait for all of these.

    One that has to wait is queued again by whoever was before it.
    """
    with alone(LOCK) as is_alone:
        if is_alone:
            _work_off(export_id, now)
    if is_alone:
        with acting(SYSTEM, origin="task"):
            resuming.queue_next(at=now())


def _work_off(export_id: int, now: Callable[[], datetime]) -> None:
    """Who may not log in any more gets none."""
    with acting(SYSTEM, origin="task"):
        owner_id = Export.objects.values_list("owner_id", flat=True).get(pk=export_id)
        actor = SYSTEM if owner_id is None else find_maker(owner_id)
        if actor is None:
            waiting = Export.objects.filter(pk=export_id, status=Export.Status.WAITING)
            error = gettext("The account is closed.")
            waiting.update(status=Export.Status.REFUSED, error=error, finished_at=now(), heartbeat_at=None)
            return
    with acting(actor, origin="task"):
        making.make_export(actor=actor, export_id=export_id, now=now, is_awaited=False)
    tell_of(export_id=export_id, at=now())


def tell_untold(*, at: datetime) -> int:
    """Tell of those whose process died before it could; for the system. How many."""
    ended = Export.objects.exclude(status__in=keeping.OPEN).filter(heartbeat_at__lt=at - resuming.SILENCE)
    ids = list(ended.order_by("pk").values_list("pk", flat=True))
    for export_id in ids:
        tell_of(export_id=export_id, at=at)
    return len(ids)


def tell_of(*, export_id: int, at: datetime) -> None:
    """Hand what a schedule made to its colleagues, as far as they may take it, and say what became of it; once."""
    with acting(SYSTEM, origin="task"):
        made = Export.objects.select_related("schedule").get(pk=export_id)
        if made.status in keeping.OPEN or made.heartbeat_at is None:
            return
        owner = None if made.owner_id is None else find_maker(made.owner_id)
    if made.status == Export.Status.DONE and owner is not None:
        with acting(owner, origin="task"):
            for colleague in scheduling.list_willing(made):
                with suppress(keeping.ShareRefused, keeping.ExportNotThere):
                    keeping.share_export(actor=owner, export_id=export_id, colleague=colleague, at=at)
    with acting(SYSTEM, origin="task"), transaction.atomic():
        telling.tell_of_end(made, at=at)
        making.note_told(made)
