"""Forms about personal information."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from zhike.privacy.models import Channel, Consent, Purpose, Request, RetentionRule
from zhike.privacy.services.proposing import PREFIX, Correctable


class NewRequest(forms.Form):
    """customer: its number, as the address of its page shows it."""

    customer_id = forms.IntegerField(label=_("Customer number"), min_value=1)
    kind = forms.ChoiceField(label=_("Asks for"), choices=Request.Kind.choices)
    received_on = forms.DateField(
        label=_("Received on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        validators=[MaxValueValidator(localdate)],
    )
    wish = forms.CharField(
        label=_("In their words"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class Identity(forms.Form):
    identity = forms.CharField(
        label=_("How it was made sure that it is this person"),
        max_length=500,
        help_text=_("For example: called back at the number on record"),
    )


class Answer(forms.Form):
    outcome = forms.CharField(
        label=_("What the person was told"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_refused = forms.BooleanField(label=_("Refuse it"), required=False)


class Confirm(forms.Form):
    confirmed = forms.CharField(label=_("Type the customer's name to confirm"), max_length=200)


class Correction(forms.Form):
    """What is held, a line each, to be written over where it is wrong."""

    def __init__(self, *arguments: Any, offered: Sequence[Correctable], **options: Any) -> None:
        super().__init__(*arguments, **options)
        for one in offered:
            self.fields[one.name] = forms.CharField(
                label=str(one.label),
                initial=one.value,
                required=False,
                max_length=500,
                help_text=_("Empty takes it away.") if one.name.startswith(PREFIX) else "",
            )

    @property
    def told(self) -> dict[str, str]:
        """What was sent; what was not is no wish to take it away."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.data}


class ProposalDecision(forms.Form):
    """seen: the value on record that the page showed; which button was pressed says the rest."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)
    seen = forms.CharField(required=False, max_length=500, strip=False)
    is_refused = forms.BooleanField(required=False)


class NewConsent(forms.Form):
    purpose = forms.ModelChoiceField(label=_("Purpose"), queryset=Purpose.objects.order_by("name"))
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    is_given = forms.TypedChoiceField(
        label=_("The person"),
        choices=[("1", _("agrees")), ("0", _("withdraws"))],
        coerce=lambda value: value == "1",
    )
    source = forms.ChoiceField(
        label=_("How"), choices=[one for one in Consent.Source.choices if one[0] != Consent.Source.LINK]
    )
    wording = forms.CharField(label=_("What was agreed to (text or version)"), required=False, max_length=200)
    evidence = forms.CharField(label=_("Where the proof lies"), required=False, max_length=300)


class MinorForm(forms.Form):
    is_under = forms.BooleanField(label=_("Under 14"), required=False)
    guardian = forms.CharField(label=_("Guardian who agreed, and the proof"), required=False, max_length=300)


class PurposeForm(forms.Form):
    name = forms.CharField(label=_("Purpose"), max_length=60)
    basis = forms.ChoiceField(label=_("Lawful basis"), choices=Purpose.Basis.choices)
    which_data = forms.CharField(label=_("Which data"), required=False, max_length=300)
    recipients = forms.CharField(label=_("Who receives it"), required=False, max_length=300)
    kept = forms.CharField(label=_("How long it is kept"), required=False, max_length=200)


class RuleForm(forms.Form):
    subject = forms.ChoiceField(label=_("What goes"), choices=RetentionRule.Subject.choices)
    months = forms.IntegerField(label=_("After months"), min_value=1, max_value=600, initial=36)
    basis = forms.CharField(label=_("Reason"), max_length=200)
    is_active = forms.BooleanField(label=_("Runs every night"), required=False)
