"""Encrypted fields of customers: opening them, and finding by them without opening any."""

from collections.abc import Buffer, Callable, Mapping, Sequence
from typing import Any

from django.db.models import OuterRef, Subquery

from zhike.accounts import field_keys
from zhike.accounts.models import FieldKey
from zhike.core import envelope
from zhike.customers.models import SealedValue

ID_NUMBER = "id_number"
TABLE = SealedValue._meta.db_table


def place_of(field: str, customer_id: int) -> str:
    """What a value is bound to, so that its bytes open nowhere else."""
    return f"{TABLE}/{field}/{customer_id}"


def seal(field: str, customer_id: int, text: str) -> dict[str, Any]:
    """The columns of a row, under the keys in force; in a transaction, which holds these keys."""
    return sealer(field)(customer_id, text)


def sealer(field: str) -> Callable[[int, str], dict[str, Any]]:
    """`seal` for many rows of one transaction: the keys are looked up once."""
    key, index_key = field_keys.newest(FieldKey.Use.VALUES), field_keys.newest(FieldKey.Use.INDEX)
    opened, opened_index = field_keys.open_key(key.pk), field_keys.open_key(index_key.pk)

    def sealed(customer_id: int, text: str) -> dict[str, Any]:
        return {
            "sealed": envelope.seal(opened, text, place=place_of(field, customer_id)),
            "key": key,
            "blind_index": envelope.blind_index(opened_index, text, field=field),
            "index_key": index_key,
        }

    return sealed


def open_sealed(field: str, customer_id: int, sealed: Buffer, key_id: int) -> str:
    """
    :raises zhike.core.envelope.SealBroken: it was tampered with, or moved here from another customer
    """
    return envelope.unseal(field_keys.open_key(key_id), bytes(sealed), place=place_of(field, customer_id))


def read_sealed(field: str, customer_id: int) -> str:
    """The value of a customer whom the caller has found visible; empty where there is none."""
    row = SealedValue.objects.filter(customer=customer_id, field=field).values_list("sealed", "key_id").first()
    return open_sealed(field, customer_id, *row) if row else ""


def columns(field: str) -> Mapping[str, Any]:
    """Annotations of a query of customers that `open_row` opens."""
    mine = SealedValue.objects.filter(customer=OuterRef("pk"), field=field)
    return {f"sealed_{field}": Subquery(mine.values("sealed")), f"key_{field}": Subquery(mine.values("key_id"))}


def open_row(field: str, row: dict[str, Any], *, customer_id: int) -> str:
    """The value of a row with `columns`, which go."""
    sealed, key_id = row.pop(f"sealed_{field}"), row.pop(f"key_{field}")
    return open_sealed(field, customer_id, sealed, key_id) if sealed else ""


def digests(field: str, text: str) -> Sequence[str]:
    """What rows with exactly this value carry: one for each key in force."""
    keys = field_keys.list_open(FieldKey.Use.INDEX)
    return [envelope.blind_index(key, text, field=field) for _key_id, key in keys]
