"""How refreshes of the warehouse and the scores go."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from zhike.core.history import NotCaptured


class Refresh(models.Model):
    """One refresh, from the wish to its end. run_id: the scoring run it made."""

    class Step(models.TextChoices):
        READING = "reading", _("Reading the changes")
        COMPUTING = "computing", _("Computing the figures")
        WRITING = "writing", _("Writing the scores")
        DONE = "done", _("Finished")
        FAILED = "failed", _("Failed")

    as_of = models.DateField()
    step = models.CharField(max_length=10, choices=Step.choices)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    run_id = models.BigIntegerField(null=True)

    history = NotCaptured("How a computation goes.")

    class Meta:
        indexes = [models.Index(fields=["-id"], condition=models.Q(finished_at=None), name="insight_refresh_running")]

    def __str__(self) -> str:
        return f"{self.as_of} {self.step}"
