"""How the refresh under way goes."""

from datetime import datetime

from django.db.models import Q
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.insight.models import Refresh

TASKS = ("insight.refresh", "insight.refresh_orders")
ORDER = (Refresh.Step.READING, Refresh.Step.COMPUTING, Refresh.Step.WRITING, Refresh.Step.DONE)


def get_running() -> Refresh | None:
    return Refresh.objects.filter(finished_at=None).order_by("-pk").first()


def is_waiting() -> bool:
    """Whether a refresh is queued, or just taken up by a worker that lives."""
    is_open = Q(status="todo") | Q(status="doing", worker__isnull=False)
    return ProcrastinateJob.objects.filter(is_open, task_name__in=TASKS).exists()


def steps_done(refresh: Refresh) -> int:
    """Of `len(ORDER) - 1` steps, those that lie behind."""
    return ORDER.index(Refresh.Step(refresh.step))


def last_failed() -> bool:
    """Whether the newest refresh ended without a result."""
    newest = Refresh.objects.order_by("-pk").first()
    return newest is not None and newest.step == Refresh.Step.FAILED


def last_succeeded() -> bool:
    """Whether the newest refresh ended with a result; one that was killed never ended."""
    newest = Refresh.objects.order_by("-pk").first()
    return newest is not None and newest.step == Refresh.Step.DONE


def succeeded_from() -> datetime | None:
    """When the newest refresh that ended with a result began: what changed since is in no figure. None before the
    first."""
    done = Refresh.objects.filter(step=Refresh.Step.DONE)
    return done.order_by("-pk").values_list("started_at", flat=True).first()
