"""How people arrange the panels beside a record for themselves."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhike.core.history import NotCaptured


class PanelArrangement(models.Model):
    """One person's panels of one page. order: keys from the top, those of later apps follow; hidden: keys left out."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    page = models.CharField(_("page"), max_length=50)
    order = ArrayField(models.CharField(max_length=50), default=list, verbose_name=_("order of panels"))
    hidden = ArrayField(models.CharField(max_length=50), default=list, verbose_name=_("hidden"))

    history = NotCaptured("A person's own way of looking at a page.")

    class Meta:
        verbose_name = _("arrangement of panels")
        constraints = [
            models.UniqueConstraint(fields=["user", "page"], name="customers_panelarrangement_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.page}"
