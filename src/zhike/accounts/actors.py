"""From a user row to the frozen actor that core checks."""

from collections import defaultdict

from zhike.accounts.models import Grant, Team, User
from zhike.core.actor import Actor, Scope


def actor_of(user: User, *, request_id: str = "") -> Actor:
    """What the user may do now: the widest scope any of their roles gives for each permission."""
    grants: dict[str, Scope] = defaultdict(lambda: Scope.NONE)
    for permission, scope in Grant.objects.filter(role__holders=user).values_list("permission", "scope"):
        grants[permission] = max(grants[permission], Scope(scope))
    below = Team.objects.filter(path__contains=f"/{user.team_id}/") if user.team_id else Team.objects.none()
    teams = dict(below.values_list("pk", "path"))
    return Actor(
        user_id=user.pk,
        name=str(user),
        team_id=user.team_id,
        team_paths=(teams[user.team_id],) if user.team_id else (),
        team_ids=tuple(sorted(teams)),
        grants=dict(grants),
        locale=user.locale,
        zone=user.zone,
        theme=user.theme,
        request_id=request_id,
    )
