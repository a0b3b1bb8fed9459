"""Letting the search box look into a field: its pieces get an index, built by a task while people work."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.alone import is_queued
from zhike.metadata import pieces
from zhike.metadata.kinds import Known
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.permissions import MANAGE
from zhike.metadata.services.definitions import lock

MOST_SEARCHED = 10  # each is a look into an index with every key that is typed
TASK = "metadata.put_search"


@transaction.atomic
def put_search(*, actor: Actor, pk: int, is_searched: bool) -> FieldDefinition:
    """Say whether the search box looks into a field; the index follows in the background.

    :raises FieldDefinition.DoesNotExist: there is none
    :raises ValidationError: not for this kind of field, or for too many
    """
    require(actor, MANAGE)
    definition = FieldDefinition.objects.select_for_update().get(pk=pk)
    known = lock(definition.record)
    is_wanted = is_searched and not definition.is_sealed
    problem: Any = ""
    if is_wanted and Kind(definition.kind) not in pieces.KINDS:
        problem = _("The search box cannot look into this kind of field.")
    elif is_wanted and known.exclude(pk=pk).exclude(search=Index.NONE).count() >= MOST_SEARCHED:
        problem = _("The search box looks into %(count)s such fields.") % {"count": MOST_SEARCHED}
    if problem:
        raise ValidationError({"is_searched": [problem]})
    if (definition.search not in (Index.NONE, Index.FAILED)) != is_wanted:
        definition.search = Index.WANTED if is_wanted else Index.NONE
        definition.save(update_fields=["search"])
        queue(pk)
    return definition


def resume() -> None:
    """Ask again for indexes that nobody builds, that are gone, or that are left of a field which is to have none."""
    ready = [Known.of(one) for one in FieldDefinition.objects.filter(search=Index.READY).prefetch_related("options")]
    built = {one.pk for one in pieces.find_left(ready)}
    for one in ready:
        if one.pk not in built:
            with transaction.atomic():
                lock(one.record)
                FieldDefinition.objects.filter(pk=one.pk, search=Index.READY).update(search=Index.WANTED)
    wanted = {*FieldDefinition.objects.filter(search=Index.WANTED).values_list("pk", flat=True)}
    without = [Known.of(one) for one in FieldDefinition.objects.filter(search=Index.NONE).prefetch_related("options")]
    for pk in sorted(wanted | {one.pk for one in pieces.find_left(without)}):
        if not is_queued(TASK, definition_id=pk):
            queue(pk)


def queue(pk: int) -> None:
    app.configure_task(TASK, allow_unknown=False).defer(definition_id=pk)


def build_search(*, definition_id: int) -> None:
    """Make the index what the definition says. Outside of any transaction; may be repeated."""
    definition = FieldDefinition.objects.filter(pk=definition_id).prefetch_related("options").first()
    if definition is None:
        return
    if definition.search == Index.NONE:
        pieces.drop(Known.of(definition))
        return
    pieces.build(Known.of(definition))
    with transaction.atomic():
        lock(definition.record)
        FieldDefinition.objects.filter(pk=definition_id, search=Index.WANTED).update(search=Index.READY)
