"""What the search box finds: apps say it here when they are ready, each for its own kind of thing.

A kind shows to each person what they may see and read, and nothing else: `find` and `recall` go through `visible_to`
and `core.fields` as every page does. What is typed may be private; it stands in no address and no log.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from django.utils.functional import Promise

from zhike.core.actor import Actor
from zhike.core.text import grams


class Rank(IntEnum):
    """How well something answers what was typed; the best is the lowest."""

    EXACT = 0
    START = 1
    WITHIN = 2
    ALIKE = 3


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody typed. weights: records of the kind they opened, with how often and how lately (most is best).

    limit: how many are shown, so that a kind need not look for more.
    """

    actor: Actor
    typed: str
    weights: Mapping[int, float] = field(default_factory=dict)
    limit: int = 6

    @property
    def folded(self) -> str:
        return grams.fold(self.typed)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing that was found. detail: what tells it from others of its name. field: before it, what that is which
    was found, where the eye would not know. record_id: None where it is a page. icon: where not that of its kind.
    """

    title: str
    url: str
    field: str = ""
    detail: str = ""
    rank: Rank = Rank.WITHIN
    record_id: int | None = None
    icon: str = ""


type Finding = Callable[[Asked], Sequence[Found]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of thing. order: ascending, among kinds that answer equally well.

    permission: without it the kind is not asked; empty for everybody. find: in the order in which they are shown where
    rank and visits do not decide. find_alike: for what is spelt wrong, asked where little else was found. recall: the
    records of these ids as far as the actor sees them. page: name of the address that shows one record, by `pk`;
    opening it is remembered. more: the address of everything of the kind that answers, from
    what was typed. is_customer: whether the records are customers, whose erasure takes the memory along.
    """

    key: str
    label: str | Promise
    icon: str
    order: int
    find: Finding
    permission: str = ""
    find_alike: Finding | None = None
    recall: Callable[[Actor, Sequence[int]], Sequence[Found]] | None = None
    page: str = ""
    more: Callable[[str], str] | None = None
    is_customer: bool = False

    def is_open_to(self, actor: Actor) -> bool:
        return not self.permission or actor.may(self.permission)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page or a command that is found by its name, beside those of the menus. query: what its address asks for.

    within: the page it is a part of. words: what else people call it. is_command: whether something begins there, so
    that the empty box offers it.
    """

    url_name: str
    label: str | Promise
    icon: str
    permission: str = ""
    query: str = ""
    within: str | Promise = ""
    words: tuple[str | Promise, ...] = ()
    is_command: bool = False


_kinds: dict[str, Kind] = {}
_places: list[Place] = []


def register(kind: Kind) -> None:
    """Make a kind of thing findable; called in an app's `ready`."""
    _kinds[kind.key] = kind


def add_place(place: Place) -> None:
    """Make a page or command findable; called in an app's `ready`."""
    _places.append(place)


def list_places() -> list[Place]:
    return list(_places)


def list_kinds(actor: Actor | None = None) -> list[Kind]:
    """In their order; only those open to the actor where one is given."""
    known = sorted(_kinds.values(), key=lambda kind: kind.order)
    return [kind for kind in known if actor is None or kind.is_open_to(actor)]


def kind_of_page(url_name: str) -> Kind | None:
    """The kind whose records this address shows."""
    return next((kind for kind in _kinds.values() if kind.page and kind.page == url_name), None)


def rank_of(folded: str, texts: Iterable[str]) -> Rank | None:
    """How well one of the texts answers what was typed; None where a word of it is in none of them.

    folded, texts: as `grams.fold` writes them.
    """
    known = [text for text in texts if text]
    if folded in known:
        return Rank.EXACT
    if any(text.startswith(folded) for text in known):
        return Rank.START
    return Rank.WITHIN if all(any(word in text for text in known) for word in folded.split()) else None
