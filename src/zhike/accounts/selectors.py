"""Reads about people and places."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from zhike.accounts.browsers import describe_browser
from zhike.accounts.models import Delegation, FieldAccess, Grant, Notice, Reassignment, Role, Team, Token, User
from zhike.accounts.notice_words import Told, told
from zhike.accounts.permissions import MANAGE
from zhike.core.access import require
from zhike.core.actor import Actor, Scope
from zhike.core.paging import Page, Rows

SHOWN_NOTICES = 20
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, kw_only=True)
class TeamRow:
    """A team in the order of the tree. lead: what stands before its name to show how deep it is."""

    pk: int
    name: str
    lead: str
    member_count: int


def name_teams() -> dict[int, str]:
    """What each team is called, in the order of the tree: where several share a name, with as many of those above as
    tell them apart, “East / Shop”."""
    rows = list(Team.objects.order_by("path").values_list("pk", "name", "path"))
    names = {pk: name for pk, name, _path in rows}
    shared = Counter(names.values())
    paths = {pk: [names[int(above)] for above in path.split("/") if above] for pk, _name, path in rows}
    return {pk: name if shared[name] == 1 else _apart(pk, name, paths) for pk, name in names.items()}


def _apart(team: int, name: str, paths: Mapping[int, Sequence[str]]) -> str:
    path = paths[team]
    others = [other for pk, other in paths.items() if pk != team and other[-1] == name]
    for length in range(2, len(path)):
        if all(other[-length:] != path[-length:] for other in others):
            return " / ".join(path[-length:])
    return " / ".join(path)


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """Where somebody is logged in. browser: for people, "Chrome · Windows"."""

    pk: int
    browser: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class Factors:
    """What somebody shows besides a password. codes_left: recovery codes not used yet; None without any."""

    totp: Authenticator | None
    passkeys: Sequence[Authenticator]
    codes_left: int | None
    has_sign_on: bool

    @property
    def has_any(self) -> bool:
        return bool(self.totp or self.passkeys)


def list_users(*, actor: Actor, page: Page, text: str = "") -> Rows[User]:
    """Everybody, or those whose name or user name has the text, with `role_names` and `has_factor`, by user name."""
    require(actor, MANAGE)
    names = ArrayAgg("roles__name", filter=Q(roles__isnull=False), order_by="roles__pk", default=[])
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    users: QuerySet[User] = User.objects.select_related("team", "manager").annotate(
        role_names=names, has_factor=Exists(factors)
    )
    if text:
        users = users.filter(Q(username__icontains=text) | Q(name__icontains=text))
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


def list_field_levels(*, actor: Actor) -> dict[tuple[int, str], int]:
    """What roles say about fields: role and field to level, where it is not the field's own default."""
    require(actor, MANAGE)
    rows = FieldAccess.objects.values_list("role_id", "field", "level")
    return {(role_id, field): level for role_id, field, level in rows}


def list_roles_with(*, actor: Actor, permissions: Sequence[str]) -> dict[str, set[int]]:
    """The roles that hold each of these permissions, however far."""
    require(actor, MANAGE)
    found: dict[str, set[int]] = {permission: set() for permission in permissions}
    for permission, role_id in Grant.objects.filter(permission__in=permissions).values_list("permission", "role_id"):
        found[permission].add(role_id)
    return found


def get_grants(*, actor: Actor, role: Role) -> dict[str, Scope]:
    """How far each permission of the role reaches."""
    require(actor, MANAGE)
    grants = Grant.objects.filter(role=role).values_list("permission", "scope")
    return {permission: Scope(scope) for permission, scope in grants}


def get_chosen(*, actor: Actor, role: Role) -> dict[str, list[int]]:
    """The teams that each permission of the role reaches, where these were chosen."""
    require(actor, MANAGE)
    found: dict[str, list[int]] = {}
    rows = Grant.objects.filter(role=role, scope=Scope.CHOSEN).order_by("teams__path")
    for permission, team_id in rows.values_list("permission", "teams"):
        if team_id is not None:
            found.setdefault(permission, []).append(team_id)
    return found


def list_delegations(*, actor: Actor, today: date) -> list[Delegation]:
    """Who stands in for the actor and for whom the actor does, now and later; `is_given` tells them apart."""
    me = Q(from_user_id=actor.user_id or 0)
    rows = Delegation.objects.filter(me | Q(to_user_id=actor.user_id or 0), ends_on__gte=today)
    return list(rows.select_related("from_user", "to_user").annotate(is_given=me).order_by("starts_on", "pk"))


def list_reassignments(*, actor: Actor, user: User) -> list[Reassignment]:
    """What was handed over of the user's, newest first, with `total`."""
    require(actor, MANAGE)
    rows = Reassignment.objects.filter(from_user=user).select_related("made_by").annotate(total=Count("records"))
    return list(rows.order_by("-pk")[:20])


def list_tokens(*, actor: Actor, at: datetime, owner_id: int | None = None) -> list[Token]:
    """The keys that still work of the actor, or, for those who manage users, of somebody else; newest first."""
    user_id = owner_id if owner_id is not None else actor.user_id
    if user_id != actor.user_id:
        require(actor, MANAGE)
    usable = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    return list(Token.objects.filter(usable, user_id=user_id or 0, revoked_at=None).order_by("-pk"))


def list_sessions(*, actor: Actor, user_id: int, at: datetime, current_key: str = "") -> list[SessionRow]:
    """Where somebody is logged in now, the present session first, then the last seen."""
    _own_or_managed(actor, user_id)
    alive = Session.objects.filter(expire_date__gt=at, session_key=OuterRef("session_key"))
    found = UserSession.objects.filter(Exists(alive), user=user_id).order_by("-last_seen_at")
    rows = [
        SessionRow(
            pk=session.pk,
            browser=describe_browser(session.user_agent),
            address=session.ip,
            began_at=session.created_at,
            seen_at=session.last_seen_at,
            is_current=session.session_key == current_key,
        )
        for session in found
    ]
    return sorted(rows, key=lambda row: not row.is_current)


def get_factors(*, actor: Actor, user_id: int) -> Factors:
    """The second factors of somebody, without their secrets."""
    _own_or_managed(actor, user_id)
    found = list(Authenticator.objects.filter(user=user_id).order_by("pk"))
    codes = next((one for one in found if one.type == Authenticator.Type.RECOVERY_CODES), None)
    return Factors(
        totp=next((one for one in found if one.type == Authenticator.Type.TOTP), None),
        passkeys=[one for one in found if one.type == Authenticator.Type.WEBAUTHN],
        codes_left=None if codes is None else _count_codes(codes),
        has_sign_on=SocialAccount.objects.filter(user=user_id).exists(),
    )


def _count_codes(codes: Authenticator) -> int:
    return len(codes.data["hashes"] if "hashes" in codes.data else codes.wrap().get_unused_codes())


def count_new_notices(*, user_id: int) -> int:
    """How many notices the person has not said to have seen."""
    return Notice.objects.filter(user=user_id, seen_at=None).count()


def list_notices(*, actor: Actor) -> list[Told]:
    """What the actor should hear about their own account, the latest first."""
    found = Notice.objects.filter(user=actor.user_id or 0).order_by("-created_at", "-pk")
    return [told(notice) for notice in found[:SHOWN_NOTICES]]


def _own_or_managed(actor: Actor, user_id: int) -> None:
    if actor.user_id is None and not actor.is_system:
        raise PermissionDenied
    if actor.user_id != user_id:
        require(actor, MANAGE)
