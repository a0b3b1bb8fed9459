"""What this house does when Django and allauth say that somebody came in, left, or changed their factors."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest

from zhike.accounts.actors import actor_of
from zhike.accounts.address import client_address
from zhike.accounts.events import (
    LoggedIn,
    LoggedOut,
    LogInRefused,
    SecondFactorAdded,
    SecondFactorRemoved,
    announce,
)
from zhike.accounts.models import User
from zhike.accounts.services import sessions

SIGN_ON = "sign_on"


def begin(request: HttpRequest, user: User, **_details: Any) -> None:
    """Django: a session has begun."""
    sessions.begin_session(request)


def welcome(request: HttpRequest, user: User, **_details: Any) -> None:
    """allauth: somebody came in, by whatever door."""
    methods = [_method(record) for record in get_authentication_records(request, user)]
    announce(LoggedIn(user_id=user.pk, address=client_address(request), methods=methods))


def renew_key(request: HttpRequest, user: User, **details: Any) -> None:
    """allauth: somebody has shown again who they are; a session key that leaked before is worth nothing now."""
    if not details.get("reauthenticated"):
        return
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def farewell(request: HttpRequest, user: User | None, **_details: Any) -> None:
    """Django: somebody left."""
    sessions.forget_session(request)
    if user is not None:
        announce(LoggedOut(user_id=user.pk))


def note_new_factor(request: HttpRequest, user: User, authenticator: Authenticator, **_details: Any) -> None:
    """allauth: a factor was added, or recovery codes were renewed; whoever is in elsewhere has not shown it."""
    announce(SecondFactorAdded(user_id=user.pk, factor=authenticator.type))
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        end_others(request, user)


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
