"""What to do next with a record: apps say it with a reason, by rules that anybody can check."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from zhike.core.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Something to do. why: the facts behind it, in a sentence; weight: the highest comes first; icon: `icon="..."`."""

    key: str
    todo: str
    why: str
    weight: int
    icon: str


@dataclass(frozen=True, kw_only=True)
class Adviser:
    """An app's rules. page: which page, for example "customer"; permission: asked of the actor.

    advise: from the actor, the record's id and their present day; tells nothing of fields that the actor does not read.
    """

    page: str
    key: str
    permission: str
    advise: Callable[[Actor, int, date], list[Advice]]


_advisers: dict[tuple[str, str], Adviser] = {}


def register(adviser: Adviser) -> None:
    """Called in an app's `ready`."""
    _advisers[adviser.page, adviser.key] = adviser


def list_advice(*, page: str, record_id: int, actor: Actor, today: date) -> list[Advice]:
    """What the apps advise about a record that the caller has found visible, the weightiest first."""
    asked = [one for one in _advisers.values() if one.page == page and actor.may(one.permission)]
    found = [advice for one in asked for advice in one.advise(actor, record_id, today)]
    return sorted(found, key=lambda one: (-one.weight, one.key))
