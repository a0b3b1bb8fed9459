"""Where somebody is logged in: how long that lasts, and how it is ended."""

import time
from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from zhike.accounts.address import client_address
from zhike.accounts.announcing import announce
from zhike.accounts.events import SessionsEnded
from zhike.accounts.models import User
from zhike.accounts.permissions import MANAGE
from zhike.core.access import require
from zhike.core.actor import Actor

SEEN_EVERY = 300  # seconds, so that reading pages does not become writing sessions
CONFIRMED_FOR = 600
LONGEST_AGENT = 200
ENDED_BY = "ended_by"


def begin_session(request: HttpRequest) -> None:
    """Remember when it began; no session outlives `SESSION_LIFETIME`, however busy it is."""
    request.session["began_at"] = request.session["seen_at"] = int(time.time())


def keep_session(request: HttpRequest, user: User) -> bool:
    """Whether the session goes on; every few minutes it is noted from where and with which browser."""
    at = int(time.time())
    seen, began = request.session.get("seen_at", 0), request.session.get("began_at", at)
    if at - began > settings.SESSION_LIFETIME:
        request.session[ENDED_BY] = "lifetime"
        return False
    if at - seen >= SEEN_EVERY:
        request.session.update({"began_at": began, "seen_at": at})
        request.session.set_expiry(min(settings.SESSION_COOKIE_AGE, began + settings.SESSION_LIFETIME - at))
        note_session(request, user)
    return True


def note_session(request: HttpRequest, user: User) -> None:
    """Write down from where and with which browser the session was last used."""
    if not request.session.session_key:
        return
    UserSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": user,
            "ip": client_address(request),
            "user_agent": request.headers.get("User-Agent", "")[:LONGEST_AGENT],
            "last_seen_at": now(),
        },
    )


def is_over(request: HttpRequest) -> bool:
    """Whether it ends now because no session lasts any longer, and not because somebody leaves."""
    return request.session.get(ENDED_BY) == "lifetime"


def forget_session(request: HttpRequest) -> None:
    """The session is over and stands on no list any more."""
    if request.session.session_key:
        UserSession.objects.filter(session_key=request.session.session_key).delete()


def was_just_confirmed(request: HttpRequest) -> bool:
    """Whether the person has come in within the last ten minutes, and so need not show again who they are."""
    began: float = request.session.get("began_at", 0)
    return time.time() - began < CONFIRMED_FOR


@transaction.atomic
def end_session(*, actor: Actor, session: UserSession) -> None:
    """Log somebody out at one place: oneself, or, for administrators, anybody."""
    if actor.user_id != session.user_id:
        require(actor, MANAGE)
    _forget(UserSession.objects.filter(pk=session.pk))
    announce(SessionsEnded(user_id=session.user_id, by_user_id=actor.user_id, is_everywhere=False, reason="one"))


@transaction.atomic
def end_sessions(*, actor: Actor, user: User, reason: str = "") -> User:
    """Log somebody out everywhere, also where no list knows of it; a session that is to go on has to be renewed.

    reason: of `SessionsEnded`, where it follows from something else that is told.
    """
    if actor.user_id != user.pk:
        require(actor, MANAGE)
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    _forget(UserSession.objects.filter(user=user))
    announce(SessionsEnded(user_id=user.pk, by_user_id=actor.user_id, is_everywhere=True, reason=reason))
    return User.objects.get(pk=user.pk)


def _forget(sessions: QuerySet[UserSession]) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for session in sessions:
        store(session.session_key).delete()
        session.delete()
