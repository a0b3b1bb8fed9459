"""Reads about people and places."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet

from zhike.accounts.models import Grant, Role, Team, Token, User
from zhike.accounts.permissions import MANAGE
from zhike.core.access import require
from zhike.core.actor import Actor, Scope
from zhike.core.paging import Page, Rows


@dataclass(frozen=True, kw_only=True)
class TeamRow:
    """A team in the order of the tree. lead: what stands before its name to show how deep it is."""

    pk: int
    name: str
    lead: str
    member_count: int


def list_users(*, actor: Actor, page: Page) -> Rows[User]:
    """Everybody, with `role_names`, by user name."""
    require(actor, MANAGE)
    names = ArrayAgg("roles__name", filter=Q(roles__isnull=False), order_by="roles__pk", default=[])
    users: QuerySet[User] = User.objects.select_related("team").annotate(role_names=names)
    return page.of(users, by=("username", "pk"))


def list_teams(*, actor: Actor) -> list[TeamRow]:
    """The tree, siblings by name."""
    require(actor, MANAGE)
    teams = {team.pk: team for team in Team.objects.annotate(member_count=Count("members"))}
    names = {pk: team.name for pk, team in teams.items()}

    def place(team: Team) -> list[tuple[str, int]]:
        return [(names[pk], pk) for pk in map(int, team.path.strip("/").split("/"))]

    return [
        TeamRow(pk=team.pk, name=team.name, lead=_lead(team.path.count("/") - 2), member_count=team.member_count)
        for team in sorted(teams.values(), key=place)
    ]


def _lead(depth: int) -> str:
    return "\u3000" * (depth - 1) + "└" if depth else ""


def list_roles(*, actor: Actor) -> list[Role]:
    """All roles with `holder_count` and `grant_count`."""
    require(actor, MANAGE)
    counts = {"holder_count": Count("holders", distinct=True), "grant_count": Count("grants", distinct=True)}
    return list(Role.objects.annotate(**counts).order_by("pk"))


def get_grants(*, actor: Actor, role: Role) -> dict[str, Scope]:
    """How far each permission of the role reaches."""
    require(actor, MANAGE)
    grants = Grant.objects.filter(role=role).values_list("permission", "scope")
    return {permission: Scope(scope) for permission, scope in grants}


def list_tokens(*, actor: Actor, at: datetime) -> list[Token]:
    """The actor's own keys that still work, newest first."""
    usable = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    return list(Token.objects.filter(usable, user_id=actor.user_id or 0, revoked_at=None).order_by("-pk"))
