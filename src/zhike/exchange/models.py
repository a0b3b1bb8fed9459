"""Files that came in, how their columns were read, and what each of them changed."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.access import ScopedQuerySet
from zhike.core.actor import Actor
from zhike.core.history import Captured, NotCaptured


class ImportQuerySet(ScopedQuerySet["Import"]):
    view_permission = "exchange.view_import"


class Import(models.Model):
    """One file on its way into the database.

    owner, team: who imports; they are the data scope of the file, its refused rows and its undo data.
    source: the system the file's external ids and order numbers belong to.
    sample: the first rows as text, one list per row in the order of `columns`.
    mapping: column of the file to code of the field it means. reading: what a person corrected about the format.
    new_count … refused_count: rows of the file; they add up to row_count once it is previewed or applied.
    reserved: first id and number of ids per table, kept so that a repeated run gives the same ids.
    created: number of rows made per table. merged_at: when the records were committed; search rows may follow.
    heartbeat_at: renewed every second while a process works on it; an old one means that the process died.
    """

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        RECOGNISED = "recognised", _("Columns recognised")
        STAGING = "staging", _("Being checked")
        PREVIEWED = "previewed", _("Checked")
        APPLYING = "applying", _("Being applied")
        APPLIED = "applied", _("Applied")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("file"), max_length=255)
    path = models.CharField(max_length=255, editable=False)  # below the home's files folder
    sha256 = models.CharField(max_length=64, editable=False)
    size = models.BigIntegerField()
    format = models.CharField(max_length=10)
    encoding = models.CharField(max_length=20, blank=True, default="")
    delimiter = models.CharField(max_length=5, blank=True, default="")
    columns = models.JSONField(default=list)
    sample = models.JSONField(default=list, editable=False)
    mapping = models.JSONField(default=dict)
    reading = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    source = models.CharField(_("source"), max_length=50)
    currency = models.CharField(_("currency"), max_length=3)
    zone = models.CharField(_("time zone"), max_length=50)
    is_day_first = models.BooleanField(default=False)  # 5/1/2023 is the fifth of January
    owner = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, related_name="+")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.UPLOADED)
    row_count = models.BigIntegerField(default=0)
    new_count = models.BigIntegerField(default=0)
    updated_count = models.BigIntegerField(default=0)
    unchanged_count = models.BigIntegerField(default=0)
    refused_count = models.BigIntegerField(default=0)
    amount = models.DecimalField(_("amount"), max_digits=24, decimal_places=8, null=True)
    refused_path = models.CharField(max_length=255, blank=True, default="", editable=False)
    reserved = models.JSONField(default=dict, editable=False)
    created = models.JSONField(default=dict)
    refused_rows = models.JSONField(default=list)  # the first: [{"row", "reason", "column", "value", "expected"}]
    kept = models.JSONField(default=list)  # what an undo left alone: [{"table", "id", "label", "reason"}]
    kept_count = models.BigIntegerField(default=0)
    phase = models.CharField(max_length=20, blank=True, default="")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    is_cancel_requested = models.BooleanField(default=False)
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(_("uploaded"))
    merged_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    history = Captured(
        ignored=("columns", "sample", "refused_rows", "reserved", "kept", "phase", "done", "total", "heartbeat_at"),
        stays="The course of the work; an import has an undo of its own.",
    )
    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        indexes = [
            models.Index(fields=["created_at", "id"], name="exchange_import_created"),
            models.Index(
                fields=["heartbeat_at"],
                condition=Q(status__in=["staging", "applying", "undoing"]),
                name="exchange_import_running",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="exchange_import_currency_is_iso"),
            models.CheckConstraint(condition=~Q(source=""), name="exchange_import_source_is_named"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def file(self) -> Path:
        return Path(settings.HOME.files_dir) / self.path

    @property
    def refused_file(self) -> Path | None:
        return Path(settings.HOME.files_dir) / self.refused_path if self.refused_path else None


class MappingQuerySet(ScopedQuerySet["Mapping"]):
    """One's own; everybody's for those who see all imports."""

    view_permission = "exchange.view_import"

    def reached_by(self, actor: Actor, permission: str) -> Q:
        return Q(owner_id=actor.user_id)


class Mapping(models.Model):
    """How a user read files with these columns the last time; a name makes it one to ask for.

    signature: digest of kind and column names.
    """

    owner = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=20)
    signature = models.CharField(max_length=64)
    name = models.CharField(_("name"), max_length=60, blank=True, default="")
    mapping = models.JSONField()
    source = models.CharField(max_length=50)
    currency = models.CharField(max_length=3)
    used_at = models.DateTimeField()
    history = NotCaptured("A person's own way of reading files.")
    objects = MappingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["signature", "owner", "kind"], nulls_distinct=False, name="exchange_mapping_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.signature[:8]


class ImportChange(models.Model):
    """How a row looked before an import updated it. before: the changed columns only."""

    job = models.ForeignKey(Import, models.CASCADE, related_name="changes", db_index=False)
    table = models.CharField(max_length=60)
    row_id = models.BigIntegerField()
    before = models.JSONField()
    version_after = models.PositiveIntegerField()

    history = NotCaptured("Undo data; the changes themselves are captured.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "table", "row_id"], name="exchange_importchange_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"


class UploadVolume(models.Model):
    """How much a person has uploaded in a day to be kept with records. uploaded_on: of the company's time zone."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    uploaded_on = models.DateField(_("uploaded on"))
    bytes = models.BigIntegerField(_("bytes"))

    history = NotCaptured("A count against the day's limit; the files that it counts are captured with their records.")

    class Meta:
        verbose_name = _("volume of uploads")
        constraints = [
            models.UniqueConstraint(fields=["user", "uploaded_on"], name="exchange_uploadvolume_is_unique"),
            models.CheckConstraint(condition=Q(bytes__gte=0), name="exchange_uploadvolume_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.uploaded_on}"
