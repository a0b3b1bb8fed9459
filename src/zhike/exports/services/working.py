"""An export in the background: as whoever asked for it, with what they may by now."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.exports import telling
from zhike.exports.models import Export
from zhike.exports.selectors import find_actor
from zhike.exports.services import keeping, making, scheduling


def work_off(*, export_id: int, now: Callable[[], datetime]) -> None:
    """Make a queued export; who may not log in any more gets none."""
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
