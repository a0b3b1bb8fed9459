"""Shapes of what people say about rules."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.customers.models import Customer
from zhike.quality.choices import Ask, Severity
from zhike.quality.models import OwnRule
from zhike.quality.own import ruled_fields

MOST_VALUES = 200
# What a rule has to know besides the field.
NEEDED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((Ask.LENGTH, Ask.NUMBER, Ask.DAY), ("low", "high")),
    Ask.PATTERN: ("pattern",),
    Ask.LISTED: ("values",),
}
NOTHING: Mapping[str, Any] = MappingProxyType({})
# The form comes anew with what goes with the choice.
ANEW = {"hx-get": "", "hx-include": "closest form", "hx-select": "#zk-rule", "hx-target": "#zk-rule"}


class RuleForm(forms.Form):
    """A rule of the company's own; what does not go with what it asks is left out."""

    label = forms.CharField(label=pgettext_lazy("rule", "Name"), max_length=80)
    field = forms.ChoiceField(label=_("Field"))
    ask = forms.ChoiceField(
        label=_("The value"), choices=Ask.choices, widget=forms.Select(attrs={**ANEW, "hx-swap": "outerHTML"})
    )
    low = forms.CharField(
        label=_("At least"),
        required=False,
        max_length=30,
        help_text=_("Of numbers, days (2026-11-22) and lengths; empty: no bound."),
    )
    high = forms.CharField(label=_("At most"), required=False, max_length=30)
    pattern = forms.CharField(
        label=_("Regular expression"),
        required=False,
        max_length=300,
        help_text=_("The whole value has to match, for example [A-Z]{2}-[0-9]{6}."),
    )
    values = forms.CharField(
        label=_("Values, one a line"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    only = forms.ChoiceField(label=_("Holds for"), required=False)
    severity = forms.TypedChoiceField(label=_("Severity"), choices=Severity.choices, coerce=int)
    is_active = forms.BooleanField(label=_("In use"), required=False)

    def __init__(self, data: Any = None, *, rule: OwnRule | None = None, typed: Mapping[str, Any] = NOTHING) -> None:
        """typed: what stands in the form while somebody chooses what to ask; only what goes with it is shown."""
        first: dict[str, Any] = {"severity": Severity.WARNING, "is_active": True, "ask": Ask.REQUIRED}
        if rule is not None:
            names = ("label", "field", "ask", "low", "high", "pattern", "only", "severity", "is_active")
            first = {name: getattr(rule, name) for name in names} | {"values": "\n".join(rule.values)}
        super().__init__(data, initial=first | {name: typed[name] for name in self.base_fields if name in typed})
        asked = (data or self.initial).get("ask", "")
        for name in {"low", "high", "pattern", "values"} - {*NEEDED.get(asked, ())}:
            del self.fields[name]
        chosen: Any = self.fields["field"]
        chosen.choices = [(name, str(label)) for name, label in ruled_fields()]
        only: Any = self.fields["only"]
        only.choices = [("", _("everybody")), *Customer.Kind.choices]

    def clean_values(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["values"].splitlines() if line.strip()]
        if len(lines) > MOST_VALUES or any(len(line) > 200 for line in lines):
            raise forms.ValidationError(_("At most %(count)s values, none longer than 200 characters.") % {
                "count": MOST_VALUES
            })  # fmt: skip
        return lines

    def chosen(self) -> dict[str, Any]:
        """As `services.ruling.put_rule` takes it."""
        data = {"low": "", "high": "", "pattern": "", "values": []} | self.cleaned_data
        return data | {name: data[name].strip() for name in ("low", "high")}
