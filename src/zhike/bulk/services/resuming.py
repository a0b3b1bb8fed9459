"""Acts that nobody works on any more."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from zhike.bulk.models import Act
from zhike.bulk.services import carrying, undoing, working

TRIES = 3  # jobs that may fail, each of which tries several times itself


@transaction.atomic
def take_up(*, at: datetime) -> None:
    """Queue a job for each that has been silent, and give up those that fail again and again."""
    running, going_back = Q(finished_at=None), Q(undo_began_at__isnull=False, undone_at=None)
    silent = Act.objects.filter(running | going_back, heartbeat_at__lt=at - carrying.SILENCE).order_by("pk")
    for pk in list(silent.values_list("pk", flat=True)):
        # A large set takes longer to lay down than silence may last.
        if working.is_left_alone(pk) and (act := silent.filter(pk=pk).first()):
            _take_up(act, at)


def _take_up(act: Act, at: datetime) -> None:
    is_back = act.finished_at is not None
    task, user_id, began = (
        ("bulk.take_back", act.undo_by_id, act.undo_began_at)
        if is_back
        else ("bulk.carry_out", act.user_id, act.made_at)
    )
    mine = ProcrastinateJob.objects.filter(task_name=task, args__act_id=act.pk)
    if mine.filter(status="todo").exists():
        return
    failed = ProcrastinateEvent.objects.filter(type="failed", at__gte=began, job__in=mine.values("pk"))
    if failed.count() >= TRIES:
        fail = undoing.fail if is_back else carrying.fail
        fail(act_id=act.pk, why=_("It failed several times. The server's log says why."), at=at)
        return
    app.configure_task(task, allow_unknown=False).defer(act_id=act.pk, user_id=user_id)
