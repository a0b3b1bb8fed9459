"""The bin empties itself, and large sets of changes are taken back in the background."""

from datetime import UTC, datetime

from django.utils import translation
from procrastinate.contrib.django import app

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.recovery import reverting, services


@app.periodic(cron="27 2 * * *")
@app.task(name="recovery.empty_bin", queue="recovery", queueing_lock="recovery.empty_bin")
def empty_bin(timestamp: int) -> None:
    """Each batch in a transaction of its own, so that an interrupted night loses nothing."""
    with acting(SYSTEM):
        while services.empty_bin(actor=SYSTEM, at=datetime.now(UTC)):
            pass


@app.task(name="recovery.revert_set", queue="recovery", retry=3)
def revert_set(*, reversal_id: int, user_id: int | None) -> None:
    """A hundred records in a transaction; killed in between, it goes on with what is left."""
    actor = SYSTEM if user_id is None else actor_of(User.objects.get(pk=user_id))
    with acting(actor, origin="task"), translation.override(actor.locale):
        while reverting.go_on(actor=actor, reversal_id=reversal_id, at=datetime.now(UTC)):
            pass
