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


class Narrow(forms.Form):
    """Person and days; the page of everything also asks for what happened and to what."""

    person = forms.ChoiceField(label=pgettext_lazy("history", "Who"), required=False)
    since = forms.DateField(label=pgettext_lazy("history", "From"), required=False, widget=_Day())
    until = forms.DateField(label=pgettext_lazy("history", "To"), required=False, widget=_Day())
    action = forms.ChoiceField(label=pgettext_lazy("history", "What happened"), required=False)
    table = forms.ChoiceField(label=pgettext_lazy("history", "To what"), required=False)

    def __init__(self, data: Any, *, is_wide: bool) -> None:
        super().__init__(data)
        people = [(str(pk), name) for pk, name in list_people()]
        self._choices("person", [("", _("Everybody")), *people, ("0", _("The system"))])
        if is_wide:
            self._choices("action", [("", _("Everything")), *wording.ACTIONS.items()])
            tables = [(capture.table, wording.table_label(capture.table)) for capture in list_captures()]
            self._choices("table", [("", _("Everything")), *sorted(tables, key=lambda one: one[1])])
        else:
            del self.fields["action"], self.fields["table"]

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
        )

    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.values())

    def _choices(self, name: str, choices: list[Any]) -> None:
        field: Any = self.fields[name]
        field.choices = choices
