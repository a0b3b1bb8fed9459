"""Reads of scoring runs and scores."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef

from zhike.core.actor import Actor
from zhike.scores.models import ScoringRun, ValueScore, ValueScoreQuerySet
from zhike.scores.services import VALUE


def get_latest_run() -> ScoringRun | None:
    """The run whose figures everybody sees."""
    return ScoringRun.objects.filter(measure=VALUE).order_by("-pk").first()


def list_recent_runs(*, latest: ScoringRun, days: int) -> list[int]:
    """Ids of the runs whose day is one of the last `days` up to that of the latest."""
    since = latest.as_of - timedelta(days=days)
    recent = ScoringRun.objects.filter(measure=VALUE, as_of__gt=since, as_of__lte=latest.as_of, pk__lte=latest.pk)
    return list(recent.values_list("pk", flat=True))


def list_slipped(*, actor: Actor, latest: ScoringRun, days: int) -> ValueScoreQuerySet:
    """Scores by which customers lost a layer of the pyramid in the last days and are still where they fell.

    One a customer, the newest, also where somebody slipped, rose and slipped again.
    """
    slips = ValueScore.objects.filter(run__in=list_recent_runs(latest=latest, days=days), grade_change__lt=0)
    newer = slips.filter(customer=OuterRef("customer"), run_id__gt=OuterRef("run_id"), grade=OuterRef("grade"))
    return slips.visible_to(actor).filter(~Exists(newer), customer__facts__grade=F("grade"))


def list_history(*, actor: Actor, customer_id: int, size: int) -> list[ValueScore]:
    """A customer's scores, the newest first, each with its run."""
    scores = ValueScore.objects.visible_to(actor).filter(customer=customer_id)
    return list(scores.select_related("run").order_by("-run_id")[:size])
