"""Puts what happens at the door into the history, under the name of whoever did it."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from zhike.accounts import notices
from zhike.accounts.events import (
    LoggedIn,
    LoggedOut,
    LogInRefused,
    PasswordChanged,
    RecoveryCodesMade,
    SecondFactorAdded,
    SecondFactorRemoved,
    SecondFactorReset,
    SessionsEnded,
    SignOnLinked,
    SignOnUnlinked,
    TokenMade,
    TokenRevoked,
)
from zhike.accounts.models import User
from zhike.audit.services import record
from zhike.core.acting import acting, acting_user
from zhike.core.actor import Actor
from zhike.core.events import Event, publish

# Events that the history keeps under a name of their own; the others are changes of rows, which it captures anyway.
ACTIONS: dict[type[Event], str] = {
    LoggedIn: "accounts.log_in",
    LogInRefused: "accounts.log_in_refused",
    LoggedOut: "accounts.log_out",
    SessionsEnded: "accounts.end_sessions",
    PasswordChanged: "accounts.change_password",
    SecondFactorAdded: "accounts.add_second_factor",
    SecondFactorRemoved: "accounts.remove_second_factor",
    SecondFactorReset: "accounts.reset_second_factor",
    RecoveryCodesMade: "accounts.make_recovery_codes",
    SignOnLinked: "accounts.link_sign_on",
    SignOnUnlinked: "accounts.unlink_sign_on",
    TokenMade: "accounts.make_key",
    TokenRevoked: "accounts.revoke_key",
}
# What nobody but the person can do; the request may have begun before anybody was known.
OWN = (LoggedIn, LoggedOut, SignOnLinked, SignOnUnlinked)


def announce(event: Event) -> None:
    """Publish an event of `ACTIONS`, put it into the history and tell whom it concerns, in one transaction."""
    with transaction.atomic():
        notices.tell(event)  # before the history holds it: what counts is what was there before
        _keep(event)
        publish(event)


def _keep(event: Event) -> None:
    told = asdict(event)
    # A name stands for a person; what nobody is called is nobody's business.
    username = told.pop("username", "")
    ids = _ids_of(username) if username else [told.pop("user_id")] if "user_id" in told else []
    with _naming(event):
        record(action=ACTIONS[type(event)], subject="accounts_user", ids=ids, **told)


def _naming(event: Event) -> AbstractContextManager[None]:
    """Within the block somebody is named as the one who acts, wherever somebody did."""
    by = event.user_id if isinstance(event, OWN) else getattr(event, "by_user_id", None)
    is_named = acting_user() is not None or by is None
    return nullcontext() if is_named else acting(Actor(user_id=by, name=""))


def _ids_of(username: str) -> list[int]:
    return list(User.objects.filter(Exact(Lower("username"), Lower(Value(username)))).values_list("pk", flat=True))
