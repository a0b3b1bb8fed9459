"""The tree of departments."""

from django.db import transaction
from django.db.models import F, ProtectedError, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Team
from zhike.accounts.services.saved_views import withdraw_from
from zhike.accounts.services.standing import MANAGE, lock_standing
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError


class TeamNameTaken(DomainError):
    code = "team_name_taken"

    def __init__(self) -> None:
        super().__init__(_("There is already a team of this name at this place."))


class TeamUnderItself(DomainError):
    code = "team_under_itself"

    def __init__(self) -> None:
        super().__init__(_("A team cannot stand below itself. Choose another place."))


class TeamInUse(DomainError):
    code = "team_in_use"

    def __init__(self) -> None:
        super().__init__(_("The team still has members, teams below it, or records. Move them elsewhere first."))


@transaction.atomic
def create_team(*, actor: Actor, name: str, parent: Team | None = None) -> Team:
    """Add a department under `parent`, or at the top.

    :raises TeamNameTaken: a sibling has this name
    """
    require(actor, MANAGE)
    lock_standing()
    above = _fresh(parent)
    _check_name(name=name, parent=above)
    team = Team.objects.create(name=name, parent=above, path="")
    team.path = f"{above.path if above else '/'}{team.pk}/"
    team.save(update_fields=["path"])
    return team


@transaction.atomic
def edit_team(*, actor: Actor, team: Team, name: str, parent: Team | None) -> None:
    """Name the department, and hang it with everything below it under another one or at the top.

    :raises TeamUnderItself: the new place lies below the department
    :raises TeamNameTaken: a sibling has this name
    """
    require(actor, MANAGE)
    lock_standing()
    moved, above = Team.objects.get(pk=team.pk), _fresh(parent)
    if above and above.path.startswith(moved.path):
        raise TeamUnderItself
    _check_name(name=name, parent=above, but=moved)
    new_path = f"{above.path if above else '/'}{moved.pk}/"
    Team.objects.filter(pk=moved.pk).update(name=name, parent=above)
    Team.objects.filter(path__startswith=moved.path).update(
        path=Concat(Value(new_path), Substr(F("path"), Length(Value(moved.path)) + 1))
    )


@transaction.atomic
def delete_team(*, actor: Actor, team: Team) -> None:
    """Remove an empty department. Saved views that it was shown stay with those who made them.

    :raises TeamInUse: members, departments or records still belong to it
    """
    require(actor, MANAGE)
    withdraw_from(team)
    try:
        team.delete()
    except ProtectedError as error:
        raise TeamInUse from error


def _fresh(team: Team | None) -> Team | None:
    """The row as it is now that nobody else can move it."""
    return Team.objects.get(pk=team.pk) if team else None


def _check_name(*, name: str, parent: Team | None, but: Team | None = None) -> None:
    siblings = Team.objects.filter(parent=parent, name=name)
    if any(sibling != but for sibling in siblings):
        raise TeamNameTaken
