"""From a user row to the frozen actor that core checks."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.timezone import now

from zhike.accounts.models import User
from zhike.core import fields
from zhike.core.actor import EVERYWHERE, Actor, Reach, Scope, Sight
from zhike.core.database import preparing
from zhike.core.fields import RecordField

# Every request pays for this query, so it is one, spelt out, for the ORM would take longer to write it than
# PostgreSQL to answer it, and planned once, which takes longer still. What only some scopes need (3: team and below,
# 5: subordinates) is looked up only for them. The user's columns are named: one more of them, added beneath a running
# server, would end a plan of `u.*`.
_COLUMNS = ", ".join(f"u.{field.column}" for field in User._meta.concrete_fields)
_USER = """
    SELECT u.*, held.granted, held.viewing, (
        SELECT array_agg(other.team_id) FROM accounts_user_other_teams other WHERE other.user_id = u.id
    ) AS more_team_ids, CASE WHEN held.scopes @> '{3}' THEN (
        SELECT array_agg(DISTINCT below.id) FROM accounts_team mine
        JOIN accounts_team below ON starts_with(below.path, mine.path)
        WHERE mine.id = u.team_id
            OR mine.id IN (SELECT team_id FROM accounts_user_other_teams WHERE user_id = u.id)
    ) END AS team_ids_below, CASE WHEN held.scopes @> '{5}' THEN (
        WITH RECURSIVE line AS (
            SELECT id FROM accounts_user WHERE manager_id = u.id
            UNION SELECT report.id FROM accounts_user report JOIN line ON report.manager_id = line.id
        ) SELECT array_agg(id) FROM line
    ) END AS subordinate_ids, (
        SELECT array_agg(DISTINCT given.from_user_id) FROM accounts_delegation given
        WHERE given.to_user_id = u.id AND %s BETWEEN given.starts_on AND given.ends_on
    ) AS delegator_ids, (
        u.kind = 'person' AND EXISTS (
            SELECT FROM accounts_role r JOIN accounts_user_roles h ON h.role_id = r.id
            WHERE h.user_id = u.id AND r.requires_second_factor
        ) AND NOT EXISTS (
            SELECT FROM mfa_authenticator f WHERE f.user_id = u.id AND f.type IN ('totp', 'webauthn')
        )
    ) AS lacks_second_factor, (
        SELECT jsonb_agg(jsonb_build_array(a.role_id, a.field, a.level))
        FROM accounts_fieldaccess a JOIN accounts_user_roles h ON h.role_id = a.role_id WHERE h.user_id = u.id
    ) AS field_levels
    FROM accounts_user u CROSS JOIN LATERAL (
        SELECT jsonb_agg(DISTINCT jsonb_build_array(g.permission, g.scope, t.team_id)) AS granted,
            array_agg(DISTINCT g.scope::int) AS scopes,
            jsonb_agg(DISTINCT jsonb_build_array(g.permission, g.role_id))
                FILTER (WHERE g.permission = ANY(%s)) AS viewing
        FROM accounts_grant g JOIN accounts_user_roles h ON h.role_id = g.role_id
        LEFT JOIN accounts_grant_teams t ON t.grant_id = g.id WHERE h.user_id = u.id
    ) AS held
""".replace("u.*", _COLUMNS, 1)


def load_user(*, user_id: int, at: datetime | None = None) -> User | None:
    """The person, if they may still log in, with what `actor_of` needs and whether they lack a second factor.

    at: when they act.
    """
    return _load(f"{_USER} WHERE u.id = %s AND u.is_active AND u.kind = 'person'", at, [user_id])


def load_user_of_token(*, digest: str, at: datetime) -> User | None:
    """Whom a key speaks for, if both may still be used; `token_id` and `token_used_at` say which key it is.

    `token_permissions` is what the key may do of all that its owner may, or null.
    """
    of_key = "k.id AS token_id, k.last_used_at AS token_used_at, k.permissions AS token_permissions"
    query = _USER.replace("held.granted", f"{of_key}, held.granted", 1)
    return _load(
        f"{query} JOIN accounts_token k ON k.user_id = u.id WHERE k.digest = %s AND u.is_active"
        " AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %s)",
        at,
        [digest, at],
    )


def _load(query: str, at: datetime | None, parameters: Sequence[Any]) -> User | None:
    today = (at or now()).astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    viewing = [permission for kind in fields.list_kinds() for permission in kind.permissions]
    with preparing():
        return next(iter(User.objects.raw(query, [today, viewing, *parameters])), None)


def actor_of(user: User, *, request_id: str = "", at: datetime | None = None) -> Actor:
    """What the user may do: for each permission all that any of their roles reaches, with whom they stand in for.

    at: the moment that decides about delegations; now where it is left out.

    :raises User.DoesNotExist: the user is not in the database
    """
    is_loaded = hasattr(user, "granted") and at is None
    loaded: Any = user if is_loaded else _load(f"{_USER} WHERE u.id = %s", at, [user.pk])
    if loaded is None:
        raise User.DoesNotExist(user.pk)
    only = getattr(loaded, "token_permissions", None)
    return Actor(
        user_id=loaded.pk,
        name=str(loaded),
        team_id=loaded.team_id,
        grants={code: reach for code, reach in _grants(loaded).items() if only is None or code in only},
        sights=_sights(loaded),
        locale=loaded.locale,
        zone=loaded.zone,
        theme=loaded.theme,
        request_id=request_id,
    )


def _grants(loaded: Any) -> dict[str, Reach]:
    scopes: dict[str, set[int]] = {}
    chosen: dict[str, set[int]] = {}
    for permission, scope, team_id in json.loads(loaded.granted or "[]"):
        scopes.setdefault(permission, set()).add(scope)
        if team_id is not None and scope == Scope.CHOSEN:
            chosen.setdefault(permission, set()).add(team_id)
    own = [loaded.pk, *(loaded.delegator_ids or ())]
    # Most permissions of a user reach equally far; each of these reaches is made once.
    known: dict[tuple[frozenset[int], frozenset[int]], Reach] = {}
    found = {}
    for permission, held in scopes.items():
        key = frozenset(held), frozenset(chosen.get(permission, ()))
        if key not in known:
            known[key] = _reach(loaded, *key, own)
        found[permission] = known[key]
    return found


def _sights(loaded: Any) -> dict[str, Sight]:
    """Of each field the most that any role gives; only roles that see the records at all have a say in their fields."""
    by_permission: dict[str, set[int]] = {}
    for permission, role_id in json.loads(loaded.viewing or "[]"):
        by_permission.setdefault(permission, set()).add(role_id)
    roles = {
        kind.key: set().union(*(by_permission.get(permission, ()) for permission in kind.permissions))
        for kind in fields.list_kinds()
    }
    given: dict[str, dict[int, int]] = {}
    for role_id, field, level in json.loads(loaded.field_levels or "[]"):
        given.setdefault(field, {})[role_id] = level
    found = {}
    for field in fields.list_fields():
        held, said = roles[field.record], given.get(field.key)
        if not held:
            continue
        told = [fields.get(key) for key in field.tells if key in given or fields.get(key).default < Sight.READ]
        if said is None and not told:
            found[field.key] = field.default
        else:
            levels = [_level(role_id, field, told, roles, given) for role_id in held]
            found[field.key] = Sight(max(levels))
    return found


def _level(
    role_id: int,
    field: RecordField,
    told: Sequence[RecordField],
    roles: Mapping[str, set[int]],
    given: Mapping[str, Mapping[int, int]],
) -> int:
    """What one role gives: no more than of what the field tells of, where the role does not read that."""
    level = given.get(field.key, {}).get(role_id, int(field.default))
    for other in told:
        if role_id not in roles[other.record]:
            # Another role opens those records, and closes this part of them.
            level = int(Sight.HIDDEN) if field.sums_up else level
        else:
            cap = given.get(other.key, {}).get(role_id, int(other.default))
            if cap < Sight.READ:
                # What cannot be masked is not shown at all.
                level = min(level, cap) if field.mask is not None else int(Sight.HIDDEN)
    return level


def _reach(loaded: Any, scopes: Iterable[int], chosen: Iterable[int], own: Iterable[int]) -> Reach:
    if Scope.ALL in scopes:
        return EVERYWHERE
    users, teams = set(own), set(chosen)
    if Scope.SUBORDINATES in scopes:
        users.update(loaded.subordinate_ids or ())
    if Scope.TEAM_AND_BELOW in scopes:
        teams.update(loaded.team_ids_below or ())
    elif Scope.TEAM in scopes:
        teams.update(loaded.more_team_ids or ())
        teams.update([loaded.team_id] if loaded.team_id else ())
    return Reach(user_ids=tuple(sorted(users)), team_ids=tuple(sorted(teams)))
