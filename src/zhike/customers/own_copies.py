"""Where values of customers' own fields lie besides the customers, so that they can be taken out of there."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from simplejson import JSONEncoder

from zhike.audit.services import erase_history
from zhike.core.actor import SYSTEM
from zhike.core.merging import successor_of
from zhike.customers import sealed
from zhike.customers.models import Customer, SealedValue
from zhike.customers.vault import CustomerVault, list_sealed
from zhike.exchange.models import Import
from zhike.exchange.staging import drop_staging
from zhike.metadata import copies
from zhike.metadata.kinds import Known, read_back, written
from zhike.recovery.kinds import Collision

Status = Import.Status

# The time line's own record of changes: that it changed, and no longer to what.
_COVERED = """(
    SELECT jsonb_agg(CASE WHEN one ->> 'field' = %(name)s THEN one || jsonb_build_object(
            'before', CASE one ->> 'before' WHEN '' THEN '' ELSE %(mark)s END,
            'after', CASE one ->> 'after' WHEN '' THEN '' ELSE %(mark)s END)
        ELSE one END ORDER BY place)::text
    FROM jsonb_array_elements(({text})::jsonb) WITH ORDINALITY AS said (one, place))"""
_CHANGES = f"""
    UPDATE customers_activity SET text = {_COVERED.format(text="text")}
    WHERE kind = 'change' AND position('"' || %(name)s || '"' IN text) > 0
        AND text IS DISTINCT FROM {_COVERED.format(text="text")}
"""  # noqa: S608
_BINNED_CHANGES = f"""
    UPDATE recovery_binned SET rows = jsonb_set(rows, '{{customers_activity}}', (
        SELECT jsonb_agg(CASE
            WHEN kept ->> 'kind' = 'change' AND position('"' || %(name)s || '"' IN kept ->> 'text') > 0
            THEN jsonb_set(kept, '{{text}}', to_jsonb({_COVERED.format(text="kept ->> 'text'")})) ELSE kept END
            ORDER BY number)
        FROM jsonb_array_elements(rows -> 'customers_activity') WITH ORDINALITY AS each (kept, number)))
    WHERE position(%(name)s IN (rows -> 'customers_activity')::text) > 0
"""  # noqa: S608
# Undoing the import leaves the field as it is.
_UNDO = """
    UPDATE exchange_importchange SET before = before #- ARRAY['custom', %(key)s]
    WHERE "table" = 'customers_customer' AND before -> 'custom' ? %(key)s
"""
_BINNED = """
    SELECT id, record_id, rows -> %s -> 0 -> 'custom' ->> %s FROM recovery_binned
    WHERE kind = %s AND rows -> %s -> 0 -> 'custom' ? %s AND id > %s ORDER BY id LIMIT %s FOR UPDATE
"""
_BINNED_VALUES = """
    SELECT id, record_id, kept::text FROM recovery_binned, jsonb_array_elements(rows -> %(values)s) AS kept
    WHERE kind = %(kind)s AND kept ->> 'field' = %(name)s
"""
_WITHOUT = """
    UPDATE recovery_binned SET rows = jsonb_set(rows, ARRAY[%(values)s], (
        SELECT coalesce(jsonb_agg(kept), '[]') FROM jsonb_array_elements(rows -> %(values)s) AS kept
        WHERE kept ->> 'field' <> %(name)s))
    WHERE id = %(id)s
"""
_INTO_COLUMN = """
    UPDATE recovery_binned SET rows = jsonb_set(rows, ARRAY[%(table)s, '0', 'custom'],
        %(value)s::jsonb || (rows -> %(table)s -> 0 -> 'custom'))
    WHERE id = %(id)s
"""
CODE = "customers.customer"
BATCH = 200  # customers in the bin, each with all that hung on it
_KEPT = (Status.RECOGNISED, Status.PREVIEWED, Status.FAILED, Status.CANCELLED)


def register() -> None:
    copies.declare("customers_activity", _CHANGES)
    copies.declare("recovery_binned", _BINNED_CHANGES, _in_bin)
    copies.declare("exchange_importchange", _UNDO)
    copies.declare("exchange_import", _samples, drop_staged)
    copies.declare_return(_out_of_bin, drop_staged)
    copies.declare_running(
        "SELECT FROM exchange_import WHERE status IN ('staging', 'applying', 'undoing')"
        " AND EXISTS (SELECT FROM jsonb_each_text(mapping) AS said WHERE said.value = %(name)s)"
    )
    copies.declare("accounts_savedview", copies.without_values("accounts_savedview"))
    copies.declare("exports_schedule", copies.without_values("exports_schedule"))
    copies.declare("exports_export", copies.without_values("exports_export", also="sentence"))


def taken_from_bin(binned_ids: Sequence[int]) -> list[Collision]:
    """Before customers come back: values that only one may have and that another has by now, which stay behind."""
    found = []
    for one in (one for one in list_sealed() if one.is_unique):
        CustomerVault().hold(one.name)
        with connection.cursor() as cursor:
            cursor.execute(_BINNED_VALUES + " AND id = ANY(%(ids)s)", {**_told(one), "ids": list(binned_ids)})
            for pk, customer_id, kept in cursor.fetchall():
                row = json.loads(kept)
                mine = [customer_id, successor_of(customer_id)]
                text = sealed.open_sealed(one.name, customer_id, bytes.fromhex(row["sealed"][2:]), row["key_id"])
                held = SealedValue.objects.filter(field=one.name, blind_index__in=sealed.digests(one.name, text))
                if held.exclude(customer__in=mine).exists():
                    cursor.execute(_WITHOUT, {**_told(one), "id": pk})
                    found.append(
                        Collision(said=_("%(field)s: another customer has this value by now.") % {"field": one.named})
                    )
    return found


def _out_of_bin(known: Known) -> None:
    """Values of customers in the recycle bin go back into the column that they come back with."""
    with connection.cursor() as cursor:
        cursor.execute(_BINNED_VALUES, _told(known))
        for pk, customer_id, kept in cursor.fetchall():
            row = json.loads(kept)
            text = sealed.open_sealed(known.name, customer_id, bytes.fromhex(row["sealed"][2:]), row["key_id"])
            value = JSONEncoder().encode({known.key: read_back(known, text)})
            cursor.execute(_WITHOUT, {**_told(known), "id": pk})
            cursor.execute(_INTO_COLUMN, {**_told(known), "id": pk, "value": value})


def _told(known: Known) -> dict[str, Any]:
    return {"table": Customer._meta.db_table, "values": SealedValue._meta.db_table, "name": known.name, "kind": CODE}


def _samples(known: Known) -> None:
    """What pages of imports show of the file, and what their history said of refused rows."""
    for pk in _list_mapping(known, Import.objects.exclude(sample=[], refused_rows=[])):
        with transaction.atomic():
            Import.objects.filter(pk=pk).update(sample=[], refused_rows=[])
            erase_history(actor=SYSTEM, subject=Import._meta.db_table, subject_id=pk)


def _in_bin(known: Known) -> None:
    """Customers in the recycle bin keep the value, encrypted, and come back with it."""
    last: int | None = 0
    while last is not None:
        last = _seal_binned(known, last)


@transaction.atomic
def _seal_binned(known: Known, after: int) -> int | None:
    """The last of a piece; None where nothing is left."""
    table, values = Customer._meta.db_table, SealedValue._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_BINNED, [table, known.key, CODE, table, known.key, after, BATCH])
        found = cursor.fetchall()
        for pk, customer_id, text in found:
            row = sealed.seal(known.name, customer_id, written(known, text))
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [values])
            kept = {
                "id": cursor.fetchone()[0],
                "customer_id": customer_id,
                "field": known.name,
                "sealed": "\\x" + row["sealed"].hex(),
                "key_id": row["key"].pk,
                "blind_index": row["blind_index"],
                "index_key_id": row["index_key"].pk,
                "version": 1,
                "import_id": None,
            }
            cursor.execute(
                "UPDATE recovery_binned SET rows = jsonb_set(rows #- ARRAY[%s, '0', 'custom', %s], ARRAY[%s],"
                " coalesce(rows -> %s, '[]') || %s::jsonb) WHERE id = %s",
                [table, known.key, values, values, json.dumps([kept]), pk],
            )
    return found[-1][0] if found else None


def drop_staged(known: Known) -> None:
    """Files that were read and not brought in yet are read anew."""
    for pk in _list_mapping(known, Import.objects.filter(status__in=_KEPT, merged_at=None)):
        waiting = Import.objects.filter(pk=pk, status__in=_KEPT)
        with transaction.atomic():
            is_read = waiting.filter(status=Status.PREVIEWED).update(status=Status.RECOGNISED, row_count=0)
            if is_read or waiting.exists():
                drop_staging(pk)


def _list_mapping(known: Known, jobs: QuerySet[Import]) -> list[int]:
    """Those of these imports that bring the field."""
    found = jobs.order_by("pk").values_list("pk", "mapping")
    return [pk for pk, mapping in found if known.name in mapping.values()]
