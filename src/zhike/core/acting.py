"""Who acts: told to the database, so that what it captures carries a name whichever way a row was changed.

One session setting, `zhike.actor`, holds JSON: {"user": 7, "origin": "web", "request": "…", "reason": "…"}. Nobody is
told to it here: the database wrapper compares what is wanted with what its connection knows before it hands out a
cursor, so that a connection that lives on never acts for the one before.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from zhike.core.actor import Actor

SETTING = "zhike.actor"
NOBODY = ""
LONGEST_REASON = 500

_told: ContextVar[str] = ContextVar("zhike_acting", default=NOBODY)


@contextmanager
def acting(actor: Actor, *, origin: str = "", reason: str = "") -> Iterator[None]:
    """Within the block, changes are the actor's.

    origin: "web", "api", "cli" or "task"; empty keeps what stands around. reason: why, where somebody was asked.
    """
    token = begin_acting(actor, origin=origin, reason=reason)
    try:
        yield
    finally:
        _told.reset(token)


def begin_acting(actor: Actor, *, origin: str = "", reason: str = "") -> Token[str]:
    """Act until further notice: for the first lines of a process."""
    around = json.loads(_told.get() or "{}")
    who = {
        "user": actor.user_id,
        "origin": origin or around.get("origin", ""),
        "request": actor.request_id or around.get("request", ""),
        "reason": reason[:LONGEST_REASON],
    }
    return _told.set(json.dumps({key: value for key, value in who.items() if value}, ensure_ascii=False))


def who_acts() -> str:
    """What the setting has to be at this moment; empty where nobody acts."""
    return _told.get()
