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
    probability from which duplicates are merged without being looked at; empty: never.
    """

    rules = models.JSONField(_("rules"), default=dict)
    sources: Any = ArrayField(models.CharField(max_length=50), default=list, verbose_name=_("sources"))
    auto_from = models.FloatField(_("merged without being looked at from"), null=True)

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
