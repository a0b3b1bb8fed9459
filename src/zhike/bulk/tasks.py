"""Acts on many customers in the background; what a dead process left is gone on with."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.bulk.services import carrying, forgetting, resuming, undoing, working
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.core.errors import DomainError


@app.task(name="bulk.carry_out", queue="bulk", retry=3)
def carry_out(*, act_id: int, user_id: int | None) -> None:
    """A batch in a transaction; killed, it goes on with what is left."""
    step, fail = partial(carrying.go_on, act_id=act_id), partial(carrying.fail, act_id=act_id)
    working.side_by_side(act_id, partial(_work, user_id, step, fail))


@app.task(name="bulk.take_back", queue="bulk", retry=3)
def take_back(*, act_id: int, user_id: int | None) -> None:
    step, fail = partial(undoing.go_back, act_id=act_id), partial(undoing.fail, act_id=act_id)
    working.side_by_side(act_id, partial(_work, user_id, step, fail))


@app.periodic(cron="* * * * *")
@app.task(name="bulk.resume", queue="bulk", queueing_lock="bulk.resume")
def resume(timestamp: int) -> None:
    """Go on with those whose process died, each in a job of its own: one that fails holds up no other."""
    with acting(SYSTEM, origin="task"):
        resuming.take_up(at=datetime.now(UTC))


@app.periodic(cron="13 3 * * *")
@app.task(name="bulk.forget", queue="bulk", queueing_lock="bulk.forget")
def forget(timestamp: int) -> None:
    """Each batch in a transaction of its own, so that an interrupted night loses nothing."""
    with acting(SYSTEM, origin="task"):
        while forgetting.forget(at=datetime.now(UTC)):
            pass


def _work(user_id: int | None, step: Callable[..., bool], fail: Callable[..., None]) -> None:
    """Every batch with the rights that its author has at that moment."""
    while True:
        user = None if user_id is None else User.objects.get(pk=user_id)
        actor = SYSTEM if user is None else actor_of(user)
        with translation.override(actor.locale):
            if user is not None and not user.is_active:
                with acting(SYSTEM, origin="task"):
                    fail(why=_("Whoever asked for this does not work here any more."), at=datetime.now(UTC))
                return
            with acting(actor, origin="task"):
                try:
                    if not step(actor=actor, at=datetime.now(UTC)):
                        return
                except (DomainError, ValidationError, PermissionDenied) as refusal:
                    fail(why=_said(refusal), at=datetime.now(UTC))
                    return


def _said(refusal: Exception) -> str:
    if isinstance(refusal, ValidationError):
        return " ".join(refusal.messages)
    return (
        str(refusal) if isinstance(refusal, DomainError) else _("The role of whoever asked for this lacks the right.")
    )
