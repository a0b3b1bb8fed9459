"""Acts on many customers in the background; what a dead process left is gone on with."""

from datetime import UTC, datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.utils import translation
from procrastinate.contrib.django import app

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.bulk.models import Act
from zhike.bulk.services import carrying, undoing
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor
from zhike.core.errors import DomainError


@app.task(name="bulk.carry_out", queue="bulk", retry=3)
def carry_out(*, act_id: int, user_id: int | None) -> None:
    """A batch in a transaction; killed, it goes on with what is left."""
    actor = _actor(user_id)
    with acting(actor, origin="task"), translation.override(actor.locale):
        try:
            while carrying.go_on(actor=actor, act_id=act_id, at=datetime.now(UTC)):
                pass
        except (DomainError, ValidationError, PermissionDenied) as refusal:
            carrying.fail(act_id=act_id, why=_said(refusal), at=datetime.now(UTC))


@app.task(name="bulk.take_back", queue="bulk", retry=3)
def take_back(*, act_id: int, user_id: int | None) -> None:
    actor = _actor(user_id)
    with acting(actor, origin="task"), translation.override(actor.locale):
        try:
            while undoing.go_back(actor=actor, act_id=act_id, at=datetime.now(UTC)):
                pass
        except (DomainError, ValidationError, PermissionDenied) as refusal:
            undoing.fail(act_id=act_id, why=_said(refusal), at=datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(name="bulk.resume", queue="bulk", queueing_lock="bulk.resume")
def resume(timestamp: int) -> None:
    """Go on with those whose process died."""
    running, going_back = Q(finished_at=None), Q(undo_began_at__isnull=False, undone_at=None)
    with acting(SYSTEM):
        silent = Act.objects.filter(running | going_back, heartbeat_at__lt=datetime.now(UTC) - carrying.SILENCE)
        found = list(silent.order_by("pk").values_list("pk", "user_id", "undo_by", "finished_at"))
    for act_id, user_id, undo_by, finished_at in found:
        if finished_at is None:
            carry_out(act_id=act_id, user_id=user_id)
        else:
            take_back(act_id=act_id, user_id=undo_by)


def _actor(user_id: int | None) -> Actor:
    return SYSTEM if user_id is None else actor_of(User.objects.get(pk=user_id, is_active=True))


def _said(refusal: Exception) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
