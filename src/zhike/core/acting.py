"""Who acts: told to the database, so that it knows who changes a row, and shows nobody more than they may see.

Two session settings. `zhike.actor` holds JSON: {"user": 7, "origin": "web", "request": "…", "reason": "…"}, for what
captures changes. `zhike.reach` says how far the actor's permissions reach, for the policies of the tables
(`core.row_security`). Nobody is told to either here: the database wrapper compares what is wanted with what its
connection knows before it hands out a cursor, so that a connection that lives on never acts for the one before.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from functools import cache

from zhike.core.access import array_of, list_guarding
from zhike.core.actor import SYSTEM, Actor, Reach

LONGEST_REASON = 500


@dataclass(frozen=True)
class Told:
    """What the database knows. sees_all: no policy narrows what is read."""

    who: str = ""
    reach: str = ""
    sees_all: bool = False
    actor: Actor | None = field(default=None, compare=False)


NOBODY = Told()
_told: ContextVar[Told] = ContextVar("zhike_acting", default=NOBODY)


@contextmanager
def acting(actor: Actor, *, origin: str = "", reason: str = "") -> Iterator[None]:
    """Within the block, changes are the actor's, and nothing is seen that the actor may not see.

    origin: "web", "api", "cli" or "task"; empty keeps what stands around. reason: why, where somebody was asked.
    """
    token = begin_acting(actor, origin=origin, reason=reason)
    try:
        yield
    finally:
        _told.reset(token)


@contextmanager
def seeing_everything() -> Iterator[None]:
    """Within the block, the policies of the tables stand open; whoever acts stays who acts.

    For what has to know of every record to decide about one (is this phone number taken?), and for finding the ids
    of a page within a predicate of its own. Every use is listed in `tests/architecture/test_policy.py`.
    """
    told = _told.get()
    if told.sees_all:
        yield
        return
    token = _told.set(replace(told, reach=_everywhere(), sees_all=True))
    try:
        yield
    finally:
        _told.reset(token)


def begin_acting(actor: Actor, *, origin: str = "", reason: str = "") -> Token[Told]:
    """Act until further notice: for the first lines of a process."""
    around = json.loads(_told.get().who or "{}")
    who = {
        "user": actor.user_id,
        "origin": origin or around.get("origin", ""),
        "request": actor.request_id or around.get("request", ""),
        "reason": reason[:LONGEST_REASON],
    }
    return _told.set(
        Told(
            who=json.dumps({key: value for key, value in who.items() if value}, ensure_ascii=False),
            reach=_reach_of(actor),
            sees_all=all(actor.reach_of(permission).is_all for permission in list_guarding()),
            actor=actor,
        )
    )


def acting_user() -> int | None:
    """The id of the user who acts; None for the system."""
    user: int | None = json.loads(_told.get().who or "{}").get("user")
    return user


def who_acts() -> Told:
    """What the database has to know at this moment."""
    return _told.get()


def is_bound_to(actor: Actor) -> bool:
    """Whether the policies of the tables narrow what is read to what this actor reaches."""
    told = _told.get()
    return told.actor is actor and not told.sees_all


@cache
def _everywhere() -> str:
    return _reach_of(SYSTEM)


def _reach_of(actor: Actor) -> str:
    """{permission: {"all": true, "me": 7, "users": "{7,8}", "teams": "{3}"}}, of the permissions that guard rows."""
    reaches = {code: reach for code in list_guarding() if (reach := actor.reach_of(code))}
    return json.dumps({code: _written(actor, reach) for code, reach in reaches.items()}) if reaches else ""


def _written(actor: Actor, reach: Reach) -> dict[str, object]:
    if reach.is_all:
        return {"all": True, "me": actor.user_id}
    return {"me": actor.user_id, "users": array_of(reach.user_ids), "teams": array_of(reach.team_ids)}
