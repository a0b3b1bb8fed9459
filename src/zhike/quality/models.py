"""What was found out about the records, rules of the company's own, and what was done about findings."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.core.access import ScopedQuerySet
from zhike.core.actor import Actor
from zhike.core.history import Captured, NotCaptured
from zhike.customers.models import VIEW, Customer
from zhike.quality.choices import Ask, Severity


class Run(models.Model):
    """One look at everything. as_of: the day it is true for: records that were there, and how old things were then.

    metrics: figures of the whole, and what fixes have to know ("forms": how most write a province or a city).
    is_newest: of its day, and complete; the trend is made of these.
    """

    class Step(models.TextChoices):
        WAITING = "waiting", _("Waiting for its turn")
        READING = "reading", _("Reading the records")
        CHECKING = "checking", _("Checking")
        WRITING = "writing", _("Writing what was found")
        DONE = "done", _("Finished")
        FAILED = "failed", _("Failed")

    step = models.CharField(_("step"), max_length=8, choices=Step.choices, default=Step.WAITING)
    as_of = models.DateField(_("as of"))
    started_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("started by")
    )
    started_at = models.DateTimeField(_("started"))
    heartbeat_at = models.DateTimeField(_("last sign of life"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    is_newest = models.BooleanField(_("newest of its day"), default=False)
    customer_count = models.IntegerField(_("customers checked"), default=0)
    order_count = models.IntegerField(_("orders checked"), default=0)
    finding_count = models.IntegerField(_("findings"), default=0)
    metrics = models.JSONField(_("figures"), default=dict)

    history = NotCaptured("How a computation goes.")

    class Meta:
        verbose_name = _("check of all records")
        constraints = [
            models.UniqueConstraint(
                fields=["finished_at"],
                condition=Q(finished_at=None),
                nulls_distinct=False,
                name="quality_run_one_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["as_of"], condition=Q(is_newest=True), name="quality_run_newest_of_its_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.as_of} {self.step}"


class Figure(models.Model):
    """How good one field is, of everything or of one source. Records are counted; null: not measured.

    record, field: as in the registry of fields. by: "" for everything, "channel" or "origin"; source: which.
    limits: beyond which a value is far from all others, by name.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="figures", verbose_name=_("check of all records"))
    record = models.CharField(_("kind of record"), max_length=60)
    field = models.CharField(_("field"), max_length=60)
    by = models.CharField(_("split by"), max_length=8, blank=True, default="")
    source = models.CharField(_("source"), max_length=50, blank=True, default="")
    records = models.IntegerField(_("records"))
    filled = models.IntegerField(_("filled"))
    late = models.IntegerField(_("not written for long"), null=True)
    invalid = models.IntegerField(_("invalid"), null=True)
    shared = models.IntegerField(_("not unique"), null=True)
    inconsistent = models.IntegerField(_("inconsistent"), null=True)
    outlying = models.IntegerField(_("outlying"), null=True)

    history = NotCaptured("Follows from the records; the run is its record.")

    class Meta:
        verbose_name = _("figure of data quality")
        constraints = [
            models.UniqueConstraint(fields=["run", "record", "field", "by", "source"], name="quality_figure_is_unique"),
        ]
        indexes = [models.Index(fields=["record", "field", "by", "source", "run"], name="quality_figure_trend")]

    def __str__(self) -> str:
        return f"{self.field} {self.source}: {self.filled}/{self.records}"


class Tally(models.Model):
    """How many a rule found in one run, those that are right so left out."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="tallies", verbose_name=_("check of all records"))
    rule = models.CharField(_("rule"), max_length=80)
    items = models.IntegerField(_("findings"))
    customers = models.IntegerField(_("customers concerned"))

    history = NotCaptured("As its run.")

    class Meta:
        verbose_name = _("findings of a rule")
        constraints = [models.UniqueConstraint(fields=["run", "rule"], name="quality_tally_is_unique")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.items}"


class OwnRule(models.Model):
    """A rule that a company makes itself: what a field of customers has to be like.

    only: persons, organisations, or empty for both. low, high: bounds as text, of numbers, days or lengths.
    values: what it may be. pattern: regular expression that the whole value matches.
    """

    label = models.CharField(_("name"), max_length=80)
    field = models.CharField(_("field"), max_length=60)
    ask = models.CharField(_("rule"), max_length=9, choices=Ask.choices)
    only = models.CharField(_("only"), max_length=12, choices=Customer.Kind.choices, blank=True, default="")
    low = models.CharField(pgettext_lazy("bound", "from"), max_length=30, blank=True, default="")
    high = models.CharField(pgettext_lazy("bound", "to"), max_length=30, blank=True, default="")
    pattern = models.CharField(_("pattern"), max_length=300, blank=True, default="")
    values: Any = ArrayField(models.CharField(max_length=200), default=list, blank=True, verbose_name=_("values"))
    severity = models.SmallIntegerField(_("severity"), choices=Severity.choices, default=Severity.WARNING)
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"))

    history = Captured(label=_("Rule of data quality"), stays="A setting, changed on its page.")

    class Meta:
        verbose_name = _("rule of data quality")
        constraints = [
            models.CheckConstraint(condition=~Q(label=""), name="quality_ownrule_label_is_given"),
            models.CheckConstraint(condition=Q(ask__in=Ask.values), name="quality_ownrule_ask_is_known"),
        ]

    def __str__(self) -> str:
        return self.label


class FindingQuerySet(ScopedQuerySet["Finding"]):
    """Seen by whoever sees the customer; what concerns nobody known, by those who see everybody."""

    view_permission = VIEW

    def within(self, actor: Actor, permission: str) -> Self:
        if actor.reach_of(permission).is_all:
            return self
        return self.filter(customer_id__in=Customer.objects.within(actor, permission).values("pk"))


class Finding(models.Model):
    """Something a rule found, without keys: the next run takes away what is gone.

    item_id: the customer, identifier or order that it is about, by the rule. stamp: digest of the value, so that "is
    right so" holds until it is another one.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("finding", "Open")
        RIGHT = "right", _("Is right so")

    rule = models.CharField(_("rule"), max_length=80)
    customer_id = models.BigIntegerField(_("customer"), null=True)
    item_id = models.BigIntegerField(_("record"))
    stamp = models.CharField(_("digest of the value"), max_length=16)
    state = models.CharField(_("decision"), max_length=5, choices=State.choices, default=State.OPEN)
    run_id = models.BigIntegerField(_("check of all records"))
    decided_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)

    history = NotCaptured("Found by a run; that something is right so is an event.")
    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        constraints = [models.UniqueConstraint(fields=["rule", "item_id"], name="quality_finding_is_unique")]
        indexes = [
            models.Index(fields=["rule", "customer_id", "id"], condition=Q(state="open"), name="quality_finding_open"),
            models.Index(fields=["customer_id"], name="quality_finding_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.customer_id}"


class Fix(models.Model):
    """Findings of one rule being fixed in bulk; seen by whoever asked for it.

    chosen: only these findings, by number; none: all up to until_id. last_id: up to which it has come. changed_count:
    records that are another now; kept_count: those left alone, since somebody else changed them, or may not be edited.
    entry_id: an entry of the history that leads to taking all of it back.
    """

    rule = models.CharField(_("rule"), max_length=80)
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+", verbose_name=_("started by"))
    started_at = models.DateTimeField(_("started"))
    heartbeat_at = models.DateTimeField(_("last sign of life"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    is_cancelled = models.BooleanField(_("cancelled"), default=False)
    total = models.IntegerField(_("findings"), default=0)
    done = models.IntegerField(_("worked off"), default=0)
    changed_count = models.IntegerField(_("changed"), default=0)
    kept_count = models.IntegerField(_("left alone"), default=0)
    last_id = models.BigIntegerField(_("worked off up to"), default=0)
    until_id = models.BigIntegerField(_("to be worked off up to"), default=0)
    chosen: Any = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("findings chosen"))
    entry_id = models.BigIntegerField(_("history entry"), null=True)

    history = NotCaptured("It counts; what it changes is captured itself.")

    class Meta:
        verbose_name = _("fix in bulk")
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="quality_fix_open")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.done}/{self.total}"
