"""What is entered for many customers at once: each field with its own editor."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.accounts.models import User
from zhike.bulk.plans import EDITABLE, REFERENCES
from zhike.core.actor import Actor
from zhike.customers.forms import SUGGESTED, control_of, writes
from zhike.customers.guarded import ALL_LABELS, RECORD, key
from zhike.customers.own_fields import known_of
from zhike.customers.views.editing import split_words
from zhike.metadata import forms as own
from zhike.metadata.kinds import NOT_ENTERED
from zhike.metadata.selectors import design_of

KEEP = "keep"
OF_TAKER = "taker"


def list_editable(actor: Actor) -> list[tuple[str, str]]:
    """Fields that can be changed for many, and what they are called."""
    found = [(name, str(ALL_LABELS[name])) for name in EDITABLE if name not in REFERENCES and writes(actor, key(name))]
    return found + [
        (one.name, one.named)
        for one in design_of(RECORD).known.values()
        if not one.is_unique and not one.is_sealed and one.kind not in NOT_ENTERED and writes(actor, one.path)
    ]


class EditField(forms.Form):
    """A field and its new value. Nothing entered empties the field."""

    def __init__(self, data: Any = None, *, actor: Actor, chosen: str = "", value: Any = None) -> None:
        super().__init__(data)
        offered = list_editable(actor)
        self.fields["field"] = forms.ChoiceField(
            label=_("Field"), choices=[("", _("Choose a field")), *offered], initial=chosen
        )
        if chosen in dict(offered):
            known = known_of(chosen)
            control = own.control(known, actor) if known else control_of(chosen)
            control.label, control.required = _("New value"), False
            control.help_text = control.help_text or _("Leave it empty to empty the field.")
            control.initial = own.initial(known, value) if known else value
            self.fields["value"] = control

    def change(self) -> dict[str, Any]:
        return {"fields": {self.cleaned_data["field"]: self.cleaned_data.get("value")}}


class Assign(forms.Form):
    """To whom they go."""

    def __init__(self, data: Any = None, *, actor: Actor, entered: Mapping[str, Any]) -> None:
        super().__init__(data)
        leave = (KEEP, _("Leave as it is"))
        more: dict[str, Sequence[tuple[str, Any]]] = {
            "owner": [leave],
            "team": [(OF_TAKER, _("That of the new owner")), leave],
        }
        for name in REFERENCES:
            if writes(actor, key(name)):
                control: Any = control_of(name)
                control.choices = [*more[name], *control.choices]
                control.initial = (entered[name] or "") if name in entered else more[name][-1 if entered else 0][0]
                self.fields[name] = control

    def change(self) -> dict[str, Any]:
        wanted = {name: value for name, value in self.cleaned_data.items() if value != KEEP}
        if wanted.get("team") == OF_TAKER:
            taker = User.objects.filter(pk=wanted.get("owner") or 0).first()
            wanted.pop("team")
            if taker is not None:
                wanted["team"] = taker.team_id
        return {"fields": wanted}


class Tagging(forms.Form):
    """Words to put on, and words to take off."""

    add = forms.CharField(
        label=_("Add tags"),
        required=False,
        help_text=_("With commas between them."),
        widget=forms.TextInput(attrs=SUGGESTED),
    )
    remove = forms.CharField(
        label=_("Remove tags"),
        required=False,
        help_text=_("With commas between them."),
        widget=forms.TextInput(attrs=SUGGESTED),
    )

    def __init__(self, data: Any = None, *, change: Mapping[str, Any]) -> None:
        super().__init__(data, initial={name: "，".join(change.get(name) or ()) for name in ("add", "remove")})

    def change(self) -> dict[str, Any]:
        return {name: split_words(self.cleaned_data[name]) for name in ("add", "remove")}


class OneTag(forms.Form):
    """A tag's word and colour."""

    name = forms.CharField(label=pgettext_lazy("tag", "Name"), max_length=50)
    tone = forms.ChoiceField(
        label=_("Colour"),
        required=False,
        choices=[
            ("", pgettext_lazy("colour", "Grey")),
            ("info", pgettext_lazy("colour", "Blue")),
            ("good", pgettext_lazy("colour", "Green")),
            ("warn", pgettext_lazy("colour", "Yellow")),
            ("bad", pgettext_lazy("colour", "Red")),
            ("rich", pgettext_lazy("colour", "Violet")),
        ],
    )


class MergeTag(forms.Form):
    """Into which other tag."""

    into = forms.CharField(
        label=_("Merge into"),
        max_length=50,
        widget=forms.TextInput(attrs=SUGGESTED),
        help_text=_("The other tag's name."),
    )
