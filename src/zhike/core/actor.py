"""Who acts: a frozen picture of a user, taken once per request or task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType


class Scope(IntEnum):
    """What a grant of a role reaches. The numbers are names and no order: own records are part of every one of them,
    but chosen teams may lie anywhere."""

    NONE = 0
    OWN = 1
    TEAM = 2
    TEAM_AND_BELOW = 3
    ALL = 4
    SUBORDINATES = 5
    CHOSEN = 6


class Sight(IntEnum):
    """How much somebody sees of a field; each level holds what is below it, so several roles give the highest."""

    HIDDEN = 0
    MASKED = 1
    READ = 2
    WRITE = 3


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The records that a permission extends to: those of these owners, those of these teams, or all.

    It is the union over all roles of a user. Whoever holds a permission reaches at least their own records, so a
    reach that is empty is a permission that is not held.
    """

    is_all: bool = False
    user_ids: tuple[int, ...] = ()
    team_ids: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return self.is_all or bool(self.user_ids or self.team_ids)

    def covers(self, *, owner_id: int | None, team_id: int | None) -> bool:
        """Whether a record of this owner and team is reached."""
        return self.is_all or owner_id in self.user_ids or team_id in self.team_ids

    def contains(self, other: "Reach") -> bool:
        """Whether everything the other reaches is reached."""
        if self.is_all or other.is_all:
            return self.is_all
        return {*other.user_ids} <= {*self.user_ids} and {*other.team_ids} <= {*self.team_ids}


NOWHERE = Reach()
EVERYWHERE = Reach(is_all=True)
NO_GRANTS: Mapping[str, Reach] = MappingProxyType({})
NO_SIGHTS: Mapping[str, Sight] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Actor:
    """What core checks instead of a user row.

    team_id: the main team, which new records of the actor's get.
    grants: permission ("customers.view_customer") to what it reaches.
    sights: field ("customers.customer.phone") to how much of it is seen; nothing of a field that is not there.
    locale: "zh-hans" or "en"; zone: an IANA name; theme: "auto", "light" or "dark".
    """

    user_id: int | None
    name: str
    team_id: int | None = None
    grants: Mapping[str, Reach] = field(default=NO_GRANTS)
    sights: Mapping[str, Sight] = field(default=NO_SIGHTS)
    is_system: bool = False
    locale: str = "zh-hans"
    zone: str = "Asia/Shanghai"
    theme: str = "auto"
    request_id: str = ""

    def reach_of(self, permission: str) -> Reach:
        return EVERYWHERE if self.is_system else self.grants.get(permission, NOWHERE)

    def may(self, permission: str) -> bool:
        return self.is_system or permission in self.grants

    def sight(self, field: str) -> Sight:
        return Sight.WRITE if self.is_system else self.sights.get(field, Sight.HIDDEN)


SYSTEM = Actor(user_id=None, name="system", is_system=True)
ANONYMOUS = Actor(user_id=None, name="")
