"""The recycle bin."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.access import ScopedQuerySet
from zhike.core.actor import Actor
from zhike.core.history import NotCaptured
from zhike.recovery.kinds import list_binned_kinds


class BinnedQuerySet(ScopedQuerySet["Binned"]):
    """Seen by those who would see the record if it were there, and may delete it."""

    def visible_to(self, actor: Actor) -> Self:
        seen = Q(pk__in=[])
        for kind, how in list_binned_kinds():
            part = Q(kind=kind.code)
            for permission in (kind.view_permission, how.delete_permission):
                if not actor.may(permission):
                    part &= Q(pk__in=[])
                elif how.scope is not None:
                    part &= how.scope(actor, permission)
                elif not actor.reach_of(permission).is_all:
                    part &= self.reached_by(actor, permission)
            seen |= part
        return self.filter(seen)


class Binned(models.Model):
    """A record that was deleted: out of its tables, and kept here until it is restored or its days are over.

    keywords: what else it is searched by. permission: what seeing the record asks for, for the table's policy.
    owner_id, team_id: in whose scope it lies, and to whom it comes back; above_id: the record in whose scope it lies
    instead. batch: what was deleted in one go. with_id: record of the same kind that it went along with.
    rows: {table: [row, …]} as JSON, the record's table first, then what hangs on it. links: {table.column: [[id,
    record], …]} of rows that stay and only let go of the record.
    """

    kind = models.CharField(max_length=50)
    record_id = models.BigIntegerField()
    label = models.CharField(max_length=200)
    keywords = models.TextField(blank=True, default="")
    permission = models.CharField(max_length=100)
    owner_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    above_id = models.BigIntegerField(null=True)
    with_id = models.BigIntegerField(null=True)
    deleted_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    deleted_at = models.DateTimeField()
    batch = models.UUIDField()
    rows = models.JSONField()
    links = models.JSONField()

    history = NotCaptured("What is in it left its tables by deletions, which are captured, as its coming back is.")
    objects = BinnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "record_id"], name="recovery_binned_record_is_unique"),
        ]
        indexes = [
            models.Index(fields=["deleted_at", "id"], name="recovery_binned_deleted"),
            models.Index(fields=["batch"], name="recovery_binned_batch"),
            models.Index(fields=["owner_id", "deleted_at", "id"], name="recovery_binned_owner"),
            models.Index(fields=["team_id", "deleted_at", "id"], name="recovery_binned_team"),
            models.Index(fields=["above_id"], condition=Q(above_id__isnull=False), name="recovery_binned_above"),
        ]

    def __str__(self) -> str:
        return self.label


class Reversal(models.Model):
    """Something that was done in one go, being taken back record by record; seen by whoever asked for it.

    entry_id: any entry of what is taken back. heartbeat_at: renewed with every batch; an old one means that the process
    died. value_count: what was put back.
    """

    entry_id = models.BigIntegerField()
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True, default="")
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    is_cancelled = models.BooleanField(default=False)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    value_count = models.IntegerField(default=0)

    history = NotCaptured("It counts; what is put back is captured itself.")

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="recovery_reversal_open")]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.done}/{self.total}"


class ReversedRecord(models.Model):
    """One record of a reversal, without its name, so that nobody's outlives them.

    agreed: of a record with values edited since, the plan that somebody has looked at and wants carried out all the
    same. tries: what was refused is tried once more after all the others, for they may have been in its way.
    why: code of the refusal.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Brought back")
        SAME = "same", _("Was back already")
        EDITED = "edited", _("Edited since")
        REFUSED = "refused", _("Could not be put back")
        CLOSED = "closed", _("Not yours to edit")
        ERASED = "erased", _("Contents erased")

    reversal = models.ForeignKey(Reversal, models.CASCADE, related_name="records", db_index=False)
    kind = models.CharField(max_length=50)
    record_id = models.BigIntegerField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    agreed = models.CharField(max_length=32, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    why = models.CharField(max_length=50, blank=True, default="")

    history = NotCaptured("It counts; what is put back is captured itself.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reversal", "kind", "record_id"], name="recovery_reversed_is_unique"),
        ]
        indexes = [models.Index(fields=["reversal", "state", "tries", "id"], name="recovery_reversed_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}: {self.state}"
