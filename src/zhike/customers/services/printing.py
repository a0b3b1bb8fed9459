"""A customer on paper is an export of one: it leaves the house, and is recorded as such."""

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db import transaction

from zhike.audit.services import record
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.fields import Care
from zhike.customers.guarded import ACTIVITY, IDENTIFIER_KEYS, RECORD, key
from zhike.customers.models import EXPORT, Customer
from zhike.customers.permissions import CONTAINED
from zhike.customers.sealed import ID_NUMBER
from zhike.customers.selectors.record import Record


@transaction.atomic
def note_print(*, actor: Actor, found: Record, has_entries: bool) -> list[str]:
    """Write down that the actor takes this customer along on paper; nothing where what is personal is masked, hidden
    or empty. Returns the names of the fields that are there in full.

    :raises PermissionDenied: the actor may not export the customer
    """
    require(actor, EXPORT)
    if not Customer.objects.within(actor, EXPORT).filter(pk=found.customer.pk).exists():
        raise PermissionDenied(EXPORT)
    shown = _shown_in_full(actor, found, has_entries=has_entries)
    if shown:
        record(action=EXPORT, format="print", columns=shown)
        record(
            action=CONTAINED, subject=Customer._meta.db_table, ids=[found.customer.pk], format="print", columns=shown
        )
    return shown


def _shown_in_full(actor: Actor, found: Record, *, has_entries: bool) -> list[str]:
    held: Sequence[str] = [
        *(name for name in ("name", "birthday_on", "note") if getattr(found.customer, name)),
        *([ID_NUMBER] if found.id_number else []),
        *dict.fromkeys(one.kind for one in found.identifiers if one.kind in IDENTIFIER_KEYS),
        *(["activity"] if has_entries else []),
    ]
    own = [one.name for one in fields.list_fields(RECORD) if one.care is not Care.PLAIN and _has_own(found, one.name)]
    keys = {name: ACTIVITY if name == "activity" else key(name) for name in (*held, *own)}
    return [name for name, field in keys.items() if fields.reads(actor, [field])]


def _has_own(found: Record, name: str) -> bool:
    holder, dot, own = name.partition(".")
    return bool(dot) and own in (getattr(found.customer, holder, None) or {})
