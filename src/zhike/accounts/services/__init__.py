"""Decisions about people and places."""

from zhike.accounts.services.attempts import TooManyAttempts, count_code, forgive_codes
from zhike.accounts.services.log_in import WrongNameOrPassword, check_log_in
from zhike.accounts.services.preferences import (
    PasswordSame,
    PasswordWrong,
    ZoneUnknown,
    change_password,
    put_preferences,
)
from zhike.accounts.services.roles import (
    GrantUnknown,
    RoleBuiltIn,
    RoleHeld,
    create_role,
    delete_role,
    edit_role,
    put_builtin_roles,
    put_role,
)
from zhike.accounts.services.second_factor import (
    OwnFactors,
    put_second_factor_rule,
    reset_second_factor,
    seal_recovery_codes,
    spend_code,
    spend_recovery_code,
)
from zhike.accounts.services.sessions import end_session, end_sessions
from zhike.accounts.services.standing import LastAdministrator
from zhike.accounts.services.teams import (
    TeamInUse,
    TeamNameTaken,
    TeamUnderItself,
    create_team,
    delete_team,
    edit_team,
)
from zhike.accounts.services.tokens import NotYourKey, create_token, digest_of, note_token_use, revoke_token
from zhike.accounts.services.users import (
    NoOtherWayIn,
    NoPassword,
    UsernameTaken,
    create_service_account,
    create_user,
    create_user_by_sign_on,
    edit_user,
    leave_sign_on,
    reset_password,
)

__all__ = [
    "GrantUnknown",
    "LastAdministrator",
    "NoOtherWayIn",
    "NoPassword",
    "NotYourKey",
    "OwnFactors",
    "PasswordSame",
    "PasswordWrong",
    "RoleBuiltIn",
    "RoleHeld",
    "TeamInUse",
    "TeamNameTaken",
    "TeamUnderItself",
    "TooManyAttempts",
    "UsernameTaken",
    "WrongNameOrPassword",
    "ZoneUnknown",
    "change_password",
    "check_log_in",
    "count_code",
    "create_role",
    "create_service_account",
    "create_team",
    "create_token",
    "create_user",
    "create_user_by_sign_on",
    "delete_role",
    "delete_team",
    "digest_of",
    "edit_role",
    "edit_team",
    "edit_user",
    "end_session",
    "end_sessions",
    "forgive_codes",
    "leave_sign_on",
    "note_token_use",
    "put_builtin_roles",
    "put_preferences",
    "put_role",
    "put_second_factor_rule",
    "reset_password",
    "reset_second_factor",
    "revoke_token",
    "seal_recovery_codes",
    "spend_code",
    "spend_recovery_code",
]
