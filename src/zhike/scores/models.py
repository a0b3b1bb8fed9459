"""What was computed about customers, by which run, from which data."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from zhike.core.history import NotCaptured
from zhike.customers.models import VIEW, CustomerScopedQuerySet


class ScoringRun(models.Model):
    """One computation over all customers.

    measure: what was computed ("value": RFM, pyramid, stage, relationship). parameters: what it was asked with.
    metrics: what it found about the whole (cut-offs, thresholds, the company's rhythm), for the reasons shown.
    data_fingerprint: names the warehouse contents it read. code_version: of zhike.
    """

    measure = models.CharField(max_length=50)
    as_of = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    parameters = models.JSONField()
    metrics = models.JSONField()
    data_fingerprint = models.CharField(max_length=64)
    code_version = models.CharField(max_length=50)
    customer_count = models.IntegerField()
    changed_count = models.IntegerField()

    history = NotCaptured("A run is a record itself, and never changed.")

    class Meta:
        indexes = [models.Index(fields=["measure", "as_of", "id"], name="scores_run_latest")]

    def __str__(self) -> str:
        return f"{self.measure} {self.as_of}"


class ValueScoreQuerySet(CustomerScopedQuerySet["ValueScore"]):
    view_permission = VIEW
    scope_prefix = "customer__"


class ValueScore(models.Model):
    """A customer's value figures from the run that changed them until the next row of the same customer.

    A run stores only customers whose figures differ from their latest row, so the score as of run X is the
    latest row with run ≤ X; customers who never bought have no row.
    grade_change: layers won (positive) or lost (negative) against the row before.
    """

    is_computed = True

    customer = models.ForeignKey("customers.Customer", models.CASCADE, related_name="+", db_index=False)
    # Not checked by the database: a million rows of one run would ask a million times for the same row.
    run = models.ForeignKey(ScoringRun, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    grade = models.CharField(_("grade"), max_length=8, blank=True, default="")
    stage = models.CharField(_("stage"), max_length=8)
    r = models.SmallIntegerField(null=True)
    f = models.SmallIntegerField(null=True)
    m = models.SmallIntegerField(null=True)
    order_count = models.IntegerField()
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    grade_change = models.SmallIntegerField(default=0)

    history = NotCaptured("The scoring run is its record.")
    objects = ValueScoreQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "run"], name="scores_valuescore_is_unique")]
        indexes = [
            models.Index(
                fields=["run", "customer"], condition=models.Q(grade_change__lt=0), name="scores_valuescore_slipped"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grade} {self.stage}"
