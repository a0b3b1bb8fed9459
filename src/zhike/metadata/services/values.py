"""Values of a record's own fields, read before they are saved."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg import errors

from zhike.core import fields
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor, Sight
from zhike.metadata import filed, indexes, listing, references, registry
from zhike.metadata.conditions import holds, list_conditions
from zhike.metadata.kinds import COMPUTED, Json, Known, NotOfItsKind, read_value, written
from zhike.metadata.models import Kind
from zhike.metadata.selectors import Designed, design_of
from zhike.metadata.selectors.pages import sections_for

TAKEN = _("Another record has this value already, and only one may.")


def put_values(
    *,
    actor: Actor,
    record: str,
    current: Mapping[str, Json],
    changes: Mapping[str, Any],
    plain: Mapping[str, str],
    pk: int | None = None,
) -> dict[str, Json]:
    """What the record's `custom` becomes. A field that is emptied goes; of a new record, defaults stand where nothing
    is given, and what is required has to be given as far as the actor may write it.

    current: of encrypted fields, those that are changed are among it, and among what it becomes, in the clear.
    changes: by key. plain: the record's own fields that others may depend on. pk: None of a new record.

    :raises ValidationError: by the field's name: no such field, not of its kind, taken, or nothing where something is
    required
    :raises zhike.core.fields.FieldClosed: the actor may not write a field
    """
    design = design_of(record)
    found = dict(current)
    problems: dict[str, str | Promise] = {}
    if pk is None:
        found |= defaults_of(record)
    for key, value in changes.items():
        field = design.known.get(key)
        if field is None or field.kind in COMPUTED:
            problems[key] = _("This is computed, and not entered.") if field else _("There is no such field.")
            continue
        # Whether a guess is right is told to nobody who does not read the field.
        if pk is not None and fields.sight(actor, field.path) < Sight.READ:
            fields.require_write(actor, field.path)
        if pk is not None and field.kind in references.KINDS and _leads_to(field, value, current.get(key)):
            continue  # also one that leads nowhere any more: nothing is lost by saving something else
        try:
            read = _read(actor, field, value, pk, current.get(key))
            if read == current.get(key) and pk is not None:
                continue
            if pk is not None or read is not None:
                fields.require_write(actor, field.path)
            _check(field, read, current.get(key), pk)
        except NotOfItsKind as refusal:
            problems[key] = refusal.message
            continue
        if read is None:
            found.pop(key, None)
        else:
            found[key] = read
    for key in _missing(actor, design, found, plain, list(design.known) if pk is None else list(changes), pk):
        problems.setdefault(key, _("Please fill this in."))
    if problems:
        raise ValidationError({f"{registry.COLUMN}.{key}": [message] for key, message in problems.items()})
    return found


def defaults_of(record: str) -> dict[str, Json]:
    """What a new record has where nothing is given."""
    return {key: one.default for key, one in design_of(record).known.items() if one.default is not None}


@contextmanager
def refusing_doubles(record: str) -> Iterator[None]:
    """For the saving of a record: what somebody else was quicker with is refused like what is taken already.

    :raises ValidationError: by the field's name
    """
    unique = [one for one in design_of(record).known.values() if one.is_unique]
    if not unique:
        yield
        return
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        cause = error.__cause__
        broken = cause.diag.constraint_name if isinstance(cause, errors.UniqueViolation) else ""
        for one in unique:
            if broken == indexes.name_of(one, is_unique=True):
                raise ValidationError({one.name: [TAKEN]}) from error
        raise


def read_for_many(*, actor: Actor, record: str, changes: Mapping[str, Any]) -> dict[str, Json]:
    """What `put_values` would put into any record, for those who change many at once; None where a field is emptied.

    :raises ValidationError: by the field's name: no such field, not of its kind, or only one record may have a value
    :raises zhike.core.fields.FieldClosed: the actor may not write a field
    """
    found: dict[str, Json] = {}
    problems: dict[str, str | Promise] = {}
    for key, value in changes.items():
        field = design_of(record).known.get(key)
        if field is None or field.kind in COMPUTED:
            problems[key] = _("This is computed, and not entered.") if field else _("There is no such field.")
            continue
        fields.require_write(actor, field.path)
        try:
            if field.is_sealed:
                raise NotOfItsKind(_("Encrypted values are entered one by one, not for many."))
            if field.is_unique:
                raise NotOfItsKind(_("Only one record may have a value here, so it is not changed for many."))
            if field.kind in filed.FILES:
                raise NotOfItsKind(filed.UPLOADED)
            found[key] = _read(actor, field, value, None, None)
            _check(field, found[key], None, None)
        except NotOfItsKind as refusal:
            problems[key] = refusal.message
    if problems:
        raise ValidationError({f"{registry.COLUMN}.{key}": [message] for key, message in problems.items()})
    return found


def needing(record: str, key: str, value: Json) -> Q | None:
    """The records in which the field may not be emptied, as a condition; None where it is not, or may be."""
    design = design_of(record)
    field = design.known[key]
    if value is not None or not field.is_required:
        return None
    shown = Q(pk__isnull=False)
    for condition in list_conditions(record, field):
        shown &= listing.holding(design, condition)
    return shown


def is_shown(design: Designed, field: Known, *, plain: Mapping[str, str], values: Mapping[str, Json]) -> bool:
    """Whether a record with these values has the field at all."""
    return all(holds(one, plain=plain, values=values) for one in list_conditions(design.record, field))


def _missing(
    actor: Actor,
    design: Designed,
    found: Mapping[str, Json],
    plain: Mapping[str, str],
    asked: Sequence[str],
    pk: int | None,
) -> list[str]:
    """Of a new record no files: they come once it is there. Nor what stands in sections that are for other roles, where
    the actor could not fill it in."""
    open_to = {one.pk if one else 0 for one in sections_for(actor, design)} if pk is None else set()
    return [
        key
        for key in asked
        if key in design.known
        and (field := design.known[key]).is_required
        and (pk is not None or (field.kind not in filed.FILES and field.section in open_to))
        and key not in found
        and is_shown(design, field, plain=plain, values=found)
        and fields.sight(actor, field.path) is Sight.WRITE
    ]


def _leads_to(field: Known, value: Any, held: Json) -> bool:
    """Whether the value names just what is held."""
    return held is not None and references.number_in(field, value) == int(held)


def _read(actor: Actor, field: Known, value: Any, pk: int | None, before: Json) -> Json:
    if field.kind in filed.FILES and value not in (None, "", [], ()):
        return _files(field, value, pk, before)
    if field.kind in references.KINDS and value not in (None, ""):
        return references.resolve(field, actor, value)
    return read_value(field, value)


def _files(field: Known, value: Any, pk: int | None, before: Json) -> Json:
    """Those that stand there already, and others only where they were given for this very field of this record."""
    wanted, shelf = filed.wanted(value), registry.get(field.record).shelf
    if wanted is None or shelf is None or pk is None:
        raise NotOfItsKind(filed.UPLOADED)
    held = {one["id"]: one for one in before or ()}
    most = field.rules.get("files", 1)
    if len(wanted) > max(most, len(held)):
        raise NotOfItsKind(_("At most %(count)s files.") % {"count": most})
    found = []
    for file_id, name in wanted.items():
        entry = held.get(file_id) or shelf.find(field.key, pk, file_id, name)
        if entry is None:
            raise NotOfItsKind(
                _("“%(name)s” is no file of this field of this record, or no longer kept.")
                % {"name": (name or file_id)[:60]}
            )
        found.append(dict(entry))
    return found


def _check(field: Known, read: Json, before: Json, pk: int | None) -> None:
    if read is None:
        return
    if field.kind in (Kind.CHOICE, Kind.CHOICES):
        chosen = read if isinstance(read, list) else [read]
        kept = before if isinstance(before, list) else [before]
        if any(not field.options[one].is_offered and one not in kept for one in chosen):
            raise NotOfItsKind(_("This value is not offered any more."))
    if field.is_unique and _is_taken(field, read, pk):
        raise NotOfItsKind(TAKEN)


def _is_taken(field: Known, read: Json, pk: int | None) -> bool:
    same = listing.same_as(field, read)
    if field.is_sealed:
        # Two digests of one value may be in force, so no index can say it.
        vault = registry.vault_of(field.record)
        vault.hold(field.name)
        same = vault.having(field.name, written(field, read))
        if field.is_moving:
            same |= listing.same_as(field, read)
    rows = registry.get(field.record).model._default_manager.filter(same).exclude(pk=pk)
    with seeing_everything():
        return rows.exists()
