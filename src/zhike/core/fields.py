"""The fields of records: how sensitive each is, how it is masked, and how much of it somebody sees.

Apps register every field of their records here when they are ready; a record's column that no field stands for fails
`tests/architecture/test_fields.py`. What is seen is the same on every surface, because every surface asks here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from django.core.exceptions import PermissionDenied
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor, Sight
from zhike.core.errors import DomainError

COVERED = "•••"
type Mask = Callable[[str], str]


class Care(StrEnum):
    """How much harm a field does in the wrong hands."""

    PLAIN = "plain"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, kw_only=True)
class RecordField:
    """A field of a kind of record.

    record: the kind, "customers.customer". mask: how a masked value is written; None where it can only be hidden.
    lowest: what no role can go below, for what a record cannot be shown without. within: the same mask for whatever
    looks like such a value within a longer text. is_computed: worked out from other records, so nobody writes it.
    tells: keys of fields that this one tells of; a role that does not read one of them sees no more of this one.
    sums_up: of what it tells of, whatever a role sees of that; a role that sees none of those records shows none of it,
    where others see them in part. said: how a raw value is written for people, where it is no plain text. is_archived:
    shown in no page any more.
    """

    record: str
    name: str
    label: str | Promise
    care: Care = Care.PLAIN
    mask: Mask | None = None
    lowest: Sight = Sight.HIDDEN
    within: Mask | None = None
    is_computed: bool = False
    tells: tuple[str, ...] = ()
    sums_up: bool = False
    said: Callable[[Any], str] | None = None
    is_archived: bool = False

    @property
    def key(self) -> str:
        return f"{self.record}.{self.name}"

    @property
    def default(self) -> Sight:
        """What a role sees of it that says nothing about it."""
        if self.care is Care.SENSITIVE:
            return Sight.MASKED
        return Sight.READ if self.is_computed else Sight.WRITE

    @property
    def levels(self) -> tuple[Sight, ...]:
        """What a role can be given."""
        missing = {Sight.MASKED} if self.mask is None else set()
        missing |= {Sight.WRITE} if self.is_computed else set()
        return tuple(level for level in Sight if level >= self.lowest and level not in missing)


@dataclass(frozen=True, kw_only=True)
class RecordKind:
    """A kind of record. permission: what seeing one asks for; roles without it have no say in its fields.

    also: other permissions that show such records, if only those that one makes.
    """

    key: str
    label: str | Promise
    permission: str
    also: tuple[str, ...] = ()

    @property
    def permissions(self) -> tuple[str, ...]:
        return (self.permission, *self.also)


class FieldUndeclared(LookupError):
    """Code asks for a field that no app registered: a mistake in the code, not of the user."""


class FieldClosed(DomainError, PermissionDenied):
    """The field is hidden from the actor, or not theirs to write."""

    code = "field_closed"
    status = 403

    def __init__(self, closed: RecordField) -> None:
        super().__init__(_("Your role may not change “%(field)s”.") % {"field": closed.label})
        self.members = {"field": closed.name}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where fields stand in a table, for what shows rows without knowing what they are.

    columns: column to field. by: column that says which field stands in `varying`, by `kinds` or as "custom.k". free:
    text that somebody typed. holders: column to record, of columns that hold a company's own fields; the field k of a
    column `custom` is named "custom.k" wherever rows are taken apart.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    varying: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    holders: Mapping[str, str] = field(default_factory=dict)

    def keys(self, column: str, row: Mapping[str, Any]) -> list[str]:
        """The fields that may stand in the column; several where the row does not say of what kind it is."""
        holder, dot, _name = column.partition(".")
        if holder in self.holders:
            if not dot and column not in row:
                return sorted(self._held(holder))
            names = [column] if dot else [f"{column}.{name}" for name in row[column] or ()]
            return [f"{self.holders[holder]}.{name}" for name in names]
        if column == self.varying:
            kind = str(row.get(self.by))
            holder, dot, _name = kind.partition(".")
            if dot and holder in self.holders:
                return [f"{self.holders[holder]}.{kind}"]
            if kind in self.kinds:
                return [self.kinds[kind]]
            return [*self.kinds.values(), *(key for holder in self.holders for key in sorted(self._held(holder)))]
        return [self.columns[column]] if column in self.columns else []

    def all_keys(self) -> set[str]:
        """Every field that may stand in a row."""
        own = {key for holder in self.holders for key in self._held(holder)}
        return {*self.columns.values(), *self.kinds.values(), *own}

    def _held(self, holder: str) -> set[str]:
        return {one.key for one in list_fields(self.holders[holder]) if one.name.startswith(f"{holder}.")}


class Source(Protocol):
    """Fields that a company adds itself, so that nobody knows them when apps become ready."""

    def listed(self) -> Iterable[RecordField]: ...

    def find(self, key: str) -> RecordField | None: ...


class FieldsClosed(DomainError):
    """What was asked for holds fields that the actor does not read, and would be of no use without them."""

    code = "fields_closed"
    status = 403

    def __init__(self, closed: Iterable[RecordField]) -> None:
        names = " / ".join(str(one.label) for one in closed)
        super().__init__(
            _(
                "This holds fields that your role does not see: %(fields)s. Somebody who reads them has to do it; who"
                " does is set under Settings → Field access."
            )
            % {"fields": names}
        )


NOWHERE = Place()
_places: dict[str, Place] = {}
_kinds: dict[str, RecordKind] = {}
_fields: dict[str, RecordField] = {}
_sources: list[Source] = []


def register(kind: RecordKind, fields: Iterable[RecordField]) -> None:
    """Make fields known; called once per kind of record when its app is ready."""
    _kinds[kind.key] = kind
    for one in fields:
        _fields[one.key] = one


def provide(source: Source) -> None:
    """Add fields that are not known yet; once, when the source's app is ready."""
    _sources.append(source)


def place(table: str, where: Place) -> None:
    """Say where fields stand in a table; called with `register`."""
    _places[table] = where


def place_of(table: str) -> Place:
    return _places.get(table, NOWHERE)


def writes_column(actor: Actor, table: str, column: str, row: Mapping[str, Any]) -> bool:
    """Whether the actor may write whatever field stands in the column of this row."""
    return all(sight(actor, key) is Sight.WRITE for key in place_of(table).keys(column, row))


def shown_column(actor: Actor, table: str, column: str, row: Mapping[str, Any], value: str) -> str | None:
    """A column's value as the actor sees it; None where not even that there is one.

    Where the row does not say which field it is, all that it may be has to be read.
    """
    where = place_of(table)
    keys = where.keys(column, row)
    if column in where.free:
        return shown_within(actor, value) if reads(actor, keys) else None
    if len(keys) == 1:
        return None if sight(actor, keys[0]) is Sight.HIDDEN else shown(actor, keys[0], value)
    return value if reads(actor, keys) else COVERED


def list_kinds() -> list[RecordKind]:
    """In the order in which they were registered."""
    return list(_kinds.values())


def list_fields(record: str = "") -> list[RecordField]:
    """In the order in which they were registered, the company's own after the others."""
    own = (one for source in _sources for one in source.listed())
    return [one for one in (*_fields.values(), *own) if not record or one.record == record]


def get(key: str) -> RecordField:
    """
    :raises FieldUndeclared: no app registered it
    """
    found = _fields.get(key) or next(filter(None, (source.find(key) for source in _sources)), None)
    if found is None:
        raise FieldUndeclared(key)
    return found


def name_of(key: str) -> str:
    """What a field is called, also one that is gone."""
    try:
        return str(get(key).label)
    except FieldUndeclared:
        return key.rpartition(".")[2]


def kind_of(one: RecordField) -> RecordKind:
    return _kinds[one.record]


def sight(actor: Actor, key: str) -> Sight:
    """How much of the field the actor sees."""
    return max(actor.sight(get(key).key), get(key).lowest)


def reads(actor: Actor, keys: Iterable[str]) -> bool:
    """Whether all of these are seen in full: what filters, orders, groups and searches by them asks."""
    return all(sight(actor, key) >= Sight.READ for key in keys)


def as_clerk(actor: Actor) -> Actor:
    """For desks whose own permission opens records: roles that do not see the records have no say in their fields."""
    unsaid = {one.key: Sight.READ for one in list_fields() if not actor.may(_kinds[one.record].permission)}
    return replace(actor, sights={**actor.sights, **unsaid}) if unsaid else actor


def closed_in(actor: Actor, table: str, rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Keys of the fields that the actor does not read and of which these rows hold a value."""
    where = place_of(table)
    return {
        key
        for row in rows
        for column, value in row.items()
        if value not in (None, "")
        for key in where.keys(column, row)
        if sight(actor, key) < Sight.READ
    }


def require_write(actor: Actor, key: str) -> None:
    """
    :raises FieldClosed: the actor may not write it
    """
    if sight(actor, key) < Sight.WRITE:
        raise FieldClosed(get(key))


def covering(actor: Actor, key: str) -> Mask | None:
    """What to write in place of a value; None where it is seen as it is. Asked once, used for every row."""
    match sight(actor, key):
        case Sight.HIDDEN:
            return _nothing
        case Sight.MASKED:
            return get(key).mask or _nothing
    return None


def shown(actor: Actor, key: str, value: str) -> str:
    """The value as the actor sees it: in full, masked, or not at all."""
    cover = covering(actor, key)
    return value if cover is None or not value else cover(value)


def shown_within(actor: Actor, text: str) -> str:
    """A text that somebody typed, without what looks like a value of a field that the actor does not read."""
    if actor.is_system:
        return text
    for one in _fields.values():
        if one.within is not None and sight(actor, one.key) < Sight.READ:
            text = one.within(text)
    return text


def covers(actor: Actor, paths: Mapping[str, str]) -> dict[str, Mask]:
    """paths: place in a row to the field that stands there. The places that have to be covered, with what does it."""
    found = {path: covering(actor, key) for path, key in paths.items()}
    return {path: cover for path, cover in found.items() if cover is not None}


def cover_row(row: dict[str, Any], masks: Mapping[str, Mask]) -> None:
    """Cover the places of a row; what stays empty is None where it was no text."""
    for path, cover in masks.items():
        value = row.get(path)
        if isinstance(value, list):
            row[path] = []
        elif value is not None and value != "":
            row[path] = cover(str(value)) or ("" if isinstance(value, str) else None)


def _nothing(_value: str) -> str:
    return ""
