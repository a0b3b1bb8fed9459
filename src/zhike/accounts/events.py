"""What happens at the door and to the keys of the house; whoever keeps history subscribes to these."""

from dataclasses import dataclass

from django.db import transaction

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


def announce(event: Event) -> None:
    """Publish what belongs to no transaction of its own, such as a refusal."""
    with transaction.atomic():
        publish(event)
