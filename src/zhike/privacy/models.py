"""Who was erased, and the proof of it; nothing here says who that was."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhike.core.history import Captured


class Erasure(models.Model):
    """One person's data taken away, everywhere.

    reference: what the person is told, and what the ledger knows it by. person, identifiers: keyed hashes; by them a
    restored backup is told whom to erase again. customer_created_at stands in neither: it is part of the hash.
    traces: encrypted, what the places are searched for; emptied at the end. removed: place or table to how many
    pieces; found: what a search of everything afterwards found, place to count. digest: of both, also in the history.
    """

    class State(models.TextChoices):
        RECORDS = "records", _("Records erased, files being searched")
        DONE = "done", _("Erased and proved")
        INCOMPLETE = "incomplete", _("Something is left; tried again every hour")

    reference = models.UUIDField(unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECORDS)
    requested_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    erased_at = models.DateTimeField(_("erased"))
    finished_at = models.DateTimeField(_("searched"), null=True)
    person = models.CharField(max_length=64)
    identifiers = ArrayField(models.CharField(max_length=64))
    traces = models.TextField(blank=True, default="")
    removed = models.JSONField(default=dict)
    found = models.JSONField(default=dict)
    shared_count = models.IntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    written_at = models.DateTimeField(null=True)

    history = Captured(
        ignored=("traces", "written_at"),
        label=_("Erasure"),
        labels={
            "reference": _("Reference"),
            "requested_by": _("Decided by"),
            "removed": _("Taken away"),
            "found": _("Found afterwards"),
            "digest": _("Digest"),
        },
    )

    class Meta:
        verbose_name = _("erasure")
        indexes = [
            models.Index(fields=["erased_at", "id"], name="privacy_erasure_erased"),
            models.Index(fields=["id"], condition=~models.Q(state="done"), name="privacy_erasure_open"),
        ]

    def __str__(self) -> str:
        return str(self.reference)
