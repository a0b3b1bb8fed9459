"""People who can log in."""

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Role, Team, User
from zhike.accounts.services.standing import MANAGE, ensure_administrator, lock_standing
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError


class UsernameTaken(DomainError):
    code = "username_taken"

    def __init__(self) -> None:
        super().__init__(_("Somebody already has this user name."))


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
    lock_standing()
    if User.objects.filter(Exact(Lower("username"), Lower(Value(username)))).exists():
        raise UsernameTaken
    user = User(username=username, name=name, email=email, team=team, locale=locale)
    validate_password(password, user)
    user.set_password(password)
    user.save()
    user.roles.set(roles)
    return user


@transaction.atomic
def edit_user(
    *, actor: Actor, user: User, name: str, email: str, team: Team | None, roles: Iterable[Role], is_active: bool
) -> None:
    """Change who somebody is and what they may do; deactivated, they are out at once, with all their keys.

    :raises LastAdministrator: nobody could manage users any more
    """
    require(actor, MANAGE)
    lock_standing()
    changed = User.objects.select_for_update().get(pk=user.pk)
    changed.name, changed.email, changed.team, changed.is_active = name, email, team, is_active
    changed.save(update_fields=["name", "email", "team", "is_active"])
    changed.roles.set(roles)
    ensure_administrator()


@transaction.atomic
def reset_password(*, actor: Actor, user: User, password: str) -> None:
    """Give somebody a new password; every session of theirs ends.

    :raises django.core.exceptions.ValidationError: the password is too weak
    """
    require(actor, MANAGE)
    changed = User.objects.select_for_update().get(pk=user.pk)
    validate_password(password, changed)
    changed.set_password(password)
    changed.save(update_fields=["password"])
