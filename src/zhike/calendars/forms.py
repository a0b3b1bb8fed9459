"""Forms about working days."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def day_field(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
        **more,
    )


class Days(forms.Form):
    first = day_field(_("First day"))
    last = day_field(_("Last day"), required=False, help_text=_("Empty for a single day."))
    is_working = forms.TypedChoiceField(
        label=_("These days are"),
        choices=[("0", _("days off")), ("1", _("working days"))],
        coerce=lambda value: value == "1",
    )
    name = forms.CharField(label=_("Occasion"), required=False, max_length=60)
