"""From a user row to the frozen actor that core checks."""

from collections import defaultdict

from zhike.accounts.models import Grant, User
from zhike.core.actor import Actor, Scope


def actor_of(user: User, *, request_id: str = "") -> Actor:
    """What the user may do now: the widest scope any of their roles gives for each permission."""
    grants: dict[str, Scope] = defaultdict(lambda: Scope.NONE)
    for permission, scope in Grant.objects.filter(role__holders=user).values_list("permission", "scope"):
        grants[permission] = max(grants[permission], Scope(scope))
    return Actor(
        user_id=user.pk,
        name=str(user),
        team_id=user.team_id,
        team_paths=(user.team.path,) if user.team else (),
        grants=dict(grants),
        locale=user.locale,
        zone=user.zone,
        theme=user.theme,
        request_id=request_id,
    )
