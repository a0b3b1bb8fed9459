"""Shapes of what people type about customers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.accounts.models import User
from zhike.accounts.selectors import name_teams
from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.customers.guarded import ALL_LABELS, IDENTIFIER_KEYS, RECORD, key
from zhike.customers.models import Customer, Identifier, Relationship
from zhike.customers.own_fields import plain_of
from zhike.customers.services.activities import WRITTEN_KINDS
from zhike.metadata import forms as own
from zhike.metadata.conditions import holds, list_conditions
from zhike.metadata.kinds import Known
from zhike.metadata.selectors.pages import list_entered
from zhike.metadata.services.values import defaults_of

MOST_ENTERED = 30
# Words that are there already, offered while one types (`suggest.ts`); several with commas between them.
SUGGESTED = {"data-suggest": reverse_lazy("suggest_tags"), "autocomplete": "off"}


def writes(actor: Actor, field: str) -> bool:
    return fields.sight(actor, field) is Sight.WRITE


@dataclass(frozen=True, kw_only=True)
class OwnRow:
    """A field of the company's own in a form. conditions: those about other fields of the form, which come true there,
    and those that never hold; all have to for it to be there."""

    bound: forms.BoundField
    is_required: bool
    conditions: Sequence[Mapping[str, Any]]

    @property
    def shown_when(self) -> str:
        return json.dumps([dict(one) for one in self.conditions])


class NewCustomer(forms.Form):
    """A person or an organisation, with the ways to reach it."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Customer.Kind.choices, widget=forms.RadioSelect)
    name = forms.CharField(label=pgettext_lazy("customer", "Name"), max_length=200)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=500)
    email = forms.CharField(label=_("E-mail"), required=False, max_length=500)
    wechat = forms.CharField(label=_("WeChat id"), required=False, max_length=500)
    uscc = forms.CharField(
        label=_("Unified social credit code"), required=False, max_length=50, help_text=_("Organisations only.")
    )
    province = forms.CharField(label=_("Province"), required=False, max_length=60)
    city = forms.CharField(label=_("City"), required=False, max_length=60)
    channel = forms.CharField(label=_("Source channel"), required=False, max_length=50)
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        help_text=_("With commas between them."),
        widget=forms.TextInput(attrs=SUGGESTED),
    )
    note = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *arguments: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in list(self.fields):
            if not writes(actor, key(name)) and name != "name":
                del self.fields[name]
        known = list_entered(actor=actor, record=RECORD)
        # All of a few; of many, what has to be there, and the rest on the customer's page.
        self.own = [one for one in known if one.is_required or len(known) <= MOST_ENTERED]
        for one in self.own:
            self.fields[one.name] = own.control(one, actor)
            self.fields[one.name].initial = own.initial(one, one.default)

    @property
    def own_rows(self) -> list[OwnRow]:
        # What is not in the form counts as a customer gets it who is saved without.
        plain, defaults = plain_of(Customer()), defaults_of(RECORD)
        return [
            OwnRow(
                bound=self[one.name],
                is_required=one.is_required,
                conditions=[
                    condition
                    for condition in list_conditions(RECORD, one)
                    if condition["field"] in self.fields or not holds(condition, plain=plain, values=defaults)
                ],
            )
            for one in self.own
        ]


IDENTIFIER_FIELDS = (Identifier.Kind.PHONE, Identifier.Kind.EMAIL, Identifier.Kind.WECHAT, Identifier.Kind.USCC)


class NewActivity(forms.Form):
    """The composer of the time line."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[(kind.value, kind.label) for kind in WRITTEN_KINDS], widget=forms.RadioSelect
    )
    text = forms.CharField(label=_("What happened"), max_length=10_000, widget=forms.Textarea)
    file = forms.FileField(label=_("File"), required=False)


class NewIdentifier(forms.Form):
    """Another phone, e-mail, address or id."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Identifier.Kind.choices)
    system = forms.CharField(label=_("System"), required=False, max_length=50, help_text=_("For external ids only."))
    value = forms.CharField(label=_("Number, address or id"), max_length=500)

    def __init__(self, *arguments: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*arguments, **options)
        chosen: Any = self.fields["kind"]
        chosen.choices = [
            (kind, label) for kind, label in Identifier.Kind.choices if writes(actor, IDENTIFIER_KEYS[kind])
        ]


def control_of(field: str) -> forms.Field:
    """What a field of every customer is entered with."""
    label = str(ALL_LABELS[field])
    match field:
        case "kind":
            return forms.ChoiceField(label=label, choices=Customer.Kind.choices)
        case "relationship":
            return forms.ChoiceField(
                label=label, required=False, choices=[("", _("As computed")), *Relationship.choices]
            )
        case "owner":
            users = User.objects.filter(is_active=True).order_by("name").values_list("pk", "name")
            return forms.ChoiceField(label=label, required=False, choices=[("", _("Nobody")), *users])
        case "team":
            return forms.ChoiceField(label=label, required=False, choices=[("", _("None")), *name_teams().items()])
        case "birthday_on":
            return forms.CharField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))
        case "tags":
            return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=SUGGESTED))
        case "note":
            return forms.CharField(label=label, required=False, widget=forms.Textarea(attrs={"rows": 5}))
    return forms.CharField(label=label, required=False)


class OneField(forms.Form):
    """A field edited in place, with what it said when the editing began."""

    was = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def __init__(self, data: Any = None, *, field: str, current: str) -> None:
        super().__init__(data, initial={"was": current, "value": current})
        self.fields["value"] = control_of(field)


class OwnField(forms.Form):
    """One of the company's own fields, edited in place."""

    was = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def __init__(self, data: Any = None, *, known: Known, actor: Actor, current: str, value: Any) -> None:
        super().__init__(data, initial={"was": current, "value": own.initial(known, value)})
        self.fields["value"] = own.control(known, actor)


class OneValue(forms.Form):
    """An identifier edited in place."""

    value = forms.CharField(max_length=500, required=False)
