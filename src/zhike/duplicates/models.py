"""What was merged into what, and how to take it back."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.access import ScopedQuerySet
from zhike.core.actor import Actor
from zhike.core.history import Captured, NotCaptured
from zhike.customers.models import VIEW, Customer


class MergeQuerySet(ScopedQuerySet["Merge"]):
    """Seen by whoever sees the survivor."""

    view_permission = VIEW

    def visible_to(self, actor: Actor) -> Self:
        return self.within(actor, VIEW)

    def within(self, actor: Actor, permission: str) -> Self:
        if actor.reach_of(permission).is_all:
            return self
        return self.filter(survivor_id__in=Customer.objects.within(actor, permission).values("pk"))


class Merge(models.Model):
    """One survivor and what was merged into it in one step.

    survivor_id, without a key: the merge is known for as long as links lead to what was given up. batch: what was
    merged in one go. fields: of the survivor, column to [before, after] as text. journal: what became of its rows, for
    the way back (`duplicates.reparenting`). entry_id: in the history; what comes after it was done since.
    """

    class Origin(models.TextChoices):
        HAND = "hand", _("By hand")
        AUTOMATIC = "automatic", _("Automatic")

    survivor_id = models.BigIntegerField(_("customer that stayed"))
    merged_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("merged by")
    )
    merged_at = models.DateTimeField(_("merged"))
    undone_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("taken back by")
    )
    undone_at = models.DateTimeField(_("taken back"), null=True)
    origin = models.CharField(_("how"), max_length=9, choices=Origin.choices, default=Origin.HAND)
    batch = models.UUIDField()
    fields = models.JSONField(_("fields before and after"), default=dict)
    journal = models.JSONField(_("what became of its rows"), default=dict)
    entry_id = models.BigIntegerField(_("history entry"))

    history = NotCaptured("What it changes is captured, and that it was done or undone is an event.")
    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge")
        indexes = [
            models.Index(fields=["survivor_id", "merged_at", "id"], name="duplicates_merge_survivor"),
            models.Index(fields=["merged_at", "id"], name="duplicates_merge_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} → {self.survivor_id}"


class MergedRecord(models.Model):
    """A customer that was given up: the pointer by which its number leads to the survivor.

    moved: what went over, {"table.column": [ids]}. is_undone: it is a customer of its own again.
    """

    merge = models.ForeignKey(Merge, models.CASCADE, related_name="records", verbose_name=_("merge"))
    record_id = models.BigIntegerField(_("customer given up"))
    moved = models.JSONField(_("rows that went over"), default=dict)
    is_undone = models.BooleanField(_("separate again"), default=False)

    history = NotCaptured("As its merge.")

    class Meta:
        verbose_name = _("merged customer")
        constraints = [
            models.UniqueConstraint(
                fields=["record_id"], condition=Q(is_undone=False), name="duplicates_merged_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} → {self.merge_id}"


class Settings(models.Model):
    """How the company merges; one row, and none until somebody changes something.

    rules: field to the rule by which the value that stays is chosen. sources: the most trusted first. auto_from:
    probability from which duplicates are merged without being looked at; empty: never. scans_itself: at night, and
    after imports.
    """

    rules = models.JSONField(_("rules"), default=dict)
    sources: Any = ArrayField(models.CharField(max_length=50), default=list, verbose_name=_("sources"))
    auto_from = models.FloatField(_("merged without being looked at from"), null=True)
    scans_itself = models.BooleanField(_("scans by itself"), default=True)

    history = Captured(label=_("How customers are merged"), stays="A setting, changed on its page.")

    class Meta:
        verbose_name = _("how customers are merged")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="duplicates_settings_are_one"),
            models.CheckConstraint(
                condition=Q(auto_from=None) | Q(auto_from__gte=0.9, auto_from__lte=1),
                name="duplicates_settings_auto_is_high",
            ),
        ]

    def __str__(self) -> str:
        return str(self.rules)


class Scan(models.Model):
    """One look at all customers. step: what is being done. worths: what thresholds are worth, by the model.

    pair_count: pairs found, with those decided before. merged_count: customers merged without being looked at.
    """

    class Step(models.TextChoices):
        WAITING = "waiting", _("Waiting for its turn")
        READING = "reading", _("Reading the customers")
        LEARNING = "learning", _("Learning from the data")
        COMPARING = "comparing", _("Comparing")
        WRITING = "writing", _("Writing the pairs")
        MERGING = "merging", _("Merging what is certain")
        DONE = "done", _("Finished")
        FAILED = "failed", _("Failed")

    step = models.CharField(_("step"), max_length=9, choices=Step.choices, default=Step.WAITING)
    started_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("started by")
    )
    started_at = models.DateTimeField(_("started"))
    heartbeat_at = models.DateTimeField(_("last sign of life"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    record_count = models.IntegerField(_("customers compared"), default=0)
    pair_count = models.IntegerField(_("pairs"), default=0)
    merged_count = models.IntegerField(_("customers merged"), default=0)
    worths = models.JSONField(_("thresholds"), default=list)

    history = NotCaptured("How a computation goes.")

    class Meta:
        verbose_name = _("scan")
        constraints = [
            models.UniqueConstraint(
                fields=["finished_at"],
                condition=Q(finished_at=None),
                nulls_distinct=False,
                name="duplicates_scan_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at} {self.step}"


class PairQuerySet(ScopedQuerySet["Pair"]):
    """Seen by whoever sees both customers; those of which one is not there are nobody's."""

    view_permission = VIEW

    def within(self, actor: Actor, permission: str) -> Self:
        reached = Customer.objects.within(actor, permission)
        return self.filter(
            models.Exists(reached.filter(pk=models.OuterRef("first_id"))),
            models.Exists(reached.filter(pk=models.OuterRef("second_id"))),
        )


class Pair(models.Model):
    """Two customers who may be the same, the lower number first, without keys: a merge or the bin takes them away and
    brings them back.

    weights: what each field says, in bits, positive for the same. A decision is remembered by later scans, and goes
    over to whom one of the two is merged into; merge_id: by which merge it came.
    """

    class State(models.TextChoices):
        OPEN = "open", _("To be looked at")
        DISTINCT = "distinct", _("Not duplicates")

    first_id = models.BigIntegerField(_("first customer"))
    second_id = models.BigIntegerField(_("second customer"))
    probability = models.FloatField(_("probability"))
    weights = models.JSONField(_("evidence"), default=dict)
    state = models.CharField(_("decision"), max_length=8, choices=State.choices, default=State.OPEN)
    scan_id = models.BigIntegerField(_("scan"))
    decided_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    merge_id = models.BigIntegerField(_("taken over by a merge"), null=True)

    history = NotCaptured("Found by a scan; that two were told apart is an event.")
    objects = PairQuerySet.as_manager()

    class Meta:
        verbose_name = _("pair")
        indexes = [
            models.Index(fields=["-probability", "-id"], condition=Q(state="open"), name="duplicates_pair_open"),
            models.Index(fields=["second_id"], name="duplicates_pair_second"),
            models.Index(fields=["merge_id"], condition=~Q(merge_id=None), name="duplicates_pair_merge"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["first_id", "second_id"], name="duplicates_pair_is_unique"),
            models.CheckConstraint(condition=Q(first_id__lt=models.F("second_id")), name="duplicates_pair_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}?"
