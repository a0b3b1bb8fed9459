"""The two verbs of permission, in their only home: `visible_to` for reads, `require` for writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.functional import Promise

from zhike.core.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Something that can be granted to a role. code: "app.verb_object".

    is_scoped: False where there is nothing to reach, so that a role either has it or not.
    """

    code: str
    label: str | Promise
    is_scoped: bool = True


_permissions: dict[str, Permission] = {}
_guarding: set[str] = set()


def declare(permissions: Iterable[Permission]) -> None:
    """Make permissions grantable; called once per app when it is ready."""
    for permission in permissions:
        _permissions[permission.code] = permission


def list_permissions() -> list[Permission]:
    return sorted(_permissions.values(), key=lambda permission: permission.code)


def list_guarding() -> list[str]:
    """The permissions that decide which rows somebody sees; the database has to know how far these reach."""
    return sorted(_guarding)


class PermissionUndeclared(LookupError):
    """Code asks for a permission that no app declared: a mistake in the code, not of the user."""


def require(actor: Actor, permission: str, *, record: models.Model | None = None) -> None:
    """Refuse unless the actor holds the permission and, where a record is given, can reach it.

    :raises PermissionDenied: the actor lacks the grant, or the record lies outside its reach
    :raises PermissionUndeclared: no app declared this permission
    """
    if permission not in _permissions:
        raise PermissionUndeclared(permission)
    if not actor.may(permission):
        raise PermissionDenied(permission)
    if record is None or actor.reach_of(permission).is_all:
        return
    manager: Any = type(record)._default_manager
    if not manager.filter(pk=record.pk).within(actor, permission).exists():
        raise PermissionDenied(permission)


def holds(actor: Actor, permission: str, record: Any) -> bool:
    """Whether the permission reaches the record by its owner or team, not only because it was shared singly."""
    return actor.reach_of(permission).covers(owner_id=record.owner_id, team_id=record.team_id)


def require_hold(actor: Actor, permission: str, *, record: Any) -> None:
    """Refuse who is a guest on the record: it is not theirs to give away, nor to ask others in.

    :raises PermissionDenied: the permission does not reach the record's owner or team
    """
    if not holds(actor, permission, record):
        raise PermissionDenied(permission)


class ScopedQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows that carry an owner and a team, or reach them through `scope_prefix`.

    The same rule stands in the database as the policy of the table (`core.row_security`).

    view_permission: what `visible_to` asks for.
    scope_prefix: path to the model that has `owner` and `team`, for example "customer__".
    follows: what must reach the record at the end of the prefix as well: nobody sees the orders of a customer whom
        they do not see. Rows with nothing there (anonymous orders) belong to those who reach everything.
    """

    view_permission: ClassVar[str]
    scope_prefix: ClassVar[str] = ""
    follows: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "view_permission" in cls.__dict__:
            _guarding.add(cls.view_permission)

    def visible_to(self, actor: Actor) -> Self:
        """The rows the actor may see; none without the grant."""
        return self.within(actor, self.view_permission)

    def within(self, actor: Actor, permission: str) -> Self:
        """The rows that the actor's permission reaches."""
        reach = actor.reach_of(permission)
        if not reach:
            return self.none()
        found = self if reach.is_all else self.filter(self.reached_by(actor, permission))
        if not self.follows or permission == self.follows:
            return found
        followed = actor.reach_of(self.follows)
        if not followed:
            return self.none()
        if followed.is_all or (followed == reach and permission == self.view_permission):
            return found
        visible = self.reached_by(actor, self.follows)
        if reach.is_all:
            visible |= Q(**{f"{self.scope_prefix.removesuffix('__')}__isnull": True})
        return found.filter(visible)

    def reached_by(self, actor: Actor, permission: str) -> Q:
        """The predicate of a permission that does not reach everything."""
        reach, prefix = actor.reach_of(permission), self.scope_prefix
        found = Q(IsAnyOf(F(f"{prefix}owner_id"), Keys(reach.user_ids)))
        if reach.team_ids:
            found |= Q(IsAnyOf(F(f"{prefix}team_id"), Keys(reach.team_ids)))
        shared = self.shared_with(actor, permission)
        if shared is not None:
            found |= Q(IsAnyOf(F(f"{prefix}pk"), ArraySubquery(shared)))
        return found

    def shared_with(self, actor: Actor, permission: str) -> models.QuerySet[Any, Any] | None:
        """Ids of the records at the end of the prefix that are shared with the actor singly; None: not done here."""
        return None


class IsAnyOf(Func):
    """`key = ANY (…)`: unlike IN with a subquery it stays an index condition beside other ones, joined with OR, and
    unlike IN with hundreds of ids it is one parameter."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("

    def __init__(self, key: F, keys: "ArraySubquery | Keys") -> None:
        super().__init__(key, keys, output_field=models.BooleanField())


class Keys(Value):
    """Ids as one array, written by us: the ORM would look at each of hundreds several times over."""

    def __init__(self, ids: Iterable[int]) -> None:
        super().__init__(array_of(ids), output_field=ArrayField(models.BigIntegerField()))

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str, ...]]:
        return "%s::bigint[]", (self.value,)


def array_of(ids: Iterable[int]) -> str:
    """The ids as PostgreSQL writes an array."""
    return f"{{{','.join(map(str, ids))}}}"
