"""Exports: what left, for whom, and where its file lies as long as it is kept."""

from pathlib import Path
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.core.access import ScopedQuerySet
from zhike.core.actor import Actor
from zhike.core.history import Captured, NotCaptured
from zhike.exports.permissions import VIEW
from zhike.exports.rhythm import DAILY, MONTHLY, WEEKLY, Rhythm


def exports_dir() -> Path:
    """Beside the files that came in, so that no backup holds what left."""
    return Path(settings.HOME.exports_dir)


def work_dir_of(file: Path) -> Path:
    return file.with_suffix(".tmp")


class ExportQuerySet(ScopedQuerySet["Export"]):
    """One's own and those shared with one, whatever the permission reaches besides."""

    view_permission = VIEW

    def visible_to(self, actor: Actor) -> Self:
        reach, me = actor.reach_of(VIEW), actor.user_id or 0
        if reach.is_all:
            return self
        mine = Q(owner_id=me) | Q(shared_with__contains=[me])
        return self.filter(mine | self.reached_by(actor, VIEW) if reach else mine)


class ScheduleQuerySet(ScopedQuerySet["Schedule"]):
    """One's own, and others' as far as one may see what they export."""

    view_permission = VIEW

    def visible_to(self, actor: Actor) -> Self:
        reach, me = actor.reach_of(VIEW), actor.user_id or 0
        if reach.is_all:
            return self
        return self.filter(Q(owner_id=me) | self.reached_by(actor, VIEW) if reach else Q(owner_id=me))


class Schedule(models.Model):
    """An export that comes again by itself, with what its owner may at that moment.

    view_id: the saved view that it follows; without one, `query` stays as it is. share_with: ids of colleagues who get
    each of them, if they could make it. next_at: null where it does not run. stopped: why it does not any more.
    """

    class Every(models.TextChoices):
        DAILY = DAILY, _("Every day")
        WEEKLY = WEEKLY, _("Every week")
        MONTHLY = MONTHLY, _("Every month")

    class Stopped(models.TextChoices):
        BY_HAND = "by_hand", _("Paused")
        RIGHTS = "rights", _("You may not export this any more")
        VIEW_GONE = "view_gone", _("The saved view is gone")
        LIST_CHANGED = "list_changed", _("The list cannot be asked like this any more")
        ACCOUNT = "account", _("The account is closed")

    name = models.CharField(pgettext_lazy("export", "name"), max_length=60)
    kind = models.CharField(_("what"), max_length=50)
    format = models.CharField(_("format"), max_length=8)
    query = models.TextField(_("list"), blank=True, default="")
    view_id = models.BigIntegerField(_("saved view"), null=True)
    is_everything = models.BooleanField(_("every field"), default=False)
    is_marked = models.BooleanField(_("for Excel"), default=True)
    reason = models.CharField(_("purpose"), max_length=500, blank=True, default="")
    share_with = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("shared with"))
    every = models.CharField(_("rhythm"), max_length=8, choices=Every.choices)
    weekday = models.SmallIntegerField(_("day of the week"), default=1)
    day = models.SmallIntegerField(_("day of the month"), default=1)
    at = models.TimeField(_("time"))
    owner = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("by"))
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, related_name="+", verbose_name=_("team"))
    next_at = models.DateTimeField(_("next time"), null=True)
    stopped = models.CharField(_("stopped because"), max_length=12, choices=Stopped.choices, blank=True, default="")
    created_at = models.DateTimeField(_("created"))

    history = Captured(
        ignored=("next_at",), label=_("Scheduled export"), stays="It is paused, gone on with and removed where it is."
    )
    objects = ScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("scheduled export")
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="exports_schedule_next"),
            models.Index(fields=["owner"], name="exports_schedule_owner"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(next_at__isnull=True, stopped__gt="") | Q(next_at__isnull=False, stopped=""),
                name="exports_schedule_runs_or_says_why_not",
            ),
            models.CheckConstraint(
                condition=Q(weekday__gte=1, weekday__lte=7, day__gte=1, day__lte=31), name="exports_schedule_has_a_day"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(every=self.every, at=self.at, weekday=self.weekday, day=self.day)


class Export(models.Model):
    """A list on its way out as a file.

    code: stands in the file, so that it leads back here. query: the list's address. sentence: its filter in the words
    and the language of who asked. columns: keys of what it holds. grounds: what its maker could see when it was made,
    which whoever takes it has to see as well. shared_with: ids of colleagues. is_marked: CSV with the mark that Excel
    needs. total: 0 while nobody knows.
    tries: grows with everything that takes it out of the hands of the process that makes it.
    heartbeat_at: renewed while a process works on it, an old one means that the process died; of one that waits, when a
    worker was asked for it; of one that came to its end, that nobody was told yet.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("export", "Waiting")
        RUNNING = "running", _("Being made")
        DONE = "done", _("Ready")
        CANCELLED = "cancelled", _("Cancelled")
        REFUSED = "refused", pgettext_lazy("export", "Refused")
        FAILED = "failed", _("Failed")
        REMOVED = "removed", _("File removed")

    class Format(models.TextChoices):
        CSV = "csv", _("CSV file")
        XLSX = "xlsx", _("Excel workbook")
        PARQUET = "parquet", _("Parquet file")
        VCF = "vcf", _("vCard contacts")

    code = models.CharField(_("export number"), max_length=12, unique=True)
    kind = models.CharField(_("what"), max_length=50)
    format = models.CharField(_("format"), max_length=8, choices=Format.choices)
    query = models.TextField(_("list"), blank=True, default="")
    sentence = models.TextField(_("filter"), blank=True, default="")
    columns = models.JSONField(_("columns"), default=list)
    grounds = models.JSONField(_("what its maker saw"), default=dict)
    reason = models.CharField(_("purpose"), max_length=500, blank=True, default="")
    is_marked = models.BooleanField(_("for Excel"), default=True)
    schedule = models.ForeignKey(
        Schedule, models.SET_NULL, null=True, related_name="exports", verbose_name=_("scheduled export")
    )
    owner = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, related_name="+", verbose_name=_("team"))
    shared_with = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("shared with"))
    taken_by = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("taken by"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    total = models.BigIntegerField(_("records in all"), default=0)
    done = models.BigIntegerField(_("records written"), default=0)
    size = models.BigIntegerField(_("size"), default=0)
    tries = models.SmallIntegerField(_("tries"), default=0)
    is_cancel_requested = models.BooleanField(_("to be cancelled"), default=False)
    error = models.CharField(_("why not"), max_length=500, blank=True, default="")
    download_count = models.IntegerField(_("downloads"), default=0)
    created_at = models.DateTimeField(_("begun"))
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)

    history = NotCaptured("Making, taking, sharing and removing an export are events of the history.")
    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        indexes = [
            models.Index(fields=["created_at", "id"], name="exports_export_created"),
            models.Index(fields=["owner", "created_at"], name="exports_export_owner"),
            models.Index(
                fields=["heartbeat_at"], condition=Q(status__in=["waiting", "running"]), name="exports_export_open"
            ),
            models.Index(fields=["expires_at"], condition=Q(status="done"), name="exports_export_kept"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="done") | Q(expires_at__isnull=False), name="exports_export_file_expires"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def file(self) -> Path:
        return exports_dir() / f"{self.code}.{self.format}"

    @property
    def ids_file(self) -> Path:
        """Whom it contains, eight bytes each, in the order of the file."""
        return exports_dir() / f"{self.code}.ids"

    @property
    def work_dir(self) -> Path:
        """What is put down while it is made."""
        return work_dir_of(self.file)
