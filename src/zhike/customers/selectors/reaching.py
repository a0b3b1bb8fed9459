"""Ids of the customers whom whoever acts sees, found by the functions of `customers.finding`."""

from collections.abc import Sequence
from functools import lru_cache
from time import monotonic
from typing import Any

from django.db import connection

from zhike.core.actor import Actor, Reach
from zhike.core.paging import Phase
from zhike.customers.finding import MANY, ORDERS, VIEW, name_of

BELIEVED_SECONDS = 300


def count_reached(*, limit: int) -> int:
    """How many customers they are, at most `limit`."""
    return int(_ask("customers_count(%s)", [limit])[0][0])


def newest_reached(*, below: int, limit: int) -> list[int]:
    """The newest of those with an id below this one."""
    return [key for (key,) in _ask("customers_newest(%s, %s)", [below, limit])]


def is_ordered(phase: Phase) -> bool:
    """Whether there is a function for this stretch of the list."""
    return len(phase.by) == 2 and phase.by[0].removeprefix("-") in ORDERS


def ordered_reached(phase: Phase, *, actor: Actor, after: Sequence[Any] | None, limit: int) -> list[dict[str, Any]]:
    """A stretch of the list as rows with the keys of its order. after: the keys behind which it begins."""
    path, tie = (name.removeprefix("-") for name in phase.by)
    name = name_of(path, is_descending=phase.by[0].startswith("-"))
    value, key = after or (None, None)
    found = _ask(f"{name}(%s, %s, %s, %s)", [value, key, size_of(actor), limit])
    return [{"pk": key, path: value, tie: key} for key, value in found]


def size_of(actor: Actor) -> int:
    """About how many customers the actor, who acts, sees, up to MANY + 1: decides about speed alone, so it is believed
    for some minutes."""
    return _size(actor.user_id, actor.reach_of(VIEW), int(monotonic() / BELIEVED_SECONDS))


@lru_cache(maxsize=512)
def _size(_user_id: int | None, _reach: Reach, _period: int) -> int:
    return count_reached(limit=MANY + 1)


def _ask(call: str, parameters: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {call}", parameters)  # noqa: S608
        return list(cursor.fetchall())
