"""What this house does when Django and allauth say that somebody came in, left, or changed their factors."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import ngettext

from zhike.accounts import selectors
from zhike.accounts.actors import actor_of
from zhike.accounts.address import client_address
from zhike.accounts.announcing import announce
from zhike.accounts.device import known_device
from zhike.accounts.events import (
    LoggedIn,
    LoggedOut,
    LogInRefused,
    RecoveryCodesMade,
    SecondFactorAdded,
    SecondFactorRemoved,
    SessionsEnded,
    SignOnLinked,
)
from zhike.accounts.models import User
from zhike.accounts.services import sessions
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM

SIGN_ON = "sign_on"


def begin(request: HttpRequest, user: User, **_details: Any) -> None:
    """Django: a session has begun."""
    sessions.begin_session(request)


def welcome(request: HttpRequest, user: User, **_details: Any) -> None:
    """allauth: somebody came in, by whatever door; what happened to their account meanwhile is said first."""
    methods = [_method(record) for record in get_authentication_records(request, user)]
    if count := selectors.count_new_notices(user_id=user.pk):
        # The door still speaks the language of its guests.
        with translation.override(user.locale):
            text = ngettext(
                "%(count)s notice about your account: see “My settings → Security”.",
                "%(count)s notices about your account: see “My settings → Security”.",
                count,
            )
            messages.warning(request, text % {"count": count})
    announce(
        LoggedIn(
            user_id=user.pk,
            address=client_address(request),
            methods=methods,
            agent=request.headers.get("User-Agent", "")[: sessions.LONGEST_AGENT],
            is_known=bool(known_device(request, name=user.username)),
        )
    )


def renew_key(request: HttpRequest, user: User, **details: Any) -> None:
    """allauth: somebody has shown again who they are; a session key that leaked before is worth nothing now."""
    if not details.get("reauthenticated"):
        return
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def farewell(request: HttpRequest, user: User | None, **_details: Any) -> None:
    """Django: somebody left, or had to."""
    sessions.forget_session(request)
    if user is None:
        return
    if sessions.is_over(request):
        # Before the middleware says who acts; nobody does here but the house.
        with acting(SYSTEM, origin="web"):
            announce(SessionsEnded(user_id=user.pk, by_user_id=None, is_everywhere=False, reason="lifetime"))
    else:
        announce(LoggedOut(user_id=user.pk))


def note_new_factor(request: HttpRequest, user: User, authenticator: Authenticator, **_details: Any) -> None:
    """allauth: a factor was added; whoever is in elsewhere has not shown it."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        announce(RecoveryCodesMade(user_id=user.pk, is_renewed=False))
    else:
        announce(SecondFactorAdded(user_id=user.pk, factor=authenticator.type))
        end_others(request, user)


def note_renewed_codes(request: HttpRequest, user: User, **_details: Any) -> None:
    """allauth: recovery codes were made anew."""
    announce(RecoveryCodesMade(user_id=user.pk, is_renewed=True))


def note_sign_on(request: HttpRequest, sociallogin: SocialLogin, **_details: Any) -> None:
    """allauth: the company's sign-on opens an account from now on."""
    is_new = sociallogin.state.get("process") != AuthProcess.CONNECT
    announce(SignOnLinked(user_id=sociallogin.user.pk, is_new=is_new))


def note_lost_factor(request: HttpRequest, user: User, authenticator: Authenticator, **_details: Any) -> None:
    """allauth: a factor was taken away."""
    announce(SecondFactorRemoved(user_id=user.pk, factor=authenticator.type))
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        end_others(request, user)


def note_wrong_code(request: HttpRequest, user: User, **_details: Any) -> None:
    """allauth: a code or a passkey was not right."""
    announce(LogInRefused(username=user.username, address=client_address(request), reason="wrong_code"))


def end_others(request: HttpRequest, user: User) -> None:
    """Keep the session at hand and end all others of the person."""
    renewed = sessions.end_sessions(actor=actor_of(User.objects.get(pk=user.pk)), user=user)
    update_session_auth_hash(request, renewed)
    sessions.note_session(request, renewed)


def _method(record: dict[str, Any]) -> str:
    if record["method"] == "socialaccount":
        return SIGN_ON
    if record["method"] == "mfa":
        return "passkey" if record["type"] == Authenticator.Type.WEBAUTHN else str(record["type"])
    return str(record["method"])
