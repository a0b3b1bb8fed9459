"""How much of a company's own fields each role sees: the same as of those that Zhike brings."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from zhike.core import fields, masking
from zhike.core.actor import Actor, Sight
from zhike.core.fields import Care, Mask, RecordField
from zhike.core.money import plain
from zhike.metadata import rollups
from zhike.metadata.kinds import COMPUTED, HOLDER, Json, Known
from zhike.metadata.models import Kind
from zhike.metadata.saying import Covered, say, say_by_itself
from zhike.metadata.selectors import designs

_MASKS: Mapping[Kind, Mask] = {
    Kind.TEXT: masking.code,
    Kind.PHONE: masking.phone,
    Kind.EMAIL: masking.email,
    Kind.ADDRESS: masking.address,
    Kind.DATE: masking.day,
    Kind.NUMBER: masking.amount,
    Kind.MONEY: masking.amount,
}


def guard(one: Known, tells: tuple[str, ...] = ()) -> RecordField:
    """A mask covers what people would read; where there is none for the kind, it covers everything. What is computed
    has none: who does not read what it is computed from does not see it at all."""
    return RecordField(
        record=one.record,
        name=one.name,
        label=one.lazily_named,
        care=one.care,
        mask=None
        if one.kind in COMPUTED
        else _MASKS.get(one.kind, _everything if one.care is not Care.PLAIN else None),
        is_computed=one.kind in COMPUTED,
        tells=tells,
        said=_saying(one),
        is_archived=one.is_archived,
    )


def _everything(_value: str) -> str:
    return fields.COVERED


def _saying(one: Known) -> Callable[[Any], str]:
    def said(value: Json) -> str:
        return fields.COVERED if value == fields.COVERED else say_by_itself(one, value)

    return said


class OwnFields:
    """The source that `core.fields` asks."""

    def listed(self) -> Iterable[RecordField]:
        return [one for design in designs.list_designs() for one in design.guarded.values()]

    def find(self, key: str) -> RecordField | None:
        record, mark, _name = key.partition(f".{HOLDER}.")
        return designs.design_of(record).guarded.get(key) if mark else None


def sight(actor: Actor, one: Known) -> Sight:
    """How much of the field the actor sees; what sums up things that they may not see at all is hidden."""
    return fields.sight(actor, one.path) if rollups.may_see(actor, one) else Sight.HIDDEN


def seen(actor: Actor, record: str) -> dict[str, Sight]:
    """Key of each field in use to how much of it the actor sees, without those that are hidden."""
    found = {key: sight(actor, one) for key, one in designs.design_of(record).known.items()}
    return {key: level for key, level in found.items() if level is not Sight.HIDDEN}


def conceal(actor: Actor, record: str, values: Mapping[str, Json]) -> dict[str, Json]:
    """The values without those that are hidden from the actor, and without those of fields not in use any more; what
    is masked is `Covered`. For showing, never for saving."""
    known = designs.design_of(record).known
    found: dict[str, Json] = {}
    for key, value in values.items():
        if key not in known:
            continue
        path = known[key].path
        level = sight(actor, known[key])
        if level is Sight.MASKED:
            found[key] = Covered(fields.shown(actor, path, say(known[key], value)))
        elif level is not Sight.HIDDEN:
            found[key] = value
    return found


def withheld(actor: Actor, record: str) -> dict[str, str]:
    """Names of the fields that the actor does not read, and whether they are hidden or masked."""
    words = {Sight.HIDDEN: "hidden", Sight.MASKED: "masked"}
    levels = {one.name: sight(actor, one) for one in designs.design_of(record).known.values()}
    return {name: words[level] for name, level in levels.items() if level in words}


def told(record: str, values: Mapping[str, Json]) -> dict[str, Json]:
    """Concealed values as programs get them: numbers exactly, so as texts, as amounts everywhere."""
    known = designs.design_of(record).known
    return {key: _told(known[key], value) for key, value in values.items()}


def _told(one: Known, value: Json) -> Json:
    if isinstance(value, str):
        return str(value)
    if one.held in (Kind.NUMBER, Kind.MONEY):
        return plain(Decimal(str(value)))
    if one.kind is Kind.LOCATION:
        return {name: float(part) for name, part in value.items()}
    return value
