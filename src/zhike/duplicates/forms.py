"""How the company merges, as a form."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from zhike.duplicates.rules import Rules
from zhike.duplicates.survivorship import DEFAULTS, RULES, UNIT_LABELS, UNITS, rules_for


class MergeRules(forms.Form):
    """A rule for each field, the sources in order, and the limit of merging by itself."""

    sources = forms.CharField(
        label=_("Sources, the most trusted first"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: the name of a system such as ERP, or import, hand, api."),
    )
    auto_from = forms.FloatField(
        label=_("Merge without being asked from (%)"),
        required=False,
        min_value=90,
        max_value=100,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
        help_text=_(
            "Empty: every pair is looked at. Look first at what each threshold is worth, below after a scan; "
            "each merge can be undone."
        ),
    )

    scans_itself = forms.BooleanField(
        label=_("Scan by itself"),
        required=False,
        help_text=_("Every night, and soon after an import that brought new customers."),
    )

    def __init__(self, data: Any = None, *, rules: Rules) -> None:
        percent = None if rules.auto_from is None else round(rules.auto_from * 100, 4)
        first: dict[str, Any] = {
            "sources": "\n".join(rules.sources),
            "auto_from": percent,
            "scans_itself": rules.scans_itself,
        }
        first |= {f"rule-{unit}": rules.by_unit.get(unit, DEFAULTS[unit]) for unit in UNITS}
        super().__init__(data, initial=first)
        for unit in UNITS:
            self.fields[f"rule-{unit}"] = forms.ChoiceField(
                label=str(UNIT_LABELS[unit]), choices=[(rule, RULES[rule]) for rule in rules_for(unit)]
            )
        self.order_fields([*(f"rule-{unit}" for unit in UNITS), "sources", "auto_from", "scans_itself"])

    def chosen(self) -> dict[str, Any]:
        """As `services.deciding.put_settings` takes it."""
        data = self.cleaned_data
        limit = data["auto_from"]
        return {
            "rules": {unit: data[f"rule-{unit}"] for unit in UNITS},
            "sources": [line.strip() for line in data["sources"].splitlines() if line.strip()],
            "auto_from": None if limit is None else limit / 100,
            "scans_itself": data["scans_itself"],
        }
