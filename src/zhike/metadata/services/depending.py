"""What a change of a field does to conditions: whatever is shown only where it has certain values goes on asking it."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from zhike.core.errors import DomainError
from zhike.metadata.conditions import CHOSEN
from zhike.metadata.kinds import HOLDER, Known
from zhike.metadata.models import Kind, Section
from zhike.metadata.services.formulas import known_of


class ConditionBreaks(DomainError):
    """A field or a section is shown depending on this one, and could not be any more."""

    code = "condition_breaks"

    def __init__(self, name: str, field: Known) -> None:
        words = {"name": name, "field": field.named}
        super().__init__(_("“%(name)s” is shown depending on “%(field)s”. Change when it is shown first.") % words)


class ConditionAsleep(DomainError):
    """What the field depends on is archived, so nobody could ever make it appear."""

    code = "condition_asleep"

    def __init__(self, field: Known) -> None:
        super().__init__(_("It is shown depending on “%(field)s”. Show that one again first.") % {"field": field.named})


class ConditionOutdated(DomainError):
    """What the field depends on was given another kind while this one was archived, and cannot be asked any more."""

    code = "condition_outdated"

    def __init__(self, field: Known) -> None:
        super().__init__(
            _(
                "It is shown depending on “%(field)s”, which has another kind now. Choose anew when it is shown, save,"
                " and show it again."
            )
            % {"field": field.named}
        )


class ConditionCircle(DomainError):
    """What shows a field lies behind the field itself."""

    code = "condition_circle"
    status = 422

    def __init__(self, fields: Collection[Known]) -> None:
        names = str(_(", ")).join(field.named for field in fields)
        super().__init__(
            _("“%(names)s” would be shown only once it is filled in, and so never. Choose another condition.")
            % {"names": names}
        )


def check_others(record: str, key: str) -> None:
    """:raises ConditionBreaks: a condition asks this field for what cannot stand in it after what was changed"""
    known = known_of(record)
    held = [(one.named, one.shown_when) for one in known.values() if not one.is_archived]
    held += [(one.named, one.shown_when) for one in Section.objects.filter(record=record).order_by("position", "pk")]
    for name, condition in held:
        if (asked := _asked(condition, known)) and asked.key == key and not _can_hold(condition, asked):
            raise ConditionBreaks(name, asked)


def check_own(record: str, key: str) -> None:
    """:raises ConditionAsleep: the field that this one's condition asks is not in use
    :raises ConditionOutdated: it is, and cannot have the values that are asked for
    """
    known = known_of(record)
    asked = _asked(known[key].shown_when, known)
    if asked and asked.is_archived:
        raise ConditionAsleep(asked)
    if asked and not _can_hold(known[key].shown_when, asked):
        raise ConditionOutdated(asked)


def check_reachable(record: str, keys: Collection[str]) -> None:
    """:raises ConditionCircle: one of these fields waits for itself, by its own condition or by that of its section"""
    known = known_of(record)
    sections = {one.pk: one.shown_when for one in Section.objects.filter(record=record)}
    waiting = {
        key: {asked.key for held in (one.shown_when, sections.get(one.section, {})) if (asked := _asked(held, known))}
        for key, one in known.items()
    }
    while free := [key for key, others in waiting.items() if others.isdisjoint(waiting)]:
        for key in free:
            del waiting[key]
    if not waiting.keys().isdisjoint(keys):
        asked_by_others = {key for others in waiting.values() for key in others if key in waiting}
        raise ConditionCircle([known[key] for key in known if key in asked_by_others])


def _asked(condition: Mapping[str, Any], known: Mapping[str, Known]) -> Known | None:
    """The company's own field that a condition asks, if it is one."""
    name = str(condition.get("field", ""))
    return known.get(name.removeprefix(f"{HOLDER}.")) if name.startswith(f"{HOLDER}.") else None


def _can_hold(condition: Mapping[str, Any], asked: Known) -> bool:
    values = {"true", "false"} if asked.kind is Kind.BOOLEAN else set(asked.options)
    return not asked.is_archived and asked.kind in CHOSEN and values.issuperset(condition["is"])
