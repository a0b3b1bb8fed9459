"""An export in the background: as whoever asked for it, with what they may by now."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.exports.models import Export
from zhike.exports.selectors import find_actor
from zhike.exports.services import making


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
        making.make_export(actor=actor, export_id=export_id, now=now)
