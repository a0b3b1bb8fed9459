"""Who acts: a frozen picture of a user, taken once per request or task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType


class Scope(IntEnum):
    """How far a grant reaches, from nothing to every record."""

    NONE = 0
    OWN = 1
    TEAM = 2
    TEAM_AND_BELOW = 3
    ALL = 4


NO_GRANTS: Mapping[str, Scope] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Actor:
    """What core checks instead of a user row.

    team_paths: materialised paths of the actor's teams, each ending in "/", for example "/1/7/".
    team_ids: the actor's teams and all below them, so that a scope is an index look-up and not a join.
    grants: permission ("customers.view_customer") to the widest scope any role gives.
    locale: "zh-hans" or "en"; zone: an IANA name; theme: "auto", "light" or "dark".
    """

    user_id: int | None
    name: str
    team_id: int | None = None
    team_paths: tuple[str, ...] = ()
    team_ids: tuple[int, ...] = ()
    grants: Mapping[str, Scope] = field(default=NO_GRANTS)
    is_system: bool = False
    locale: str = "zh-hans"
    zone: str = "Asia/Shanghai"
    theme: str = "auto"
    request_id: str = ""

    def scope_of(self, permission: str) -> Scope:
        return Scope.ALL if self.is_system else self.grants.get(permission, Scope.NONE)

    def may(self, permission: str) -> bool:
        return self.scope_of(permission) is not Scope.NONE


SYSTEM = Actor(user_id=None, name="system", is_system=True)
ANONYMOUS = Actor(user_id=None, name="")
