"""One time line for a customer: every app adds a source, and the entries are merged by query, not by copying."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.paging import CursorInvalid, read_place, sign_place

_SALT = "zhike.customers.timeline"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that happened. key: unique within its source; lines: more, a line each; url: where it is shown in full.

    file: what stands beside it, for the template of entries. is_own: the reader wrote it; change_id: a recorded change
    that can be taken back.
    """

    at: datetime
    source: str
    key: int
    kind: str
    title: str
    icon: str
    lines: Sequence[str] = ()
    file: Any = None
    by: str = ""
    url: str = ""
    is_pinned: bool = False
    is_own: bool = False
    is_change: bool = False


@dataclass(frozen=True)
class Place:
    """Where a page of the time line begins: behind this entry; without a source, before this moment."""

    at: datetime
    source: str
    key: int


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a source is asked for: its newest entries behind a place. kinds: only these; empty for all."""

    actor: Actor
    customer_id: int
    before: Place | None
    limit: int
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where entries come from. kinds: value and label, for the time line's filter; permission: asked of the actor.

    reads: kinds that are entries only for who reads a field, with the field.
    """

    key: str
    kinds: Sequence[tuple[str, str | Promise]]
    permission: str
    entries: Callable[[Request], list[Entry]]
    reads: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TimeLine:
    """One page. next_cursor: empty on the last one."""

    entries: list[Entry]
    next_cursor: str


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a source; called in an app's `ready`."""
    _sources[source.key] = source


def list_kinds(actor: Actor) -> list[tuple[str, str]]:
    """What the time line can be narrowed to, as value and label."""
    return [
        (kind, str(label))
        for source in _open(actor)
        for kind, label in source.kinds
        if kind not in source.reads or fields.reads(actor, [source.reads[kind]])
    ]


def behind(place: Place | None, *, source: str, at: str) -> Q:
    """The rows of a source that come after a place, newest first. at: the column of the moment."""
    if place is None:
        return Q()
    if source > place.source:
        return Q(**{f"{at}__lt": place.at})
    same = Q(**{at: place.at})
    if source == place.source:
        return Q(**{f"{at}__lt": place.at}) | (same & Q(pk__lt=place.key))
    return Q(**{f"{at}__lte": place.at})


def list_time_line(
    *, actor: Actor, customer_id: int, after: str = "", kind: str = "", until: datetime | None = None, size: int = 20
) -> TimeLine:
    """A page of what happened with a customer whom the caller has found visible, newest first.

    until: only what happened before this moment; `after` says more, where both are given.

    :raises CursorInvalid: the cursor was made up
    """
    before = Place(until, "", 0) if until else None
    if after:
        before = _place(after, customer_id)
    found: list[list[Entry]] = []
    for source in _open(actor):
        if kind and kind not in {value for value, _label in source.kinds}:
            continue
        asked = Request(
            actor=actor,
            customer_id=customer_id,
            before=before,
            limit=size + 1,
            kinds=frozenset([kind]) if kind else frozenset(),
        )
        found.append(source.entries(asked))
    merged = list(heapq.merge(*found, key=_order, reverse=True))
    entries = merged[:size]
    cursor = ""
    if len(merged) > size:
        last = entries[-1]
        cursor = sign_place([customer_id, last.at.isoformat(), last.source, last.key], salt=_SALT)
    return TimeLine(entries=entries, next_cursor=cursor)


def _open(actor: Actor) -> list[Source]:
    return [source for _key, source in sorted(_sources.items()) if actor.may(source.permission)]


def _order(entry: Entry) -> Any:
    return entry.at, entry.source, entry.key


def _place(after: str, customer_id: int) -> Place:
    whose, at, source, key = read_place(after, salt=_SALT)
    if whose != customer_id:
        raise CursorInvalid
    return Place(datetime.fromisoformat(at), source, key)
