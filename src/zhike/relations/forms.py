"""What somebody fills in about a relation."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.relations.aspects import choices_for
from zhike.relations.models import Relation

_NUMBER = re.compile(r"#?([0-9]{1,18})")


class Details(forms.Form):
    """What can be changed of a relation that is there."""

    role = forms.ChoiceField(
        label=_("Role in buying"),
        required=False,
        choices=[("", _("None")), *Relation.Role.choices],
        help_text=_("Of somebody who works at an organisation."),
    )
    title = forms.CharField(
        label=_("Position, or what they are to one another"),
        required=False,
        max_length=60,
        help_text=_("For example purchasing manager, spouse, supplier."),
    )
    started_on = forms.DateField(
        label=pgettext_lazy("relation", "Since"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    ended_on = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty while it goes on."),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class NewRelation(Details):
    """A relation to add. sought: what was typed to find the other customer; other: who was chosen."""

    aspect = forms.ChoiceField(label=_("The other one is"))
    sought = forms.CharField(label=_("Who"), required=False, max_length=100)
    other = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def __init__(self, *arguments: Any, kind: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        chosen: Any = self.fields["aspect"]
        chosen.choices = choices_for(kind)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        number = _NUMBER.fullmatch(str(data.get("sought") or "").strip())
        if not data.get("other") and number:
            data["other"] = int(number[1])
        if not data.get("other") and "other" not in self.errors:
            self.add_error("sought", _("Type a name or number, and choose one of those found."))
        return data
