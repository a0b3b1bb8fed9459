"""What people decide for themselves: language, time zone, theme, password."""

import zoneinfo
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.announcing import announce
from zhike.accounts.events import PasswordChanged
from zhike.accounts.models import Notice, User
from zhike.accounts.services.sessions import end_sessions
from zhike.core.actor import Actor
from zhike.core.errors import DomainError


class ZoneUnknown(DomainError):
    code = "zone_unknown"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is no such time zone."))


class PasswordWrong(DomainError):
    code = "password_wrong"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("This is not your present password."))


class PasswordSame(DomainError):
    code = "password_same"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("This is your present password. Choose another one."))


@transaction.atomic
def put_preferences(
    *, actor: Actor, locale: str | None = None, zone: str | None = None, theme: str | None = None
) -> None:
    """Change what is given of the actor's own preferences.

    :raises ZoneUnknown: not an IANA time zone
    """
    wanted = {"locale": locale, "zone": zone, "theme": theme}
    changes = {name: value for name, value in wanted.items() if value is not None}
    if zone is not None and zone not in zoneinfo.available_timezones():
        raise ZoneUnknown
    if changes:
        User.objects.filter(pk=_user_id(actor)).update(**changes)


@transaction.atomic
def change_password(*, actor: Actor, old: str, new: str) -> User:
    """Give the actor's user a new password; their other sessions end.

    :raises PasswordWrong: `old` is not the present one
    :raises PasswordSame: the new one is the old one
    :raises django.core.exceptions.ValidationError: the new one is too weak
    """
    user = User.objects.select_for_update().get(pk=_user_id(actor))
    if not user.check_password(old):
        raise PasswordWrong
    if old == new:
        raise PasswordSame
    validate_password(new, user)
    user.set_password(new)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    announce(PasswordChanged(user_id=user.pk, by_user_id=user.pk))
    return end_sessions(actor=actor, user=user, reason="password")


@transaction.atomic
def see_notices(*, actor: Actor, at: datetime) -> None:
    """The actor has read what there is to hear about their account."""
    Notice.objects.filter(user=_user_id(actor), seen_at=None).update(seen_at=at)


def _user_id(actor: Actor) -> int:
    if actor.user_id is None:
        raise PermissionDenied
    return actor.user_id
