"""Encrypted fields of customers: opening them, and finding by them without opening any."""

import re
from collections.abc import Buffer, Callable, Mapping, Sequence
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from zhike.accounts import field_keys
from zhike.accounts.models import FieldKey
from zhike.core import envelope
from zhike.core.lists.grammar import FilterInvalid
from zhike.customers.models import SealedValue

ID_NUMBER = "id_number"
TABLE = SealedValue._meta.db_table
_MARK = re.compile("(?:([0-9]{1,18})-)?([0-9a-f]{64})", re.ASCII)
_NO_KEY = "0-" + "0" * 64


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
    return [envelope.blind_index(key, text, field=field) for _pk, key in _index_keys()]


def marks(field: str, text: str) -> Sequence[str]:
    """What a list's address carries in place of the value: its digests, with the keys that they are of."""
    # Before the first value is kept there is no key, and nobody to find.
    return [f"{pk}-{envelope.blind_index(key, text, field=field)}" for pk, key in _index_keys()] or [_NO_KEY]


def digests_marked(given: Sequence[str]) -> Sequence[str]:
    """The digests of `marks` that were made at any time before.

    :raises FilterInvalid: that is no mark; or a key has come since, so that not all, or nobody, would be found
    """
    found = [_MARK.fullmatch(one) for one in given]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        raise FilterInvalid(_("Encrypted values stand in no address. Use “Find by an encrypted value”."))
    if not {pk for pk, _key in _index_keys()} <= {int(one[1] or 0) for one in known}:
        raise FilterInvalid(
            _("The keys of encrypted values were renewed after this filter was made. Look for the value once more.")
        )
    return [one[2] for one in known]


def _index_keys() -> Sequence[tuple[int, bytes]]:
    return field_keys.list_open(FieldKey.Use.INDEX)
