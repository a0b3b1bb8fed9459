"""What a field that sums up may be."""

from collections.abc import Mapping
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.metadata import rollups
from zhike.metadata.models import FieldDefinition, Kind

RULES = ("of", "function", "figure", "days", "where", "result")


def understood(definition: FieldDefinition) -> Mapping[str, Any]:
    """The rules as they are kept, with what comes out.

    :raises ValidationError: there is no such thing to sum up, or not by these conditions
    """
    rules = definition.rules
    collection = next((one for one in rollups.list_collections(definition.record) if one.key == rules.get("of")), None)
    function = rules.get("function")
    if collection is None or (function != rollups.COUNT and rules.get("figure") not in collection.figures):
        _refuse("what", _("Choose what is summed up."))
    figure = None if function == rollups.COUNT else collection.figures[rules["figure"]]
    if figure is not None and function not in figure.functions:
        _refuse("what", _("Choose what is summed up."))
    found: dict[str, Any] = {"of": collection.key, "function": function}
    found["result"] = (figure.kind if figure else Kind.NUMBER).value
    if figure:
        found["figure"] = rules["figure"]
    if rules.get("days"):
        days = rules["days"]
        if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= rollups.MOST_DAYS:
            message = _("The number of days must lie between 1 and %(limit)s.") % {"limit": rollups.MOST_DAYS}
            _refuse("days", message)
        found["days"] = days
    if rules.get("where"):
        found["where"] = _conditions(collection, rules["where"])
    return found


def _conditions(collection: rollups.Collection, given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or len(given) > rollups.MOST_CONDITIONS:
        _refuse("where", _("At most %(count)s of the list.") % {"count": rollups.MOST_CONDITIONS})
    found = []
    for one in given:
        condition = collection.conditions.get(one.get("field"))
        if condition is None:
            _refuse("where", _("“%(label)s” cannot be narrowed by this.") % {"label": collection.label})
        named = {str(label): value for value, label in condition.choices()}
        values = [named.get(value, value) for value in map(str, one.get("is", ())) if value.strip()]
        if not values or len(values) > rollups.MOST_VALUES or (named and not set(named.values()).issuperset(values)):
            known = " / ".join(named)
            problem = _("Choose of: %(known)s") % {"known": known} if named else _("Choose at least one value.")
            _refuse("where", problem)
        found.append({"field": one["field"], "is": values})
    return found


def _refuse(name: str, message: str | Promise) -> NoReturn:
    raise ValidationError({name: [message]})
