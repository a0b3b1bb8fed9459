"""Decisions about people and places."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Grant, Role, Team, Token, User
from zhike.core.access import list_permissions, require
from zhike.core.actor import Actor, Scope
from zhike.core.errors import DomainError

MANAGE = "accounts.manage_users"


class UsernameTaken(DomainError):
    code = "username_taken"


@transaction.atomic
def create_team(*, actor: Actor, name: str, parent: Team | None = None) -> Team:
    """Add a department under `parent`, or at the top."""
    require(actor, MANAGE)
    team = Team.objects.create(name=name, parent=parent, path="")
    team.path = f"{parent.path if parent else '/'}{team.pk}/"
    team.save(update_fields=["path"])
    return team


@transaction.atomic
def put_role(*, actor: Actor, code: str, name: str, grants: dict[str, Scope]) -> Role:
    """Create the role or give it exactly these grants."""
    require(actor, MANAGE)
    role, _created = Role.objects.update_or_create(code=code, defaults={"name": name})
    role.grants.all().delete()
    Grant.objects.bulk_create(Grant(role=role, permission=key, scope=scope) for key, scope in grants.items())
    return role


@transaction.atomic
def put_builtin_roles(*, actor: Actor) -> dict[str, Role]:
    """The roles every company starts with; grants are renewed, so that new permissions reach administrators."""
    everything = {permission.code: Scope.ALL for permission in list_permissions()}
    shared = {key: Scope.ALL for key in everything if not key.startswith("accounts.manage")}
    own = ("insight.", "exchange.", "accounts.manage")
    return {
        code: put_role(actor=actor, code=code, name=name, grants=grants)
        for code, name, grants in (
            ("administrator", "管理员 Administrator", everything),
            ("analyst", "分析师 Analyst", shared),
            ("manager", "主管 Manager", {key: Scope.TEAM_AND_BELOW for key in shared if not key.startswith(own)}),
            ("representative", "销售 Representative", {key: Scope.OWN for key in shared if not key.startswith(own)}),
        )
    }


@transaction.atomic
def create_user(
    *,
    actor: Actor,
    username: str,
    name: str,
    password: str,
    roles: Iterable[Role],
    team: Team | None = None,
    email: str = "",
    locale: str = User.Locale.CHINESE,
) -> User:
    """Add somebody who can log in.

    :raises UsernameTaken: somebody has this user name, in whatever case
    :raises django.core.exceptions.ValidationError: the password is too weak
    """
    require(actor, MANAGE)
    if User.objects.filter(username__iexact=username).exists():
        raise UsernameTaken(_("Somebody already has this user name."))
    user = User(username=username, name=name, email=email, team=team, locale=locale)
    validate_password(password, user)
    user.set_password(password)
    user.save()
    user.roles.set(roles)
    return user


@transaction.atomic
def create_token(
    *, actor: Actor, user: User, name: str, at: datetime, lifetime: timedelta | None = None
) -> tuple[Token, str]:
    """A new API key for the user: the row, and the key itself, which is not kept."""
    require(actor, "accounts.use_api")
    if actor.user_id != user.pk:
        require(actor, MANAGE)
    key = f"zk_{secrets.token_urlsafe(32)}"
    expires_at = at + lifetime if lifetime else None
    token = Token.objects.create(user=user, name=name, digest=digest_of(key), created_at=at, expires_at=expires_at)
    return token, key


@transaction.atomic
def revoke_token(*, actor: Actor, token: Token, at: datetime) -> None:
    """End a key at once."""
    if actor.user_id != token.user_id:
        require(actor, MANAGE)
    Token.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at)


def digest_of(key: str) -> str:
    """What is stored of a key: it is random and long, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
