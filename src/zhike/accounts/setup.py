"""What is done to people and places from outside the browser, before anybody can log in."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts import services
from zhike.accounts.models import Role, Team, User
from zhike.core.actor import SYSTEM
from zhike.core.errors import DomainError


class RoleUnknown(DomainError):
    code = "role_unknown"
    status = 422


@transaction.atomic
def create_user_from_outside(
    *,
    username: str,
    name: str,
    password: str,
    role_codes: Sequence[str],
    team_names: Sequence[str],
    email: str = "",
    is_first: bool = False,
) -> User:
    """Add somebody in the name of the system, with the built-in roles and the teams there.

    team_names: from the top down; teams that are missing are made. is_first: the password has to be changed at the
    first log-in.

    :raises RoleUnknown: there is no role of such a code
    :raises UsernameTaken: somebody has this user name
    :raises django.core.exceptions.ValidationError: the password is too weak
    """
    services.put_builtin_roles(actor=SYSTEM)
    roles = list(Role.objects.filter(code__in=role_codes))
    if missing := sorted(set(role_codes) - {role.code for role in roles}):
        raise RoleUnknown(_("There is no role “%(role)s”.") % {"role": missing[0]})
    team: Team | None = None
    for part in team_names:
        found = Team.objects.filter(parent=team, name=part).first()
        team = found or services.create_team(actor=SYSTEM, name=part, parent=team)
    return services.create_user(
        actor=SYSTEM,
        username=username,
        name=name,
        password=password,
        roles=roles,
        team=team,
        email=email,
        is_first=is_first,
    )
