"""What can go into the recycle bin; apps register their records when they are ready."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise

from zhike.core.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Collision:
    """A row that cannot come back because another record has taken its place.

    said: for people, what is taken and by whom. url: the other record, where the actor may see it.
    """

    said: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of record with columns owner_id and team_id.

    name, keywords: columns it is listed and searched by in the bin. left_out: models whose rows are not kept, because
    `restored` makes them anew from the ids of what has come back. collided: a table and one of its rows in words,
    where something else holds what only one may have.
    """

    code: str
    model: type[Model]
    label: str | Promise
    view_permission: str
    delete_permission: str
    url_name: str
    name: str
    keywords: str
    left_out: tuple[type[Model], ...]
    restored: Callable[[Sequence[int]], None]
    collided: Callable[[Actor, str, Mapping[str, Any]], Collision]


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add a kind; called in an app's `ready`."""
    _kinds[kind.code] = kind


def get(code: str) -> Kind:
    return _kinds[code]


def list_kinds() -> list[Kind]:
    return [_kinds[code] for code in sorted(_kinds)]


def may_use_bin(actor: Actor) -> bool:
    return any(actor.may(kind.delete_permission) for kind in list_kinds())
