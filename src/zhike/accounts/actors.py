"""From a user row to the frozen actor that core checks."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from zhike.accounts.models import User
from zhike.core.actor import Actor, Scope

# Every request pays for this query, so it is one, and spelt out: the ORM would take longer to write it than
# PostgreSQL to answer it.
_USER = """
    SELECT u.*, t.path AS team_path, (
        SELECT array_agg(below.id ORDER BY below.id) FROM accounts_team below WHERE starts_with(below.path, t.path)
    ) AS team_ids, (
        SELECT jsonb_object_agg(permission, scope) FROM (
            SELECT g.permission, max(g.scope) AS scope
            FROM accounts_grant g JOIN accounts_user_roles h ON h.role_id = g.role_id
            WHERE h.user_id = u.id GROUP BY g.permission
        ) widest
    ) AS widest_grants, (
        u.kind = 'person' AND EXISTS (
            SELECT FROM accounts_role r JOIN accounts_user_roles h ON h.role_id = r.id
            WHERE h.user_id = u.id AND r.requires_second_factor
        ) AND NOT EXISTS (
            SELECT FROM mfa_authenticator f WHERE f.user_id = u.id AND f.type IN ('totp', 'webauthn')
        )
    ) AS lacks_second_factor
    FROM accounts_user u LEFT JOIN accounts_team t ON t.id = u.team_id
"""


def load_user(*, user_id: int) -> User | None:
    """The person, if they may still log in, with what `actor_of` needs and whether they lack a second factor."""
    return _load(f"{_USER} WHERE u.id = %s AND u.is_active AND u.kind = 'person'", [user_id])


def load_user_of_token(*, digest: str, at: datetime) -> User | None:
    """Whom a key speaks for, if both may still be used; `token_id` and `token_used_at` say which key it is.

    `token_permissions` is what the key may do of all that its owner may, or null.
    """
    of_key = "k.id AS token_id, k.last_used_at AS token_used_at, k.permissions AS token_permissions"
    query = _USER.replace("u.*", f"u.*, {of_key}", 1)
    return _load(
        f"{query} JOIN accounts_token k ON k.user_id = u.id WHERE k.digest = %s AND u.is_active"
        " AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %s)",
        [digest, at],
    )


def _load(query: str, parameters: Sequence[Any]) -> User | None:
    return next(iter(User.objects.raw(query, parameters)), None)


def actor_of(user: User, *, request_id: str = "") -> Actor:
    """What the user may do now: the widest scope any of their roles gives for each permission.

    :raises User.DoesNotExist: the user is not in the database
    """
    loaded: Any = user if hasattr(user, "widest_grants") else _load(f"{_USER} WHERE u.id = %s", [user.pk])
    if loaded is None:
        raise User.DoesNotExist(user.pk)
    only = getattr(loaded, "token_permissions", None)
    return Actor(
        user_id=loaded.pk,
        name=str(loaded),
        team_id=loaded.team_id,
        team_paths=(loaded.team_path,) if loaded.team_path else (),
        team_ids=tuple(loaded.team_ids or ()),
        grants={
            permission: Scope(scope)
            for permission, scope in json.loads(loaded.widest_grants or "{}").items()
            if only is None or permission in only
        },
        locale=loaded.locale,
        zone=loaded.zone,
        theme=loaded.theme,
        request_id=request_id,
    )
