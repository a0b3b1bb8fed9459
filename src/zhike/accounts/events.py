"""What happens at the door and to the keys of the house; `announcing` puts it into the history and tells people."""

from dataclasses import dataclass

from zhike.core.events import Event


@dataclass(frozen=True, kw_only=True)
class LoggedIn(Event):
    """methods: how, in order: "password", "passkey", "totp", "recovery_codes", "sign_on".

    agent: what the browser says it is. is_known: they have logged in in it before.
    """

    user_id: int
    address: str
    methods: list[str]
    agent: str = ""
    is_known: bool = True


@dataclass(frozen=True, kw_only=True)
class LogInRefused(Event):
    """username: empty where nobody is called so, since people also type passwords there.

    reason: "wrong_name_or_password", "wrong_code", "too_many_attempts", "not_allowed", "sign_on_unknown",
    "sign_on_failed".
    """

    username: str
    address: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class LoggedOut(Event):
    user_id: int


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(Event):
    """is_everywhere: all sessions of the person, or one. by_user_id: null where the system ended them.

    reason: why, where it follows from something else: "lifetime" (no session lasts any longer), "deactivated",
    "password", "second_factor", "one" of a list.
    """

    user_id: int
    by_user_id: int | None
    is_everywhere: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """by_user_id differs from user_id where somebody else set it."""

    user_id: int
    by_user_id: int | None


@dataclass(frozen=True, kw_only=True)
class SecondFactorAdded(Event):
    """factor: "totp" or "webauthn"."""

    user_id: int
    factor: str


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade(Event):
    """is_renewed: those from before are worth nothing now; otherwise the first factor brought them."""

    user_id: int
    is_renewed: bool


@dataclass(frozen=True, kw_only=True)
class SignOnLinked(Event):
    """The company's sign-on opens the account from now on. is_new: the account was made for it."""

    user_id: int
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class SignOnUnlinked(Event):
    user_id: int


@dataclass(frozen=True, kw_only=True)
class MailChanged(Event):
    """Where notices go is another address. before: the old one, which hears of it."""

    user_id: int
    by_user_id: int | None
    before: str


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
    name: str


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    token_id: int
    user_id: int
    by_user_id: int | None
    name: str


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
