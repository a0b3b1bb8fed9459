"""Users, teams and roles in the search box, for those who manage them."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Role
from zhike.accounts.permissions import MANAGE
from zhike.core.finder import Asked, Found, Kind
from zhike.core.named import NamesInUse, rank_names

# There are thousands at most, and whoever types asks for all of them with every key. The sums change with any name.
_USERS = NamesInUse(
    version="""
        SELECT count(*), sum(hash_record_extended((id, name, username, team_id, is_active), 0)),
            (SELECT sum(hash_record_extended((id, name), 0)) FROM accounts_team) FROM accounts_user
    """,
    listed="""
        SELECT u.id, u.name, u.username, coalesce(t.name, '') FROM accounts_user AS u
        LEFT JOIN accounts_team AS t ON t.id = u.team_id ORDER BY u.is_active DESC, u.username
    """,
    names=2,
)
_TEAMS = NamesInUse(
    version="SELECT count(*), sum(hash_record_extended((id, name, parent_id), 0)) FROM accounts_team",
    listed="""
        SELECT t.id, t.name, '', coalesce(above.name, '') FROM accounts_team AS t
        LEFT JOIN accounts_team AS above ON above.id = t.parent_id ORDER BY t.name
    """,
    names=1,
)


def find_users(asked: Asked) -> list[Found]:
    return _named(asked, "edit_user", _USERS.read().holding(asked.folded))


def find_teams(asked: Asked) -> list[Found]:
    return _named(asked, "edit_team", _TEAMS.read().holding(asked.folded))


def find_roles(asked: Asked) -> list[Found]:
    return _named(asked, "edit_role", ((role.pk, str(role), role.name, "") for role in Role.objects.order_by("name")))


def _named(asked: Asked, url_name: str, rows: Iterable[tuple[Any, ...]]) -> list[Found]:
    """rows: id, name, another name, and where it belongs."""
    found, folded = [], asked.folded
    for pk, name, other, within in rows:
        rank = rank_names(folded, (name, other))
        if rank is not None:
            detail = " · ".join(part for part in (other if other != name else "", within) if part)
            found.append(
                Found(title=name or other, detail=detail, url=reverse(url_name, args=[pk]), rank=rank, record_id=pk)
            )
    return found


KINDS = (
    Kind(key="accounts.user", label=_("Users"), icon="user-cog", order=70, permission=MANAGE, find=find_users),
    Kind(key="accounts.team", label=_("Teams"), icon="users", order=80, permission=MANAGE, find=find_teams),
    Kind(key="accounts.role", label=_("Roles"), icon="shield-lock", order=90, permission=MANAGE, find=find_roles),
)
