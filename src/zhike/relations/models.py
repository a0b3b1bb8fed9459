"""How customers belong together."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.core import sources
from zhike.core.actor import Actor
from zhike.core.history import Captured
from zhike.customers.models import VIEW, Customer


class RelationQuerySet(models.QuerySet["Relation"]):
    """Rows of two customers: whoever sees one of them sees that there is another one."""

    def visible_to(self, actor: Actor) -> Self:
        if actor.reach_of(VIEW).is_all:
            return self
        seen = Customer.objects.visible_to(actor).values("pk")
        return self.filter(Q(customer__in=seen) | Q(other__in=seen))

    def of(self, customer_id: int) -> Self:
        """From whichever end."""
        return self.filter(Q(customer=customer_id) | Q(other=customer_id))


class Relation(models.Model):
    """How one customer belongs to another: a subsidiary to its parent, a person to an employer, who was referred to
    who referred them. What is the same from both ends is written down once, from either.

    role: of a person in what their employer buys. title: position, or what the two are to one another, in people's own
    words. ended_on: of what is over. source: where it came from ("hand", "api", or a system's name).
    """

    class Kind(models.TextChoices):
        PARENT = "parent", _("Parent company")
        WORK = "work", _("Works at")
        HOUSEHOLD = "household", _("Household")
        REFERRAL = "referral", _("Referred by")
        OTHER = "other", _("Other relation")

    class Role(models.TextChoices):
        DECIDER = "decider", pgettext_lazy("buying role", "Decision maker")
        INFLUENCER = "influencer", pgettext_lazy("buying role", "Influencer")
        USER = "user", pgettext_lazy("buying role", "User")
        BUYER = "buyer", pgettext_lazy("buying role", "Buyer")
        GATEKEEPER = "gatekeeper", pgettext_lazy("buying role", "Gatekeeper")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", verbose_name=_("customer"))
    other = models.ForeignKey(Customer, models.CASCADE, related_name="+", verbose_name=_("belongs to"))
    kind = models.CharField(_("relation"), max_length=10, choices=Kind.choices)
    role = models.CharField(_("role in buying"), max_length=10, choices=Role.choices, blank=True, default="")
    title = models.CharField(_("position or what they are to one another"), max_length=60, blank=True, default="")
    started_on = models.DateField(_("since"), null=True, blank=True)
    ended_on = models.DateField(_("until"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=50, blank=True, default="")
    note = models.CharField(_("note"), max_length=500, blank=True, default="")
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("written by")
    )

    history = Captured(subject="customer", label=_("Relation"), words={"source": sources.said})
    objects = RelationQuerySet.as_manager()

    class Meta:
        verbose_name = _("relation")
        constraints = [
            models.CheckConstraint(condition=~Q(customer=F("other")), name="relations_relation_is_between_two"),
            models.CheckConstraint(
                condition=Q(kind__in=["parent", "work", "household", "referral", "other"]),
                name="relations_relation_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(role="")
                | Q(kind="work", role__in=["decider", "influencer", "user", "buyer", "gatekeeper"]),
                name="relations_relation_role_is_at_work",
            ),
            models.CheckConstraint(
                condition=Q(started_on=None) | Q(ended_on=None) | Q(ended_on__gte=F("started_on")),
                name="relations_relation_ends_after_it_starts",
            ),
            models.UniqueConstraint(
                Least("customer", "other"),
                Greatest("customer", "other"),
                "kind",
                condition=Q(ended_on=None),
                name="relations_relation_goes_on_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.kind} {self.other_id}"
