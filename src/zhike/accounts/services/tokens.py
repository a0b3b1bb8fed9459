"""Keys for programs."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.accounts.announcing import announce
from zhike.accounts.events import TokenMade, TokenRevoked
from zhike.accounts.models import Token, User
from zhike.accounts.permissions import MANAGE, USE_API
from zhike.accounts.services.roles import GrantUnknown
from zhike.core.access import list_permissions, require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError

USE_NOTED_EVERY = timedelta(minutes=1)


class NotYourKey(DomainError):
    code = "not_your_key"

    def __init__(self) -> None:
        super().__init__(_("People make their own keys; administrators make those of service accounts."))


@transaction.atomic
def create_token(
    *,
    actor: Actor,
    user: User,
    name: str,
    at: datetime,
    lifetime: timedelta | None = None,
    permissions: Iterable[str] | None = None,
) -> tuple[Token, str]:
    """A new API key for the user: the row, and the key itself, which is not kept.

    permissions: what the key may do, as far as its owner may too, now and later; None for everything they may.

    :raises NotYourKey: nobody makes a key that acts as another person
    :raises GrantUnknown: a permission that no app declared
    """
    require(actor, USE_API)
    if actor.user_id != user.pk:
        require(actor, MANAGE)
        if user.kind != User.Kind.SERVICE and not actor.is_system:
            raise NotYourKey
    only = None if permissions is None else sorted({*permissions, USE_API})
    if only and set(only) - {permission.code for permission in list_permissions()}:
        raise GrantUnknown
    key = f"zk_{secrets.token_urlsafe(32)}"
    expires_at = at + lifetime if lifetime else None
    token = Token.objects.create(
        user=user, name=name, digest=digest_of(key), created_at=at, expires_at=expires_at, permissions=only
    )
    announce(TokenMade(token_id=token.pk, user_id=user.pk, by_user_id=actor.user_id, permissions=only, name=name))
    return token, key


@transaction.atomic
def revoke_token(*, actor: Actor, token: Token, at: datetime) -> None:
    """End a key at once."""
    if actor.user_id != token.user_id:
        require(actor, MANAGE)
    if Token.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at):
        announce(TokenRevoked(token_id=token.pk, user_id=token.user_id, by_user_id=actor.user_id, name=token.name))


@transaction.atomic
def revoke_tokens(*, actor: Actor, user: User, at: datetime) -> int:
    """End every key of theirs at once; how many."""
    valid = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    found = list(Token.objects.filter(valid, user=user, revoked_at__isnull=True).order_by("pk"))
    for token in found:
        revoke_token(actor=actor, token=token, at=at)
    return len(found)


def note_token_use(*, token_id: int, noted_at: datetime | None, at: datetime) -> None:
    """Remember that a key was used, at most once a minute, so that reading does not become writing."""
    if noted_at is None or at - noted_at > USE_NOTED_EVERY:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=at - USE_NOTED_EVERY)
        Token.objects.filter(stale, pk=token_id).update(last_used_at=at)


def digest_of(key: str) -> str:
    """What is stored of a key: it is random and long, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
