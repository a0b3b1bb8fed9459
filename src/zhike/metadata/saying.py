"""Values of a company's own fields as people read them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from zhike.core.actor import SYSTEM, Actor
from zhike.metadata import filed, references
from zhike.metadata.kinds import ADDRESS_PARTS, MOMENT, Json, Known
from zhike.metadata.models import Kind
from zhike.ui import formatting

_EXACT = Context(prec=60)


class Covered(str):
    """What stands in place of a value that is masked."""

    __slots__ = ()


def say(field: Known, value: Json, *, names: Mapping[int, str] | None = None) -> str:
    """names: what a link leads to, where that is known already."""
    if value is None or value == "":
        return ""
    if isinstance(value, Covered):
        return value
    match field.held:
        case Kind.NUMBER:
            unit = field.rules.get("unit") or ""
            number = Decimal(str(value)).normalize(_EXACT)
            return f"{number:,f}{f' {unit}' if unit else ''}"
        case Kind.MONEY:
            return formatting.money(
                Decimal(str(value)), currency=settings.COMPANY_CURRENCY, language=get_language() or "zh-hans"
            )
        case Kind.MOMENT:
            at = datetime.strptime(str(value), MOMENT).replace(tzinfo=UTC)
            return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
        case Kind.CHOICE:
            return field.options[value].named if value in field.options else str(value)
        case Kind.CHOICES:
            return "、".join(field.options[one].named if one in field.options else str(one) for one in value)
        case Kind.BOOLEAN:
            return _("Yes") if value else _("No")
        case Kind.ADDRESS:
            return "".join(str(value[part]) for part in ADDRESS_PARTS if part in value)
        case Kind.LOCATION:
            return f"{value['lat']}, {value['lng']}"
        case Kind.PHONE:
            return formatting.phone(str(value))
        case Kind.FILE | Kind.IMAGE:
            return filed.names(value)
        case Kind.USER | Kind.TEAM | Kind.RECORD:
            return (names or {}).get(int(value), references.Untold(f"#{value}"))
    return str(value)


def say_by_itself(field: Known, value: Json) -> str:
    """The same where a single value is shown, as in a history: colleagues and teams by their names.

    Records keep their number: whoever reads it may not see them.
    """
    if field.kind in (Kind.USER, Kind.TEAM) and isinstance(value, int | Decimal):
        return say(field, value, names=references.names(field, SYSTEM, [int(value)]))
    return say(field, value)


def say_all(fields: Mapping[str, Known], values: Mapping[str, Json], actor: Actor) -> dict[str, str]:
    """All of a record, with one query for each kind of thing that is linked to."""
    linked: dict[str, dict[int, str]] = {}
    for kind in references.KINDS:
        mine = [one for key, one in fields.items() if one.kind is kind and not isinstance(values.get(key), str | None)]
        by_target: dict[str, list[Known]] = {}
        for one in mine:
            by_target.setdefault(str(one.rules.get("target", "")), []).append(one)
        for same in by_target.values():
            named = references.names(same[0], actor, {int(values[one.key]) for one in same})
            linked |= dict.fromkeys((one.key for one in same), named)
    return {key: say(one, values.get(key), names=linked.get(key)) for key, one in fields.items()}
