"""When a field or a section is shown: {"field": "kind", "is": ["person"]}, or empty for always.

field: of the record itself, as its app registers it (`registry.Designed.conditions`), or "custom.k" of those that are
chosen from a list.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.metadata import registry
from zhike.metadata.kinds import HOLDER, Json, Known
from zhike.metadata.models import Kind
from zhike.metadata.selectors.designs import design_of

CHOSEN = (Kind.CHOICE, Kind.CHOICES, Kind.BOOLEAN)
MOST_VALUES = 50
NOTHING: Mapping[str, Any] = MappingProxyType({})


def holds(condition: Mapping[str, Any], *, plain: Mapping[str, str], values: Mapping[str, Json]) -> bool:
    """plain: values of the record's own fields; values: of the company's."""
    if not condition:
        return True
    name = str(condition["field"])
    value = values.get(name.removeprefix(f"{HOLDER}.")) if name.startswith(f"{HOLDER}.") else plain.get(name)
    return not said(value).isdisjoint(condition["is"])


def list_conditions(record: str, one: Known) -> list[Mapping[str, Any]]:
    """Of a field, its own and that of its section, without those that always hold."""
    section = next((held.shown_when for held in design_of(record).sections if held.pk == one.section), NOTHING)
    return [condition for condition in (one.shown_when, section) if condition]


def said(value: Json) -> set[str]:
    """A value as conditions name it; several of a choice of several."""
    if isinstance(value, list):
        return {str(one) for one in value}
    if isinstance(value, bool):
        return {"true" if value else "false"}
    return {"" if value is None else str(value)}


def list_askable(
    record: str, *, held: Mapping[str, Any] = NOTHING
) -> list[tuple[str, str | Promise, Sequence[tuple[str, str]]]]:
    """Fields that others can depend on: name, label, and the values to choose from. held: a condition whose values
    count also where they are not offered any more, for records have them still."""
    found = list(registry.get(record).conditions())
    for one in design_of(record).known.values():
        if one.kind in CHOSEN:
            yes_or_no = (("true", str(_("Yes"))), ("false", str(_("No"))))
            kept = held["is"] if held.get("field") == one.name else ()
            values = [(key, option.named) for key, option in one.options.items() if option.is_offered or key in kept]
            found.append((one.name, one.named, yes_or_no if one.kind is Kind.BOOLEAN else values))
    return found


def check_condition(record: str, condition: Any, *, but: str = "") -> dict[str, Any]:
    """What is wrong with it. but: key of the field whose condition it is, which cannot be its own."""
    if condition == {}:
        return {}
    asked = {name: {value for value, _label in values} for name, _label, values in list_askable(record, held=condition)}
    field, wanted = condition.get("field"), condition.get("is")
    if condition.keys() != {"field", "is"} or field not in asked or field == f"{HOLDER}.{but}":
        return {"shown_when": _("Choose a field that it depends on.")}
    if not isinstance(wanted, list) or not wanted or len(wanted) > MOST_VALUES or not asked[field].issuperset(wanted):
        return {"shown_when": _("Choose at least one value.")}
    return {}
