"""The recycle bin."""

from typing import Self

from django.db import models
from django.db.models import Q

from zhike.core.access import ScopedQuerySet
from zhike.core.actor import Actor
from zhike.core.history import NotCaptured
from zhike.recovery.kinds import list_kinds


class BinnedQuerySet(ScopedQuerySet["Binned"]):
    """Seen by those who would see the record if it were there, and may delete it."""

    def visible_to(self, actor: Actor) -> Self:
        seen = Q(pk__in=[])
        for kind in list_kinds():
            part = Q(kind=kind.code)
            for permission in (kind.view_permission, kind.delete_permission):
                if not actor.reach_of(permission).is_all:
                    part &= self.reached_by(actor, permission) if actor.may(permission) else Q(pk__in=[])
            seen |= part
        return self.filter(seen)


class Binned(models.Model):
    """A record that was deleted: out of its tables, and kept here until it is restored or its days are over.

    keywords: what else it is searched by. permission: what seeing the record asks for, for the table's policy.
    owner_id, team_id: in whose scope it lies, and to whom it comes back. batch: what was deleted in one go.
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
        ]

    def __str__(self) -> str:
        return self.label


class Reversal(models.Model):
    """Something that was done in one go, being taken back record by record; seen by whoever asked for it.

    entry_id: any entry of what is taken back. total, done: records. waiting: keys of those
    that are not done. value_count: what was put back. left: what stays as
    it is, in part or whole: [[kind, number, why], …], without names.
    """

    entry_id = models.BigIntegerField()
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    value_count = models.IntegerField(default=0)
    waiting = models.JSONField(default=list)
    left_count = models.IntegerField(default=0)
    left = models.JSONField(default=list)

    history = NotCaptured("It counts; what is put back is captured itself.")

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.done}/{self.total}"
