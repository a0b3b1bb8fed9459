"""People who can log in, and programs that have keys."""

from collections.abc import Iterable
from datetime import datetime
from itertools import count

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from zhike.accounts import notices
from zhike.accounts.announcing import announce
from zhike.accounts.events import MailChanged, PasswordChanged, SignOnUnlinked, UserCreated, UserEdited
from zhike.accounts.models import Role, Team, User
from zhike.accounts.services.sessions import end_sessions
from zhike.accounts.services.standing import MANAGE, ensure_administrator, lock_standing
from zhike.accounts.services.tokens import revoke_tokens
from zhike.core.access import require
from zhike.core.actor import SYSTEM, Actor
from zhike.core.errors import DomainError
from zhike.core.events import publish


class UsernameTaken(DomainError):
    code = "username_taken"

    def __init__(self) -> None:
        super().__init__(_("Somebody already has this user name."))


class NoPassword(DomainError):
    code = "no_password"

    def __init__(self) -> None:
        super().__init__(_("A service account has no password; it uses keys."))


class NoOtherWayIn(DomainError):
    code = "no_other_way_in"

    def __init__(self) -> None:
        super().__init__(_("Without the sign-on you could not log in any more. Ask your administrator for a password."))


class ManagerBelow(DomainError):
    code = "manager_below"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Nobody can report to themselves or to somebody below them. Choose another manager."))


@transaction.atomic
def create_user(
    *,
    actor: Actor,
    username: str,
    name: str,
    password: str,
    roles: Iterable[Role],
    team: Team | None = None,
    other_teams: Iterable[Team] = (),
    manager: User | None = None,
    email: str = "",
    locale: str = User.Locale.CHINESE,
    is_first: bool = False,
) -> User:
    """Add somebody who can log in.

    is_first: somebody else knows the password, so that it has to be changed at the first log-in.

    :raises UsernameTaken: somebody has this user name, in whatever case
    :raises django.core.exceptions.ValidationError: the password is too weak
    """
    user = User(
        username=username,
        name=name,
        email=email,
        team=team,
        manager=manager,
        locale=locale,
        must_change_password=is_first,
    )
    validate_password(password, user)
    user.set_password(password)
    return _add(actor, user, roles, other_teams)


@transaction.atomic
def create_service_account(
    *,
    actor: Actor,
    username: str,
    name: str,
    roles: Iterable[Role],
    team: Team | None = None,
    other_teams: Iterable[Team] = (),
    manager: User | None = None,
) -> User:
    """Add a program that uses the API with keys and cannot log in.

    :raises UsernameTaken: somebody has this user name, in whatever case
    """
    user = User(username=username, name=name, team=team, manager=manager, kind=User.Kind.SERVICE)
    user.set_unusable_password()
    return _add(actor, user, roles, other_teams)


@transaction.atomic
def create_user_by_sign_on(*, username: str, name: str, email: str, role_code: str) -> User:
    """Add somebody whom the company's sign-on has shown to us for the first time; they have no password here.

    :raises Role.DoesNotExist: the settings name a role that is not there
    """
    role, wanted = Role.objects.get(code=role_code), username.strip()[:90]
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    free = next(one for one in names if not _is_taken(one))
    user = User(username=free, name=name[:100], email=email[:254])
    user.set_unusable_password()
    return _add(SYSTEM, user, [role])


def _add(actor: Actor, user: User, roles: Iterable[Role], other_teams: Iterable[Team] = ()) -> User:
    require(actor, MANAGE)
    lock_standing()
    if _is_taken(user.username):
        raise UsernameTaken
    user.save()
    user.roles.set(roles)
    user.other_teams.set(_besides(user.team, other_teams))
    publish(UserCreated(user_id=user.pk, by_user_id=actor.user_id, role_ids=_role_ids(user)))
    return user


def _is_taken(username: str) -> bool:
    return User.objects.filter(Exact(Lower("username"), Lower(Value(username)))).exists()


def _role_ids(user: User) -> list[int]:
    return sorted(user.roles.values_list("pk", flat=True))


@transaction.atomic
def edit_user(
    *,
    actor: Actor,
    user: User,
    name: str,
    email: str,
    team: Team | None,
    roles: Iterable[Role],
    is_active: bool,
    other_teams: Iterable[Team] = (),
    manager: User | None = None,
) -> None:
    """Change who somebody is and what they may do; deactivated, they are out at once, with all their keys.

    :raises LastAdministrator: nobody could manage users any more
    :raises ManagerBelow: the manager reports to them, directly or through others
    """
    require(actor, MANAGE)
    lock_standing()
    changed = User.objects.select_for_update().get(pk=user.pk)
    if manager is not None and _reports_to(manager, changed):
        raise ManagerBelow
    was_active, mail_before = changed.is_active, changed.email
    changed.name, changed.email, changed.team, changed.is_active = name, email, team, is_active
    changed.manager = manager
    changed.save(update_fields=["name", "email", "team", "is_active", "manager"])
    changed.roles.set(roles)
    changed.other_teams.set(_besides(team, other_teams))
    ensure_administrator()
    if was_active and not is_active:
        end_sessions(actor=actor, user=changed, reason="deactivated")
    if mail_before and mail_before != email:
        notices.tell(MailChanged(user_id=user.pk, by_user_id=actor.user_id, before=mail_before))
    publish(UserEdited(user_id=user.pk, by_user_id=actor.user_id, role_ids=_role_ids(changed), is_active=is_active))


@transaction.atomic
def reset_password(*, actor: Actor, user: User, password: str, at: datetime, revokes_keys: bool = False) -> None:
    """Give somebody a new password, which they have to change at once; every session of theirs ends.

    revokes_keys: their API keys end as well (at: when), as after a break-in; otherwise programs of theirs work on.

    :raises NoPassword: it is a service account
    :raises django.core.exceptions.ValidationError: the password is too weak
    """
    require(actor, MANAGE)
    changed = User.objects.select_for_update().get(pk=user.pk)
    if changed.kind == User.Kind.SERVICE:
        raise NoPassword
    validate_password(password, changed)
    changed.set_password(password)
    changed.must_change_password = actor.user_id != user.pk
    changed.save(update_fields=["password", "must_change_password"])
    end_sessions(actor=actor, user=changed, reason="password")
    if revokes_keys:
        revoke_tokens(actor=actor, user=changed, at=at)
    announce(PasswordChanged(user_id=user.pk, by_user_id=actor.user_id))


@transaction.atomic
def leave_sign_on(*, actor: Actor) -> None:
    """Forget whom the company's sign-on knows the actor as.

    :raises NoOtherWayIn: they have no password
    """
    user = User.objects.select_for_update().get(pk=actor.user_id or 0)
    if not user.has_usable_password():
        raise NoOtherWayIn
    if SocialAccount.objects.filter(user=user).delete()[0]:
        announce(SignOnUnlinked(user_id=user.pk))


def _besides(main: Team | None, others: Iterable[Team]) -> list[Team]:
    return [team for team in others if team != main]


def _reports_to(user: User, above: User) -> bool:
    """Whether `above` is the user, or stands over them; asked under the lock of the standing."""
    at: int | None = user.pk
    while at is not None:
        if at == above.pk:
            return True
        at = User.objects.values_list("manager_id", flat=True).get(pk=at)
    return False
