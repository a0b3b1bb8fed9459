"""Users, teams and roles in the search box, for those who manage them."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Role, Team, User
from zhike.accounts.permissions import MANAGE
from zhike.core.finder import Asked, Found, Kind
from zhike.core.named import rank_names


def find_users(asked: Asked) -> list[Found]:
    rows = User.objects.order_by("-is_active", "username").values_list("pk", "name", "username", "team__name")
    return _named(asked, "edit_user", ((pk, name, username, team or "") for pk, name, username, team in rows))


def find_teams(asked: Asked) -> list[Found]:
    rows = Team.objects.order_by("name").values_list("pk", "name", "parent__name")
    return _named(asked, "edit_team", ((pk, name, "", parent or "") for pk, name, parent in rows))


def find_roles(asked: Asked) -> list[Found]:
    return _named(asked, "edit_role", ((role.pk, str(role), role.name, "") for role in Role.objects.order_by("name")))


def _named(asked: Asked, url_name: str, rows: Iterable[tuple[int, str, str, str]]) -> list[Found]:
    """rows: id, name, another name, and where it belongs. There are thousands at most, so all are looked at."""
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
