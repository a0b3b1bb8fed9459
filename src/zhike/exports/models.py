"""Exports: what left, for whom, and where its file lies as long as it is kept."""

from pathlib import Path
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.access import ScopedQuerySet
from zhike.core.actor import Actor
from zhike.core.history import NotCaptured
from zhike.exports.permissions import VIEW


def exports_dir() -> Path:
    """Beside the files that came in, so that no backup holds what left."""
    return Path(settings.HOME.exports_dir)


class ExportQuerySet(ScopedQuerySet["Export"]):
    """One's own and those shared with one, whatever the permission reaches besides."""

    view_permission = VIEW

    def visible_to(self, actor: Actor) -> Self:
        reach, me = actor.reach_of(VIEW), actor.user_id or 0
        if reach.is_all:
            return self
        mine = Q(owner_id=me) | Q(shared_with__contains=[me])
        return self.filter(mine | self.reached_by(actor, VIEW) if reach else mine)


class Export(models.Model):
    """A list on its way out as a file.

    code: stands in the file, so that it leads back here. query: the list's address. sentence: its filter in the words
    and the language of who asked. columns: keys of what it holds. grounds: what its maker could see when it was made,
    which whoever takes it has to see as well. shared_with: ids of colleagues. is_marked: CSV with the mark that Excel
    needs. total: 0 while nobody knows.
    heartbeat_at: renewed while a process works on it; an old one means that the process died.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Being made")
        DONE = "done", _("Ready")
        CANCELLED = "cancelled", _("Cancelled")
        REFUSED = "refused", _("Refused")
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
