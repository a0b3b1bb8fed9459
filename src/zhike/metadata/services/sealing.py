"""Storing a field encrypted, or no longer: its values move between the records and their vault in the background."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app
from psycopg import sql
from simplejson import JSONEncoder

from zhike.audit.services import erase_history, erase_naming
from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import SYSTEM, Actor, Sight
from zhike.core.database import ExactDecoder
from zhike.core.errors import DomainError
from zhike.core.fields import COVERED
from zhike.metadata import copies, files, indexes, registry
from zhike.metadata.kinds import ADDRESS_PARTS, Known, read_back, written
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.services.locking import lock
from zhike.metadata.vaults import SEALABLE

BATCH = 500
# In images of many rows such a key could not be told from a part of another field.
ENTANGLED = {*ADDRESS_PARTS, "lat", "lng"}
HISTORY = ("audit_payload",)
MOST_BROUGHT_OUT = 50_000  # records whose writers wait for this
# Requests and imports that began before the field became encrypted may still write as it was.
AGAIN_AFTER = timedelta(minutes=10)


class FieldMoves(DomainError):
    code = "field_moves"

    def __init__(self) -> None:
        super().__init__(_("Its values are being encrypted; try again in a quarter of an hour."))


class TooManySealed(DomainError):
    code = "too_many_values"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _("More than %(count)s records have something here. Make a new field, and import the values into it.")
            % {"count": MOST_BROUGHT_OUT}
        )


def is_sealable(record: str, kind: Kind) -> bool:
    return kind in SEALABLE and registry.get(record).vault is not None


def check_sealed(definition: FieldDefinition) -> dict[str, Any]:
    """What is wrong with storing the field encrypted."""
    if not definition.is_sealed:
        return {}
    if not is_sealable(definition.record, Kind(definition.kind)):
        return {"is_sealed": _("Only texts, numbers, phone numbers and e-mail addresses can be stored encrypted.")}
    if definition.key in ENTANGLED:
        return {"is_sealed": _("Choose another key: parts of addresses and places are called like this.")}
    if definition.default not in (None, ""):
        return {"default": _("A field that is stored encrypted has no default.")}
    return {}


def check_doubles(definition: FieldDefinition) -> None:
    """Whether each value stands in one record only, in the vault and beside it; nobody gives another one meanwhile.

    :raises zhike.metadata.indexes.HasDoubles: some values stand in several records
    :raises FieldMoves: nobody can tell yet
    """
    known = Known.of(definition)
    vault = registry.vault_of(known.record)
    vault.hold(known.name)
    with seeing_everything():
        if definition.moving_since is not None and vault.count(known.name):
            raise FieldMoves
        beside = indexes.list_doubles(known)
        inside = vault.list_doubles(known.name, indexes.MOST_DOUBLES)
    found = [(one.count, one.records) for one in beside] or list(inside)
    if found:
        raise indexes.HasDoubles([indexes.Double(value=COVERED, count=count, records=ids) for count, ids in found])


def begin(*, actor: Actor, definition: FieldDefinition) -> None:
    """Let the values of a field that was just said to be encrypted, or not to be, follow. Locked by the caller.

    Encrypted they are in the background; into the clear they come at once or not at all, so that nobody sees a field
    empty that is not.

    :raises PermissionDenied: they come into the clear, and the actor does not see everybody's in full
    :raises FieldMoves: it has just become encrypted
    :raises TooManySealed: they would hold up too many
    """
    if not definition.is_sealed:
        _bring_out(actor, definition)
        return
    definition.moving_since = timezone.now()
    if definition.index != Index.NONE:
        definition.index = Index.NONE
        app.configure_task("metadata.put_index", allow_unknown=False).defer(definition_id=definition.pk)
    # What is left of its pieces is taken away with their index (`searching.resume`, where this comes to nothing).
    if definition.search != Index.NONE:
        definition.search = Index.NONE
        app.configure_task("metadata.put_search", allow_unknown=False).defer(definition_id=definition.pk)
    if definition.options.exists():
        # From when it was a choice: their names are its values.
        definition.options.all().delete()
        erase_history(actor=SYSTEM, subject=FieldDefinition._meta.db_table, subject_id=definition.pk)
    # After that, so that the history goes on saying that it became encrypted.
    definition.save(update_fields=["moving_since", "index", "search"])
    app.configure_task("metadata.move_values", allow_unknown=False).defer(definition_id=definition.pk)


def _bring_out(actor: Actor, definition: FieldDefinition) -> None:
    record = registry.get(definition.record)
    require(actor, record.reveal)
    known = Known.of(definition)
    if not (actor.is_system or actor.reach_of(record.reveal).is_all):
        raise PermissionDenied(record.reveal)
    if fields.sight(actor, known.path) < Sight.READ:
        raise fields.FieldClosed(fields.get(known.path))
    if definition.moving_since is not None:
        raise FieldMoves
    vault = registry.vault_of(known.record)
    with seeing_everything(), connection.cursor() as cursor:
        if vault.count(known.name) > MOST_BROUGHT_OUT:
            raise TooManySealed
        # Nobody enters a value between the reading and the end of this.
        cursor.execute(
            sql.SQL("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE").format(**_parts(known)).as_string(None)
        )
        copies.bring_out(known)
        last = 0
        while batch := _unseal(known, last):
            last = max(batch)


def resume(*, sweep: Callable[[Collection[str]], None] = files.sweep) -> None:
    """Go on with what a process that died left, and look again for what began before the field was encrypted.

    Who finds nothing after a while, when nobody is left who began before, says that it is done. sweep: takes the old
    versions of rows out of these tables, and the planner's samples; outside of any transaction.
    """
    for one in FieldDefinition.objects.filter(is_sealed=True, moving_since__isnull=False):
        since = one.moving_since or timezone.now()
        # Asked before looking again: what ends meanwhile has written by then.
        is_last = timezone.now() - since >= AGAIN_AFTER and not _is_awaited(one)
        if not move_values(definition_id=one.pk) and is_last:
            sweep({registry.table_of(one.record), *copies.list_tables(), *HISTORY})
            with transaction.atomic():
                lock(one.record)
                FieldDefinition.objects.filter(pk=one.pk, moving_since=since).update(moving_since=None)


def _is_awaited(definition: FieldDefinition) -> bool:
    with seeing_everything():
        return copies.is_awaited(Known.of(definition))


def move_values(*, definition_id: int) -> int:
    """Encrypt every value that lies in a record still; how many those were. In batches; may be repeated.

    Copies in the clear are then taken out, and the history of them.
    """
    definition = FieldDefinition.objects.filter(pk=definition_id, is_sealed=True).first()
    if definition is None or definition.moving_since is None:
        return 0
    moved = last = 0
    while batch := _move_batch(definition_id, after=last):
        moved, last = moved + len(batch), max(batch)
    known = Known.of(definition)
    with seeing_everything():
        copies.forget(known)
        # Last: what was changed just now has been captured as it was.
        erase_naming(actor=SYSTEM, table=registry.table_of(known.record), name=known.name, key=known.key)
    return moved


@transaction.atomic
def _move_batch(definition_id: int, *, after: int) -> Collection[int]:
    """The records whose value was moved."""
    definition = FieldDefinition.objects.select_for_update().filter(pk=definition_id, is_sealed=True).first()
    if definition is None:
        return ()
    with seeing_everything():
        return _seal(Known.of(definition), after)


def _seal(known: Known, after: int) -> Collection[int]:
    select = sql.SQL(
        "SELECT id, ({column} -> {key})::text FROM {table} WHERE {column} ? {key} AND id > %s"
        " ORDER BY id LIMIT {batch} FOR UPDATE"
    ).format(**_parts(known))
    remove = sql.SQL("UPDATE {table} SET {column} = {column} - {key} WHERE id = ANY(%s)").format(**_parts(known))
    with connection.cursor() as cursor:
        cursor.execute(select.as_string(None), [after])
        found = {pk: written(known, ExactDecoder().decode(text)) for pk, text in cursor.fetchall()}
        values = {pk: text for pk, text in found.items() if text}
        # What somebody entered meanwhile is newer.
        registry.vault_of(known.record).put(known.name, values, keeps=True)
        if found:
            cursor.execute(remove.as_string(None), [list(found)])
    return found


def _unseal(known: Known, after: int) -> Collection[int]:
    taken = registry.vault_of(known.record).take(known.name, after=after, most=BATCH)
    values = {pk: JSONEncoder().encode(read_back(known, text)) for pk, text in taken.items()}
    update = sql.SQL(
        "UPDATE {table} AS row SET {column} = jsonb_build_object({key}, said.value::jsonb) || row.{column}"
        " FROM unnest(%s::bigint[], %s::text[]) AS said (id, value) WHERE row.id = said.id"
    ).format(**_parts(known))
    if values:
        with connection.cursor() as cursor:
            cursor.execute(update.as_string(None), [list(values), list(values.values())])
    return values


def _parts(known: Known) -> dict[str, Any]:
    return {
        "column": sql.Identifier(registry.COLUMN),
        "key": sql.Literal(known.key),
        "table": sql.Identifier(registry.table_of(known.record)),
        "batch": sql.Literal(BATCH),
    }
