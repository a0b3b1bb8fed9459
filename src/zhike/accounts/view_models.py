"""Lists that people keep under a name, and with which of them a list opens."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.history import NotCaptured


class SavedView(models.Model):
    """A list's filters, columns, order and shape under a name. query: the list's URL query.

    user: whose it is. team: whom it is shown to as well, with all teams below, where the audience is a team.
    """

    class Audience(models.TextChoices):
        OWN = "own", _("Only me")
        TEAM = "team", _("My team")
        ALL = "all", _("Everybody")

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=50)  # which list, for example "customers"
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=4000, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    audience = models.CharField(_("shown to"), max_length=4, choices=Audience.choices, default=Audience.OWN)
    team = models.ForeignKey(
        "accounts.Team", models.CASCADE, null=True, related_name="+", db_index=False, verbose_name=_("team")
    )

    history = NotCaptured("A way of looking at a list.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "page", "name"], name="accounts_savedview_name_is_unique"),
            models.CheckConstraint(
                condition=Q(audience="team", team__isnull=False) | Q(audience__in=["own", "all"], team__isnull=True),
                name="accounts_savedview_audience_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["page"], condition=~Q(audience="own"), name="accounts_savedview_shared"),
        ]

    def __str__(self) -> str:
        return self.name


class ViewDefault(models.Model):
    """The view with which a list opens, for one person or for all who hold a role."""

    page = models.CharField(max_length=50)
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+", db_index=False)
    role = models.ForeignKey("accounts.Role", models.CASCADE, null=True, related_name="+", db_index=False)
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="defaults", verbose_name=_("view"))

    history = NotCaptured("A way of looking at a list.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "page"], name="accounts_viewdefault_is_one_each"),
            models.UniqueConstraint(fields=["role", "page"], name="accounts_viewdefault_is_one_a_role"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, role__isnull=True) | Q(user__isnull=True, role__isnull=False),
                name="accounts_viewdefault_is_for_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page}: {self.view_id}"
