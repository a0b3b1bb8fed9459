"""How much of a company's own fields each role sees: the same as of those that Zhike brings."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.core.fields import RecordField
from zhike.core.money import plain
from zhike.metadata import filed, rollups
from zhike.metadata.kinds import HOLDER, Json, Known
from zhike.metadata.models import Kind
from zhike.metadata.saying import Covered, say
from zhike.metadata.selectors import designs


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
    if one.kind in filed.FILES:
        return filed.told(value)
    if one.kind is Kind.LOCATION:
        return {name: float(part) for name, part in value.items()}
    return value
