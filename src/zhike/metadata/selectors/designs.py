"""What a process remembers of the fields of records, and how it learns that they were changed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.db import connection

from zhike.core.database import preparing
from zhike.core.fields import RecordField
from zhike.metadata.guards import guard
from zhike.metadata.kinds import Known
from zhike.metadata.models import FieldDefinition, Kind, Section
from zhike.metadata.rollups import guards_of

if TYPE_CHECKING:
    from zhike.metadata.formulas.compiling import Formula

_STATES = 'SELECT "record", "token" FROM "metadata_design"'
NOTHING: Mapping[str, str] = MappingProxyType({})
# The state of every kind's fields, asked for once a request; None outside requests, where each question asks anew.
_states: ContextVar[dict[str, str] | None] = ContextVar("states_of_fields", default=None)


@dataclass(frozen=True)
class Designed:
    """The fields of a kind of record. every: archived ones as well; sections: in their order."""

    record: str
    every: Mapping[str, Known]
    sections: tuple[Section, ...]

    @cached_property
    def known(self) -> dict[str, Known]:
        """Those in use, by key."""
        return {key: one for key, one in self.every.items() if not one.is_archived}

    @cached_property
    def guarded(self) -> dict[str, RecordField]:
        """As fields that roles see more or less of, by key of `core.fields`."""
        told = {key: formula.guards for key, formula in self.formulas.items()}
        told |= {key: guards_of(one) for key, one in self.known.items() if one.kind is Kind.ROLLUP}
        return {one.path: guard(one, told.get(key, ())) for key, one in self.every.items()}

    @cached_property
    def formulas(self) -> "Mapping[str, Formula]":
        """What the computed fields in use mean, by key."""
        if not any(one.kind is Kind.FORMULA for one in self.known.values()):
            return {}
        # Only who has formulas pays for the parser.
        from zhike.metadata.formulas.compiling import understand

        return understand(self.record, self.known)


@contextmanager
def remembering() -> Iterator[None]:
    """Ask only once in here whether fields were changed; within another such block, once there."""
    token = _states.set({} if (held := _states.get()) is None else held)
    try:
        yield
    finally:
        _states.reset(token)


def forget() -> None:
    """What is remembered is old; said by whoever changes it."""
    if (held := _states.get()) is not None:
        held.clear()


def design_of(record: str) -> Designed:
    state = _list_states().get(record)
    return _design(record, state) if state else Designed(record=record, every={}, sections=())


def list_designs() -> list[Designed]:
    """Of every kind that has fields, or had some."""
    return [_design(record, state) for record, state in _list_states().items()]


def list_known(record: str) -> tuple[Known, ...]:
    """The fields in use, in their order. Remembered by the process until they are changed, which one query tells."""
    return tuple(design_of(record).known.values())


def _list_states() -> Mapping[str, str]:
    held = _states.get()
    if held:
        return held
    # Asked by every request, of which composing the same SQL anew would be the dearest part.
    with preparing(), connection.cursor() as cursor:
        cursor.execute(_STATES)
        found = dict(sorted(cursor.fetchall()))
    if held is not None:
        held |= found or {"": ""}
    return {record: state for record, state in found.items() if state}


@lru_cache(maxsize=32)
def _design(record: str, _state: str) -> Designed:
    found = FieldDefinition.objects.filter(record=record).prefetch_related("options")
    sections = tuple(Section.objects.filter(record=record).order_by("position", "pk"))
    places = {one.pk: place for place, one in enumerate(sections, start=1)}
    every = sorted(found, key=lambda one: (places.get(one.section_id or 0, len(places) + 1), one.position, one.pk))
    return Designed(record=record, every={one.key: Known.of(one) for one in every}, sections=sections)
