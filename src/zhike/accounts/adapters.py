"""Where allauth asks this house: how people come in, what is kept secret, and how things are said."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhike.accounts import vault
from zhike.accounts.address import client_address
from zhike.accounts.announcing import announce
from zhike.accounts.device import remember_device
from zhike.accounts.events import LogInRefused
from zhike.accounts.models import User
from zhike.accounts.services.sessions import was_just_confirmed

WAYS = {
    "reauthenticate": _("Use the password"),
    "mfa_reauthenticate": _("Use a code"),
    "mfa_reauthenticate:webauthn": _("Use a passkey"),
}


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up, no mail is sent, and whoever comes in leaves the mark of a known browser."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_password": _("This is not your present password."),
        "too_many_login_attempts": _("Too many attempts. Wait a little, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **details: Any) -> HttpResponse | None:
        """Passkeys and sign-on come by here too, so this is where everybody's right to come in is looked at."""
        if user.is_active and getattr(user, "kind", "") == User.Kind.PERSON:
            return None
        announce(LogInRefused(username=user.get_username(), address=client_address(request), reason="not_allowed"))
        clear_login(request)
        messages.error(request, gettext("This account cannot log in. Ask your administrator."))
        return redirect("log_in")

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **details: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **details)
        remember_device(request, response, name=user.get_username())
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        return [{**way, "description": WAYS[way["id"]]} for way in super().get_reauthentication_methods(user)]

    def is_reauthentication_required(self, *, app: str, **details: Any) -> bool:
        """Who has just come in need not say so again."""
        return not was_just_confirmed(self.request)


class FactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are encrypted, and passkeys belong to this product and its host."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_generate_recovery_codes": _("Set up a second factor first; recovery codes stand in for it."),
        "incorrect_code": _("This is not right, or it has been used before. Wait for the next code and try again."),
    }

    def encrypt(self, text: str) -> str:
        return vault.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.decrypt(encrypted_text)

    def _get_site_name(self) -> str:
        return gettext("Zhike")

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()
