"""Colleagues who are named in the time line."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from zhike.core.history import NotCaptured


class Mention(models.Model):
    """Somebody whom a colleague called to an entry of a customer's time line. seen_at: when they looked at it."""

    activity = models.ForeignKey("customers.Activity", models.CASCADE, related_name="mentions", verbose_name=_("entry"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(_("created"))
    seen_at = models.DateTimeField(_("seen"), null=True)

    history = NotCaptured("Follows from the text of the entry, which is captured.")

    class Meta:
        verbose_name = _("mention")
        constraints = [
            models.UniqueConstraint(fields=["activity", "user"], name="customers_mention_is_unique"),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="customers_mention_user"),
            models.Index(fields=["user"], condition=models.Q(seen_at=None), name="customers_mention_new"),
        ]

    def __str__(self) -> str:
        return f"{self.activity_id}: {self.user_id}"
