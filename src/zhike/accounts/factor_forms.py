"""allauth's forms for codes and passkeys, counted and said as in the rest of the house."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, LoginWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from zhike.accounts import services
from zhike.accounts.address import client_address
from zhike.accounts.device import known_device
from zhike.accounts.models import User

CODE = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"})


def _code(help_text: Any = "") -> forms.CharField:
    return forms.CharField(label=_("Verification code"), max_length=40, widget=CODE, help_text=help_text)


def _counted(user: User) -> None:
    """Refuse a code before it is looked at where too many were tried."""
    device = known_device(context.request, name=user.username)
    try:
        services.count_code(user_id=user.pk, address=client_address(context.request), device=device, at=now())
    except services.TooManyAttempts as refusal:
        raise ValidationError(str(refusal), code=refusal.code) from refusal


class Counted(BaseAuthenticateForm):
    """Counts every code and lets none of an authenticator app open twice."""

    def clean_code(self) -> str:
        _counted(self.user)
        typed: str = self.cleaned_data["code"]
        if recovery := services.spend_recovery_code(user_id=self.user.pk, code=typed):
            recovery.user, self.authenticator = self.user, recovery
            services.forgive_codes(user_id=self.user.pk)
            return typed
        code: str = super().clean_code()
        if not services.spend_code(authenticator_id=self.authenticator.pk, code=code):
            raise ValidationError(_("This code has been used before. Wait for the next one."), code="code_used")
        services.forgive_codes(user_id=self.user.pk)
        return code


class Code(Counted, AuthenticateForm):
    """The second step of a log-in."""

    code = _code(_("Six digits from the app, or one of your recovery codes."))


class ConfirmByCode(Counted, ReauthenticateForm):
    """Who is logged in shows again who they are."""

    code = _code(_("Six digits from the app, or one of your recovery codes."))


class FirstCode(ActivateTOTPForm):
    """The first code of a new authenticator app proves that it works."""

    code = _code()


class NewPasskey(AddWebAuthnForm):
    """A passkey checks its owner by itself, so that it can stand for name, password and second factor together."""

    name = forms.CharField(
        label=_("Name of the passkey"),
        max_length=60,
        required=False,
        help_text=_("For example: office computer, my phone"),
    )
    passwordless = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "initial": {"name": _("Passkey"), **options.get("initial", {})}})

    def clean_passwordless(self) -> bool:
        return True


class PasskeyLogIn(LoginWebAuthnForm):
    """A passkey instead of name and password; nothing can be guessed, so nothing is counted."""
