"""Decisions about people and places."""

from zhike.accounts.services.log_in import TooManyAttempts, WrongNameOrPassword, check_log_in
from zhike.accounts.services.preferences import PasswordWrong, ZoneUnknown, change_password, put_preferences
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
from zhike.accounts.services.standing import LastAdministrator
from zhike.accounts.services.teams import (
    TeamInUse,
    TeamNameTaken,
    TeamUnderItself,
    create_team,
    delete_team,
    edit_team,
)
from zhike.accounts.services.tokens import create_token, digest_of, note_token_use, revoke_token
from zhike.accounts.services.users import UsernameTaken, create_user, edit_user, reset_password

__all__ = [
    "GrantUnknown",
    "LastAdministrator",
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
    "create_role",
    "create_team",
    "create_token",
    "create_user",
    "delete_role",
    "delete_team",
    "digest_of",
    "edit_role",
    "edit_team",
    "edit_user",
    "note_token_use",
    "put_builtin_roles",
    "put_preferences",
    "put_role",
    "reset_password",
    "revoke_token",
]
