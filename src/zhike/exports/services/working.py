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
from zhike.exports.selectors import find_actor
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
        actor = SYSTEM if owner_id is None else find_actor(owner_id)
        if actor is None:
            waiting = Export.objects.filter(pk=export_id, status=Export.Status.WAITING)
            waiting.update(status=Export.Status.REFUSED, error=gettext("The account is closed."), finished_at=now())
            return
    with acting(actor, origin="task"):
        made = making.make_export(actor=actor, export_id=export_id, now=now)
        if made.status in keeping.OPEN:
            return
        for colleague in scheduling.list_willing(made) if made.status == Export.Status.DONE else ():
            with suppress(keeping.ShareRefused):
                keeping.share_export(actor=actor, export_id=export_id, colleague=colleague, at=now())
    with acting(SYSTEM, origin="task"), transaction.atomic():
        telling.tell_of_end(made, at=now())
