"""Tags that a rule gives and takes by itself."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.history import Captured
from zhike.customers.models import Tag


class TagRule(models.Model):
    """A tag that exactly those customers have of whom a filter holds, as often as it is asked.

    query: the filter, as the address of a list. customer_count: who had the tag when it was asked last. failure: why
    asking it came to nothing the last time; who has the tag stayed as it was.
    """

    tag = models.OneToOneField(Tag, models.CASCADE, related_name="+", verbose_name=_("tag"))
    query = models.CharField(_("filter"), max_length=8000)
    created_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"))
    asked_at = models.DateTimeField(_("asked last"), null=True)
    customer_count = models.IntegerField(_("customers with the tag"), default=0)
    failure = models.CharField(_("problem"), max_length=500, blank=True, default="")

    history = Captured(
        label=_("Rule of a tag"),
        stays="A setting, changed on its page.",
        ignored=("asked_at", "customer_count", "failure"),
    )

    class Meta:
        verbose_name = _("rule of a tag")
        constraints = [models.CheckConstraint(condition=~Q(query=""), name="persona_tagrule_asks_something")]

    def __str__(self) -> str:
        return str(self.tag)
