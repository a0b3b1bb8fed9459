"""Sections that fields stand in: their order, for whom they are, and when they are shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.metadata.conditions import check_condition
from zhike.metadata.models import Section
from zhike.metadata.permissions import MANAGE
from zhike.metadata.services import depending
from zhike.metadata.services.definitions import lock

EDITABLE = ("name", "name_en", "is_tab", "is_folded", "roles", "shown_when")
MOST_SECTIONS = 100


@transaction.atomic
def create_section(*, actor: Actor, record: str, name: str, **given: Any) -> Section:
    """Add a section behind the others.

    :raises ValidationError: by name of what is wrong
    """
    require(actor, MANAGE)
    lock(record)
    known = Section.objects.filter(record=record)
    if known.count() >= MOST_SECTIONS:
        raise ValidationError({"name": [_("At most %(count)s sections.") % {"count": MOST_SECTIONS}]})
    section = Section(record=record, position=1 + (known.aggregate(last=Max("position"))["last"] or 0))
    _put(section, {"name": name, **given})
    section.save(force_insert=True)
    return section


@transaction.atomic
def edit_section(*, actor: Actor, pk: int, **given: Any) -> Section:
    """:raises Section.DoesNotExist: there is none
    :raises ValidationError: by name of what is wrong
    :raises zhike.metadata.services.depending.ConditionCircle: a field in it would be shown only once it is filled in
    """
    require(actor, MANAGE)
    section = Section.objects.select_for_update().get(pk=pk)
    lock(section.record)
    _put(section, given)
    section.save()
    depending.check_reachable(section.record, section.fields.values_list("key", flat=True))
    return section


@transaction.atomic
def remove_section(*, actor: Actor, pk: int) -> None:
    """Take a section away; its fields stand in none then.

    :raises Section.DoesNotExist: there is none
    """
    require(actor, MANAGE)
    section = Section.objects.select_for_update().get(pk=pk)
    lock(section.record)
    section.delete()


@transaction.atomic
def arrange_sections(*, actor: Actor, record: str, order: Sequence[int]) -> None:
    """Put sections into this order; those that are not named stay behind them."""
    require(actor, MANAGE)
    lock(record)
    places = {pk: place for place, pk in enumerate(order, start=1)}
    known = list(Section.objects.filter(record=record))
    for one in known:
        one.position = places.get(one.pk, len(places) + one.position)
    Section.objects.bulk_update(known, ["position"])


def _put(section: Section, given: Mapping[str, Any]) -> None:
    unknown = given.keys() - set(EDITABLE)
    problems: dict[str, Any] = dict.fromkeys(unknown, _("This cannot be changed."))
    for name in given.keys() - unknown:
        value = given[name]
        setattr(section, name, value.strip() if isinstance(value, str) else value)
    if not section.name:
        problems["name"] = _("Enter a name.")
    problems |= check_condition(section.record, section.shown_when)
    if problems:
        raise ValidationError({name: [message] for name, message in problems.items()})
    section.clean_fields()
