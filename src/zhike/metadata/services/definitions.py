"""Adding, changing and putting away the fields of a kind of record."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.fields import Care
from zhike.core.text import pinyin
from zhike.metadata import registry
from zhike.metadata.conditions import check_condition
from zhike.metadata.filed import FILES, MOST_FILES
from zhike.metadata.kinds import COMPUTED, RULES, Json, Known, NotOfItsKind, read_value
from zhike.metadata.models import FieldDefinition, Kind, Option, Section
from zhike.metadata.permissions import MANAGE
from zhike.metadata.services import depending, formulas, rollups, sealing
from zhike.metadata.services.locking import lock as lock

MOST_FIELDS, MOST_OPTIONS = 1000, 2000
CHOSEN = (Kind.CHOICE, Kind.CHOICES)
EDITABLE = (
    *("label", "label_en", "help_text", "section_id", "care", "is_sealed"),
    *("is_required", "rules", "default", "shown_when"),
)
_WORDS = re.compile(r"[^a-z0-9]+")


class KeyTaken(DomainError):
    """The key means something else already, or meant something before."""

    code = "field_key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(_("“%(key)s” is taken; choose another key.") % {"key": key})


class TooManyFields(DomainError):
    code = "too_many_fields"

    def __init__(self) -> None:
        super().__init__(_("A kind of record can have %(count)s fields.") % {"count": MOST_FIELDS})


@dataclass(frozen=True, kw_only=True)
class NewOption:
    """A value to choose from. key: of one that is there; empty for a new one."""

    label: str
    label_en: str = ""
    tone: str = ""
    key: str = ""


@transaction.atomic
def create_field(
    *,
    actor: Actor,
    at: datetime,
    record: str,
    kind: Kind,
    label: str,
    key: str = "",
    options: Sequence[NewOption] = (),
    **given: Any,
) -> FieldDefinition:
    """Add a field at the end of its section. key: made of the label's reading where none is given.

    given: any of `EDITABLE`.

    :raises ValidationError: by name of what is wrong
    :raises KeyTaken: the key means something else already
    :raises TooManyFields: the record has as many as it can
    """
    require(actor, MANAGE)
    known = lock(record)
    if known.count() >= MOST_FIELDS:
        raise TooManyFields
    definition = FieldDefinition(record=record, kind=kind, created_at=at, key=key or _key_for(label, record))
    if known.filter(key=definition.key).exists():
        raise KeyTaken(definition.key)
    section = given.get("section_id")
    definition.position = 1 + (known.filter(section=section).aggregate(last=Max("position"))["last"] or 0)
    _put(definition, {"label": label, **given})
    _understand(definition)
    definition.save(force_insert=True)
    _put_options(definition, options)
    # What was read of the fields to check this one has been remembered without it.
    lock(record)
    _check_default(definition)
    return definition


@transaction.atomic
def edit_field(*, actor: Actor, pk: int, options: Sequence[NewOption] | None = None, **given: Any) -> FieldDefinition:
    """Change a field; its key and kind stay. options: all of them, in their order; what is missing is retired.

    :raises FieldDefinition.DoesNotExist: there is none
    :raises ValidationError: by name of what is wrong
    :raises zhike.metadata.services.depending.ConditionCircle: it would be shown only once it is filled in
    """
    require(actor, MANAGE)
    definition = FieldDefinition.objects.select_for_update().get(pk=pk)
    lock(definition.record)
    before, was_sealed = definition.rules, definition.is_sealed
    _put(definition, given)
    if definition.rules.get("target") != before.get("target"):
        # What is held are numbers of such records, and would be anybody's.
        raise ValidationError({"rules": [_("What a link leads to stays as it is. Create another field.")]})
    if was_sealed:
        # Into the clear they come as sensitive as they were; less is a change of its own.
        definition.care = Care.SENSITIVE.value
    _understand(definition)
    definition.save()
    if definition.is_sealed != was_sealed:
        lock(definition.record)
        sealing.begin(actor=actor, definition=definition)
    if options is not None:
        _put_options(definition, options)
    lock(definition.record)
    _check_default(definition)
    depending.check_reachable(definition.record, [definition.key])
    if definition.is_sealed != was_sealed:
        formulas.check_others(definition.record)
    if definition.kind == Kind.FORMULA and definition.rules != before:
        formulas.check_others(definition.record)
        formulas.rebuild_indexes(definition.record, definition.key)
    return definition


@transaction.atomic
def archive_field(*, actor: Actor, pk: int, at: datetime) -> FieldDefinition:
    """Show the field nowhere any more. Its values stay, and it can come back.

    :raises zhike.metadata.services.formulas.FormulaBreaks: another field is computed from it
    :raises zhike.metadata.services.depending.ConditionBreaks: another one, or a section, is shown depending on it
    """
    return _set_archived(actor, pk, at)


@transaction.atomic
def bring_back_field(*, actor: Actor, pk: int) -> FieldDefinition:
    """Show an archived field again, with its values.

    :raises zhike.metadata.services.formulas.FormulaBreaks: what it is computed from is not there
    :raises zhike.metadata.services.depending.ConditionAsleep: what it is shown depending on is archived
    :raises zhike.metadata.services.depending.ConditionOutdated: that has another kind now
    """
    return _set_archived(actor, pk, None)


@transaction.atomic
def arrange_fields(*, actor: Actor, record: str, order: Mapping[int, Sequence[int]]) -> None:
    """Put fields into sections, in this order. order: a section's id, 0 for none, to ids of fields; fields that are
    not named stay where they are.

    :raises zhike.metadata.services.depending.ConditionCircle: a field would wait for itself where it comes to stand
    """
    require(actor, MANAGE)
    known = {one.pk: one for one in lock(record)}
    sections = {0, *Section.objects.filter(record=record).values_list("pk", flat=True)}
    moved = []
    for section, keys in order.items():
        for position, pk in enumerate(keys, start=1):
            if pk in known and section in sections:
                known[pk].section_id, known[pk].position = section or None, position
                moved.append(known[pk])
    FieldDefinition.objects.bulk_update(moved, ["section", "position"])
    depending.check_reachable(record, [one.key for one in moved])


def _set_archived(actor: Actor, pk: int, at: datetime | None) -> FieldDefinition:
    require(actor, MANAGE)
    definition = FieldDefinition.objects.select_for_update().get(pk=pk)
    lock(definition.record)
    definition.archived_at = at
    definition.save(update_fields=["archived_at"])
    formulas.check_others(definition.record)
    (depending.check_others if at else depending.check_own)(definition.record, definition.key)
    return definition


def _understand(definition: FieldDefinition) -> None:
    """Rules of what is computed say what comes out."""
    if definition.kind == Kind.FORMULA:
        definition.rules = dict(formulas.understood(definition))
    elif definition.kind == Kind.ROLLUP:
        definition.rules = dict(rollups.understood(definition))


def _put(definition: FieldDefinition, given: Mapping[str, Any]) -> None:
    unknown = given.keys() - set(EDITABLE)
    problems: dict[str, Any] = dict.fromkeys(unknown, _("This cannot be changed."))
    for name in given.keys() - unknown:
        value = given[name]
        setattr(definition, name, value.strip() if isinstance(value, str) else value)
    if definition.is_sealed:
        definition.care = Care.SENSITIVE.value
    if not definition.label:
        problems["label"] = _("Enter a name.")
    section = definition.section_id
    if section and not Section.objects.filter(record=definition.record, pk=section).exists():
        problems["section"] = _("Choose one of the list.")
    problems |= check_rules(definition)
    problems |= sealing.check_sealed(definition)
    problems |= check_condition(definition.record, definition.shown_when, but=definition.key)
    if problems:
        raise ValidationError({name: [message] for name, message in problems.items()})
    definition.clean_fields(exclude=["created_at", "section"])


def check_rules(definition: FieldDefinition) -> dict[str, Any]:
    """What is wrong with the bounds of a field."""
    rules = definition.rules
    if definition.kind in COMPUTED and definition.care == Care.SENSITIVE:
        return {"care": _("What is computed is as sensitive as what it is computed from, by itself.")}
    if not isinstance(rules, dict) or rules.keys() - set(RULES.get(Kind(definition.kind), ())):
        return {"rules": _("There is no such rule for this kind of field.")}
    numbers = [rules[name] for name in ("least", "most") if rules.get(name) is not None]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers):
        return {"rules": _("A limit has to be a number.")}
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        return {"rules": _("The smallest value must not exceed the largest.")}
    if definition.kind in FILES and registry.get(definition.record).shelf is None:
        return {"kind": _("Such records keep no files.")}
    files = rules.get("files", 1)
    if isinstance(files, bool) or not isinstance(files, int) or not 1 <= files <= MOST_FILES:
        return {"files": _("Between 1 and %(limit)s files.") % {"limit": MOST_FILES}}
    if definition.kind == Kind.RECORD and rules.get("target") not in {one.key for one in registry.list_targets()}:
        return {"rules": _("Choose what the link leads to.")}
    return {}


def _put_options(definition: FieldDefinition, options: Sequence[NewOption]) -> None:
    if definition.kind not in CHOSEN:
        return
    if not options:
        raise ValidationError({"options": [_("Enter at least one value to choose from.")]})
    if len(options) > MOST_OPTIONS:
        raise ValidationError({"options": [_("At most %(count)s of the list.") % {"count": MOST_OPTIONS}]})
    known = {one.key: one for one in definition.options.all()}
    by_label = {one.label: one for one in known.values()}
    taken = set(known)
    kept: dict[str, Option] = {}
    for position, wanted in enumerate(options):
        label = wanted.label.strip()
        if not label or len(label) > 60 or len(wanted.label_en) > 60:
            raise ValidationError({"options": [_("Each value needs a name of at most 60 characters.")]})
        option = known.get(wanted.key) or by_label.get(label)
        option = option or Option(definition=definition, key=_free(_word(label), taken))
        if option.key in kept:
            raise ValidationError({"options": [_("“%(label)s” stands there twice.") % {"label": label}]})
        taken.add(option.key)
        option.label, option.label_en, option.tone = label, wanted.label_en.strip(), wanted.tone
        option.position, option.is_retired = position, False
        kept[option.key] = option
    if len({one.label for one in kept.values()}) < len(kept):
        raise ValidationError({"options": [_("Two values have the same name.")]})
    for key, option in known.items():
        if key not in kept:
            option.is_retired, option.position = True, MOST_OPTIONS
            kept[key] = option
    for option in kept.values():
        option.save()


def _check_default(definition: FieldDefinition) -> None:
    try:
        value: Json = read_value(Known.of(definition), definition.default)
    except NotOfItsKind as refusal:
        raise ValidationError({"default": [refusal.message]}) from None
    if value != definition.default:
        definition.default = value
        definition.save(update_fields=["default"])


def _key_for(label: str, record: str) -> str:
    return _free(_word(label), set(FieldDefinition.objects.filter(record=record).values_list("key", flat=True)))


def _word(label: str) -> str:
    """客户等级 as ke_hu_deng_ji; “Level 2” as level_2."""
    reading = pinyin.reading(label, pinyin.ORGANISATION) if not label.isascii() else label
    word = _WORDS.sub("_", reading.lower()).strip("_")[:32].rstrip("_")
    return word if word[:1].isalpha() else f"x_{word}".rstrip("_")


def free_key(label: str, taken: set[str]) -> str:
    """A key for a label that nothing else has."""
    return _free(_word(label), taken)


def _free(word: str, taken: set[str] | frozenset[str]) -> str:
    free, number = word, 1
    while free in taken:
        number += 1
        free = f"{word}_{number}"
    return free
