"""Days on which the company works, or not, otherwise than the calendar says."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from zhike.core.history import Captured


class SpecialDay(models.Model):
    """One day that the company decides about itself."""

    day = models.DateField(_("day"), unique=True)
    is_working = models.BooleanField(_("is a working day"), default=False)
    name = models.CharField(_("occasion"), max_length=60, blank=True, default="")

    history = Captured(label=_("Working days"), stays="It is set again on its page.")

    class Meta:
        verbose_name = _("special day")

    def __str__(self) -> str:
        return self.day.isoformat()
