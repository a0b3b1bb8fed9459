"""What narrows a history."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.audit import wording
from zhike.audit.selectors.history import Asked, list_people
from zhike.audit.triggers import list_captures


class _Day(forms.DateInput):
    input_type = "date"


class _Digits(forms.TextInput):
    input_type = "text"

    def __init__(self) -> None:
        super().__init__(attrs={"inputmode": "numeric"})


WIDE = ("action", "table", "record", "request")
BIGGEST = 2**63 - 1


class Narrow(forms.Form):
    """Person and days; the page of everything also asks for what happened and to what."""

    person = forms.ChoiceField(label=pgettext_lazy("history", "Who"), required=False)
    since = forms.DateField(label=pgettext_lazy("history", "From"), required=False, widget=_Day())
    until = forms.DateField(label=pgettext_lazy("history", "To"), required=False, widget=_Day())
    action = forms.ChoiceField(label=pgettext_lazy("history", "What happened"), required=False)
    table = forms.ChoiceField(label=pgettext_lazy("history", "To what"), required=False)
    record = forms.IntegerField(
        label=_("Record number"), required=False, min_value=1, max_value=BIGGEST, widget=_Digits()
    )
    request = forms.CharField(label=_("Request"), required=False, max_length=64)

    def __init__(self, data: Any, *, is_wide: bool) -> None:
        super().__init__(data)
        people = [(str(pk), name) for pk, name in list_people()]
        self._choices("person", [("", _("Everybody")), *people, ("0", _("The system, or not logged in"))])
        if is_wide:
            self._choices("action", [("", _("Everything")), *wording.ACTIONS.items()])
            tables = [(capture.table, wording.table_label(capture.table)) for capture in list_captures()]
            self._choices("table", [("", _("Everything")), *sorted(tables, key=lambda one: one[1])])
        else:
            for name in WIDE:
                del self.fields[name]

    def asked(self) -> Asked:
        """What is wanted; fields that make no sense narrow nothing."""
        self.full_clean()
        said = self.cleaned_data
        person = said.get("person")
        return Asked(
            person=int(person) if person else None,
            since=said.get("since"),
            until=said.get("until"),
            action=said.get("action") or "",
            table=said.get("table") or "",
            record=said.get("record") if said.get("table") else None,
            request=said.get("request") or "",
        )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("record") and not said.get("table"):
            self.add_error("record", _("Also choose under “To what” which kind of record that is."))
        return said

    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.values())

    def _choices(self, name: str, choices: list[Any]) -> None:
        field: Any = self.fields[name]
        field.choices = choices
