"""The two verbs of permission, in their only home: `visible_to` for reads, `require` for writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise

from zhike.core.actor import Actor, Scope


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Something that can be granted to a role. code: "app.verb_object"."""

    code: str
    label: str | Promise


_permissions: dict[str, Permission] = {}


def declare(permissions: Iterable[Permission]) -> None:
    """Make permissions grantable; called once per app when it is ready."""
    for permission in permissions:
        _permissions[permission.code] = permission


def list_permissions() -> list[Permission]:
    return sorted(_permissions.values(), key=lambda permission: permission.code)


class PermissionUndeclared(LookupError):
    """Code asks for a permission that no app declared: a mistake in the code, not of the user."""


def require(actor: Actor, permission: str, *, record: models.Model | None = None) -> None:
    """Refuse unless the actor holds the permission and, where a record is given, can reach it.

    :raises PermissionDenied: the actor lacks the grant, or the record lies outside its scope
    :raises PermissionUndeclared: no app declared this permission
    """
    if permission not in _permissions:
        raise PermissionUndeclared(permission)
    if not actor.may(permission):
        raise PermissionDenied(permission)
    if record is None or actor.scope_of(permission) is Scope.ALL:
        return
    manager: Any = type(record)._default_manager
    if not manager.filter(pk=record.pk).within(actor, permission).exists():
        raise PermissionDenied(permission)


class ScopedQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows that carry an owner and a team, or reach them through `scope_prefix`.

    view_permission: what `visible_to` asks for.
    scope_prefix: path to the model that has `owner` and `team`, for example "customer__".
    unowned_visible: whether rows with nothing at the end of the prefix (anonymous orders) are seen by those
        whose scope is the whole company only (False) or by everybody with the grant (True).
    """

    view_permission: ClassVar[str]
    scope_prefix: ClassVar[str] = ""
    unowned_visible: ClassVar[bool] = False

    def visible_to(self, actor: Actor) -> Self:
        """The rows the actor may see; none without the grant."""
        return self.within(actor, self.view_permission)

    def within(self, actor: Actor, permission: str) -> Self:
        """The rows that the actor's scope for the permission reaches."""
        scope = actor.scope_of(permission)
        if scope is Scope.ALL:
            return self
        if scope is Scope.NONE:
            return self.none()
        return self.filter(self.scope_predicate(actor, scope))

    def scope_predicate(self, actor: Actor, scope: Scope) -> Q:
        prefix = self.scope_prefix
        reach = Q(**{f"{prefix}owner_id": actor.user_id})
        if scope is Scope.TEAM and actor.team_id is not None:
            reach |= Q(**{f"{prefix}team_id": actor.team_id})
        if scope is Scope.TEAM_AND_BELOW and actor.team_ids:
            reach |= Q(**{f"{prefix}team_id__in": actor.team_ids})
        if self.unowned_visible and prefix:
            reach |= Q(**{f"{prefix.removesuffix('__')}__isnull": True})
        return reach
