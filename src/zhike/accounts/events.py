"""What happens at the door and to the keys of the house; what no row's change tells goes into the history."""

from contextlib import nullcontext
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from zhike.accounts.models import User
from zhike.audit.services import record
from zhike.core.acting import acting
from zhike.core.actor import Actor
from zhike.core.events import Event, publish


@dataclass(frozen=True, kw_only=True)
class LoggedIn(Event):
    """methods: how, in order: "password", "passkey", "totp", "recovery_codes", "sign_on"."""

    user_id: int
    address: str
    methods: list[str]


@dataclass(frozen=True, kw_only=True)
class LogInRefused(Event):
    """username: empty where nobody is called so, since people also type passwords there.

    reason: "wrong_name_or_password", "wrong_code", "too_many_attempts", "not_allowed", "sign_on_unknown".
    """

    username: str
    address: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class LoggedOut(Event):
    user_id: int


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(Event):
    """is_everywhere: all sessions of the person, or one. by_user_id: null where the system ended them."""

    user_id: int
    by_user_id: int | None
    is_everywhere: bool


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """by_user_id differs from user_id where somebody else set it."""

    user_id: int
    by_user_id: int | None


@dataclass(frozen=True, kw_only=True)
class SecondFactorAdded(Event):
    """factor: "totp", "webauthn" or "recovery_codes"."""

    user_id: int
    factor: str


@dataclass(frozen=True, kw_only=True)
class SecondFactorRemoved(Event):
    user_id: int
    factor: str


@dataclass(frozen=True, kw_only=True)
class SecondFactorReset(Event):
    """Somebody else took all factors away because they were lost."""

    user_id: int
    by_user_id: int | None
    factors: list[str]


@dataclass(frozen=True, kw_only=True)
class SecondFactorRuleChanged(Event):
    role_id: int
    is_required: bool
    by_user_id: int | None


@dataclass(frozen=True, kw_only=True)
class TokenMade(Event):
    """permissions: null where the key may do all that its owner may."""

    token_id: int
    user_id: int
    by_user_id: int | None
    permissions: list[str] | None


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    token_id: int
    user_id: int
    by_user_id: int | None


@dataclass(frozen=True, kw_only=True)
class UserCreated(Event):
    user_id: int
    by_user_id: int | None
    role_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class UserEdited(Event):
    """role_ids: what they hold now."""

    user_id: int
    by_user_id: int | None
    role_ids: list[int]
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class RoleEdited(Event):
    """grants: permission to scope, as they are now; null when the role was deleted."""

    role_id: int
    by_user_id: int | None
    grants: dict[str, int] | None


# Events that the history keeps under a name of their own; the others are changes of rows, which it captures anyway.
ACTIONS: dict[type[Event], str] = {
    LoggedIn: "accounts.log_in",
    LogInRefused: "accounts.log_in_refused",
    LoggedOut: "accounts.log_out",
    SessionsEnded: "accounts.end_sessions",
    SecondFactorAdded: "accounts.add_second_factor",
    SecondFactorRemoved: "accounts.remove_second_factor",
    SecondFactorReset: "accounts.reset_second_factor",
}


def announce(event: Event) -> None:
    """Publish an event of `ACTIONS` and put it into the history, in a transaction of its own if there is none."""
    with transaction.atomic():
        _keep(event)
        publish(event)


def _keep(event: Event) -> None:
    told = asdict(event)
    # A name stands for a person; what nobody is called is nobody's business.
    username = told.pop("username", "")
    ids = _ids_of(username) if username else [told.pop("user_id")] if "user_id" in told else []
    # The request began before anybody was known.
    who = acting(Actor(user_id=event.user_id, name="")) if isinstance(event, LoggedIn) else nullcontext()
    with who:
        record(action=ACTIONS[type(event)], subject="accounts_user", ids=ids, **told)


def _ids_of(username: str) -> list[int]:
    return list(User.objects.filter(Exact(Lower("username"), Lower(Value(username)))).values_list("pk", flat=True))
