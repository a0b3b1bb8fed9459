"""What people opened lately, so that the search box has it at hand."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.history import NotCaptured


class Visit(models.Model):
    """A record that somebody opened.

    kind, record_id: as `core.finder` knows them. customer_id: where the record is a customer; no key, so that what was
    deleted and comes back is remembered. weight: how often, where a visit of two weeks ago counts half (worked out at
    `opened_at`).
    """

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False, verbose_name=_("user"))
    kind = models.CharField(_("kind"), max_length=40)
    record_id = models.BigIntegerField(_("record"))
    customer_id = models.BigIntegerField(_("customer"), null=True)
    opened_at = models.DateTimeField(_("opened"))
    weight = models.FloatField(_("how often"))

    history = NotCaptured("What somebody opens is kept for themselves alone, and not for long.")

    class Meta:
        verbose_name = _("recently opened record")
        constraints = [models.UniqueConstraint(fields=["user", "kind", "record_id"], name="finder_visit_is_unique")]
        indexes = [
            models.Index(fields=["user", "-opened_at"], name="finder_visit_latest"),
            models.Index(fields=["customer_id"], condition=Q(customer_id__isnull=False), name="finder_visit_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}"
