"""Keys for programs."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from zhike.accounts.models import Token, User
from zhike.accounts.permissions import MANAGE, USE_API
from zhike.core.access import require
from zhike.core.actor import Actor

USE_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def create_token(
    *, actor: Actor, user: User, name: str, at: datetime, lifetime: timedelta | None = None
) -> tuple[Token, str]:
    """A new API key for the user: the row, and the key itself, which is not kept."""
    require(actor, USE_API)
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


def note_token_use(*, token_id: int, noted_at: datetime | None, at: datetime) -> None:
    """Remember that a key was used, at most once a minute, so that reading does not become writing."""
    if noted_at is None or at - noted_at > USE_NOTED_EVERY:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=at - USE_NOTED_EVERY)
        Token.objects.filter(stale, pk=token_id).update(last_used_at=at)


def digest_of(key: str) -> str:
    """What is stored of a key: it is random and long, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
