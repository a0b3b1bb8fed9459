"""The bin empties itself, and large sets of changes are taken back in the background."""

from datetime import UTC, datetime

from django.utils import translation
from procrastinate.contrib.django import app

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.recovery import reverting, services
from zhike.recovery.models import Reversal


@app.periodic(cron="27 2 * * *")
@app.task(name="recovery.empty_bin", queue="recovery", queueing_lock="recovery.empty_bin")
def empty_bin(timestamp: int) -> None:
    """Each batch in a transaction of its own, so that an interrupted night loses nothing."""
    with acting(SYSTEM):
        while services.empty_bin(actor=SYSTEM, at=datetime.now(UTC)):
            pass


@app.task(name="recovery.revert_set", queue="recovery", retry=3)
def revert_set(*, reversal_id: int, user_id: int | None) -> None:
    """Some records in a transaction; killed, it goes on with what is left."""
    actor = SYSTEM if user_id is None else actor_of(User.objects.get(pk=user_id))
    with acting(actor, origin="task"), translation.override(actor.locale):
        while reverting.go_on(actor=actor, reversal_id=reversal_id, at=datetime.now(UTC)):
            pass


@app.periodic(cron="* * * * *")
@app.task(name="recovery.resume_reversals", queue="recovery", queueing_lock="recovery.resume_reversals")
def resume_reversals(timestamp: int) -> None:
    """Go on with those whose process died."""
    with acting(SYSTEM):
        silent = Reversal.objects.filter(finished_at=None, heartbeat_at__lt=datetime.now(UTC) - reverting.SILENCE)
        found = list(silent.order_by("pk").values_list("pk", "user_id"))
    for reversal_id, user_id in found:
        revert_set(reversal_id=reversal_id, user_id=user_id)
