"""Letting lists be filtered by a field, and letting a value stand in one record only: both are an index.

It is built while people work, by a task, as the tables' owner.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.alone import is_queued
from zhike.metadata import indexes
from zhike.metadata.kinds import Known
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.permissions import MANAGE
from zhike.metadata.services import sealing, searching
from zhike.metadata.services.definitions import NewOption, create_field, edit_field, lock

# Every one is written with every record, and PostgreSQL weighs all of them for every query.
MOST_INDEXED = 60
TASK = "metadata.put_index"


@transaction.atomic
def put_field(
    *,
    actor: Actor,
    at: datetime,
    record: str,
    kind: Kind,
    pk: int | None,
    is_filtered: bool,
    is_unique: bool,
    is_searched: bool = False,
    options: Sequence[NewOption] | None,
    given: Mapping[str, Any],
) -> FieldDefinition:
    """A field as a form says it, all or nothing. pk: None for a new one.

    :raises ValidationError, DomainError, zhike.metadata.indexes.HasDoubles: as for the parts
    """
    if pk is None:
        made = create_field(actor=actor, at=at, record=record, kind=kind, options=options or (), **given)
    else:
        made = edit_field(actor=actor, pk=pk, options=options, **given)
    searching.put_search(actor=actor, pk=made.pk, is_searched=is_searched)
    return put_index(actor=actor, pk=made.pk, is_filtered=is_filtered, is_unique=is_unique)


@transaction.atomic
def put_index(*, actor: Actor, pk: int, is_filtered: bool, is_unique: bool) -> FieldDefinition:
    """Say what a field is for; the index follows in the background.

    :raises FieldDefinition.DoesNotExist: there is none
    :raises ValidationError: not for this kind of field
    :raises zhike.metadata.indexes.HasDoubles: it is to be unique, and some values are not
    """
    require(actor, MANAGE)
    definition = FieldDefinition.objects.select_for_update().get(pk=pk)
    known = lock(definition.record)
    kind = Kind(definition.kind)
    problems: dict[str, Any] = {}
    if definition.is_sealed:
        # What is unique among them no index says, and by their digests they are found without one of their own.
        if is_unique and kind not in indexes.SINGLE:
            raise ValidationError({"is_unique": [_("Values of this kind of field cannot be unique.")]})
        if is_unique and not definition.is_unique:
            sealing.check_doubles(definition)
        return _put_sealed(definition, is_unique=is_unique)
    if is_filtered and kind not in indexes.EXPRESSIONS:
        problems["is_filtered"] = _("Lists cannot be filtered by this kind of field.")
    if is_unique and kind not in indexes.SINGLE:
        problems["is_unique"] = _("Values of this kind of field cannot be unique.")
    others = known.exclude(pk=pk).exclude(index=Index.NONE).count()
    if (is_filtered or is_unique) and others >= MOST_INDEXED:
        problems["is_filtered"] = _("Lists can be filtered by %(count)s such fields.") % {"count": MOST_INDEXED}
    if problems:
        raise ValidationError({name: [message] for name, message in problems.items()})
    is_wanted = is_filtered or is_unique
    if definition.is_unique == is_unique and (definition.index not in (Index.NONE, Index.FAILED)) == is_wanted:
        return definition
    if is_unique and not definition.is_unique:
        doubles = indexes.list_doubles(Known.of(definition))
        if doubles:
            raise indexes.HasDoubles(doubles)
    definition.is_unique = is_unique
    definition.index = Index.WANTED if is_wanted else Index.NONE
    definition.save(update_fields=["is_unique", "index"])
    _queue(pk)
    return definition


def resume_indexes() -> None:
    """Ask again for indexes that are wanted and that nobody builds, that are halves of what is built now, or that are
    left of a field which is to have none; while none is being built."""
    wanted = {*FieldDefinition.objects.filter(index=Index.WANTED).values_list("pk", flat=True)}
    without = [Known.of(one) for one in FieldDefinition.objects.filter(index=Index.NONE).prefetch_related("options")]
    ready = [Known.of(one) for one in FieldDefinition.objects.filter(index=Index.READY).prefetch_related("options")]
    found = [*indexes.find_left(without), *indexes.find_halved(ready)]
    for pk in sorted(wanted | {one.pk for one in found}):
        if not is_queued(TASK, definition_id=pk):
            _queue(pk)


def _queue(pk: int) -> None:
    app.configure_task(TASK, allow_unknown=False).defer(definition_id=pk)


def _put_sealed(definition: FieldDefinition, *, is_unique: bool) -> FieldDefinition:
    had_index = definition.index != Index.NONE
    definition.is_unique, definition.index = is_unique, Index.NONE
    definition.save(update_fields=["is_unique", "index"])
    if had_index:
        _queue(definition.pk)
    return definition


def build_index(*, definition_id: int) -> None:
    """Make the database's index what the definition says. Outside of any transaction; may be repeated."""
    definition = FieldDefinition.objects.filter(pk=definition_id).prefetch_related("options").first()
    if definition is None:
        return
    known = Known.of(definition)
    if definition.index == Index.NONE:
        indexes.drop(known)
        return
    try:
        indexes.build(known)
        state = Index.READY
    except indexes.HasDoubles:
        state = Index.FAILED
    with transaction.atomic():
        lock(definition.record)
        same = FieldDefinition.objects.filter(pk=definition_id, kind=definition.kind, is_unique=definition.is_unique)
        same.filter(index=Index.WANTED).update(index=state)
