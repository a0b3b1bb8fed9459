"""Writing encrypted fields, and giving them new keys while everybody goes on working."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from zhike.accounts import field_keys
from zhike.accounts.models import FieldKey
from zhike.core import envelope, fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.text import normal
from zhike.customers import sealed
from zhike.customers.guarded import RECORD, key
from zhike.customers.models import Customer, SealedValue
from zhike.customers.sealed import ID_NUMBER
from zhike.customers.services.changes import Change, record_changes

EDIT = "customers.edit_customer"
BATCH = 500


def normal_id_number(value: str) -> str:
    """Empty for nothing.

    :raises ValidationError: not a valid number; the message does not repeat it
    """
    found, reason = normal.check_id_number(value)
    if reason is not None or "\0" in value:
        raise ValidationError(
            {ID_NUMBER: _("This is not a valid ID number: 18 characters, the last one a check digit.")}
        )
    return found or ""


@transaction.atomic
def put_id_number(*, actor: Actor, customer_id: int, value: str, at: datetime) -> int | None:
    """Keep the customer's ID number, encrypted; empty takes it away. Returns the change's id, None where it was so.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises zhike.core.fields.FieldClosed: the actor may not write it
    :raises ValidationError: not a valid number
    """
    customer = Customer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=customer_id)
    require(actor, EDIT, record=customer)
    fields.require_write(actor, key(ID_NUMBER))
    wanted = normal_id_number(value)
    before = sealed.read_sealed(ID_NUMBER, customer_id)
    if wanted == before:
        return None
    mine = SealedValue.objects.filter(customer=customer, field=ID_NUMBER)
    if not wanted:
        mine.delete()
    else:
        values = sealed.seal(ID_NUMBER, customer_id, wanted)
        SealedValue.objects.update_or_create(
            customer=customer,
            field=ID_NUMBER,
            defaults={**values, "version": F("version") + 1},
            create_defaults=values,
        )
    Customer.objects.filter(pk=customer_id).update(version=customer.version + 1, updated_at=at)
    # The time line says that it changed, and never to what.
    was, became = (fields.COVERED if text else "" for text in (before, wanted))
    change = Change(field=ID_NUMBER, before=was, after=became)
    return record_changes(actor=actor, customer=customer, changes=[change], at=at)


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """How many values were encrypted anew, and how many old keys could go."""

    values: int
    keys_retired: int


def rotate_keys(*, at: datetime, with_index: bool) -> Rotated:
    """Give every value a new key, a batch of rows at a time; readers and writers go on with either.

    with_index: the key of the exact search as well. Until the last row has the new one, both are asked.
    """
    new = field_keys.make(FieldKey.Use.VALUES, at=at)
    index = field_keys.make(FieldKey.Use.INDEX, at=at) if with_index else field_keys.newest_known(FieldKey.Use.INDEX)
    done = 0
    while count := _reseal_batch(new, index):
        done += count
    retired = sum(field_keys.retire(before=key, outside=_keys_outside) for key in (new, index) if key is not None)
    return Rotated(values=done, keys_retired=retired)


def _keys_outside() -> set[int]:
    """Keys that customers in the recycle bin come back with, and values that undoing an import puts back."""
    with seeing_everything(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT (kept ->> 'key_id')::bigint, (kept ->> 'index_key_id')::bigint FROM recovery_binned,"
            " jsonb_array_elements(rows -> %(table)s) AS kept"
            " UNION SELECT (before ->> 'key_id')::bigint, (before ->> 'index_key_id')::bigint"
            ' FROM exchange_importchange WHERE "table" = %(table)s',
            {"table": SealedValue._meta.db_table},
        )
        return {key for row in cursor.fetchall() for key in row}


@transaction.atomic
def _reseal_batch(new: FieldKey, index: FieldKey | None) -> int:
    stale = SealedValue.objects.exclude(key_id__gte=new.pk)
    if index is not None:
        stale |= SealedValue.objects.exclude(index_key_id__gte=index.pk)
    rows = list(stale.order_by("pk").select_for_update(of=("self",))[:BATCH])
    for row in rows:
        text = sealed.open_sealed(row.field, row.customer_id, bytes(row.sealed), row.key_id)
        place = sealed.place_of(row.field, row.customer_id)
        row.sealed, row.key = envelope.seal(field_keys.open_key(new.pk), text, place=place), new
        if index is not None and row.index_key_id != index.pk:
            row.blind_index = envelope.blind_index(field_keys.open_key(index.pk), text, field=row.field)
            row.index_key = index
    SealedValue.objects.bulk_update(rows, ["sealed", "key", "blind_index", "index_key"])
    return len(rows)


def merge_sealed(pairs: Sequence[tuple[int, int]]) -> Mapping[int, Any]:
    """Give survivors of a merge what they lack, encrypted anew: a value opens for its own customer only.

    pairs: the customer that is given up, which keeps its own value, and the survivor. Returns the new rows' ids.
    """
    targets = dict(pairs)
    rows = {
        (row.customer_id, row.field): row
        for row in SealedValue.objects.filter(customer__in={*targets, *targets.values()})
    }
    made: dict[tuple[int, str], SealedValue] = {}
    for source, target in pairs:
        for (holder, field), row in rows.items():
            if holder != source or (target, field) in rows or (target, field) in made:
                continue
            text = sealed.open_sealed(field, source, bytes(row.sealed), row.key_id)
            made[target, field] = SealedValue(customer_id=target, field=field, **sealed.seal(field, target, text))
    found: dict[int, list[int]] = {}
    for row in SealedValue.objects.bulk_create(made.values()):
        found.setdefault(row.customer_id, []).append(row.pk)
    return found


def rows_unedited(field: str, customer_ids: Collection[int]) -> dict[int, tuple[int, str]]:
    """Of customers, also in the recycle bin, the rows that nobody edited since they were made, and what they say."""
    held = SealedValue.objects.filter(field=field, customer__in=customer_ids, version=1)
    rows = [(row.customer_id, row.pk, bytes(row.sealed), row.key_id) for row in held]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_id, (kept ->> 'id')::bigint, decode(substr(kept ->> 'sealed', 3), 'hex'),"
            " (kept ->> 'key_id')::bigint FROM recovery_binned, jsonb_array_elements(rows -> %s) AS kept"
            " WHERE kind = %s AND record_id = ANY(%s) AND kept ->> 'field' = %s AND kept ->> 'version' = '1'",
            [SealedValue._meta.db_table, RECORD, list(customer_ids), field],
        )
        rows += cursor.fetchall()
    return {customer: (pk, sealed.open_sealed(field, customer, value, key_id)) for customer, pk, value, key_id in rows}


def undo_merge(customer_id: int, row_ids: Sequence[int]) -> None:
    """Take away what the merge wrote, except what was edited since."""
    SealedValue.objects.filter(customer=customer_id, pk__in=row_ids, version=1).delete()
