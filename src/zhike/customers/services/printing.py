"""A customer on paper is an export of one: it leaves the house, and is recorded as such."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.db import transaction

from zhike.audit.services import record
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor, Sight
from zhike.core.fields import Care, RecordField
from zhike.customers.guarded import ACTIVITY, IDENTIFIER_KEYS, NAME, RECORD, key
from zhike.customers.models import EXPORT, Customer
from zhike.customers.permissions import CONTAINED
from zhike.customers.sealed import ID_NUMBER
from zhike.customers.selectors.record import Record


def on_paper(actor: Actor) -> Actor:
    """The actor as they read what they print: sensitive fields stay masked, for a file of them asks what it is for."""
    sights = {one.key: _masked(one) for one in fields.list_fields() if one.care is Care.SENSITIVE}
    lower = {key: min(level, fields.sight(actor, key)) for key, level in sights.items()}
    return replace(actor, sights={**actor.sights, **lower})


def _masked(one: RecordField) -> Sight:
    return max((level for level in one.levels if level < Sight.READ), default=Sight.HIDDEN)


@transaction.atomic
def note_print(*, actor: Actor, found: Record, has_entries: bool, panels: Sequence[str]) -> list[str]:
    """Write down that the actor takes this customer along on paper. panels: keys of those that go along. Returns the
    names of the personal fields that are there in full.

    :raises PermissionDenied: the actor may not export the customer
    """
    require(actor, EXPORT)
    if not Customer.objects.within(actor, EXPORT).filter(pk=found.customer.pk).exists():
        raise PermissionDenied(EXPORT)
    shown = _shown_in_full(actor, found, has_entries=has_entries)
    record(action=EXPORT, format="print", columns=shown, panels=list(panels))
    _note_contained([found.customer.pk], columns=shown)
    return shown


@transaction.atomic
def note_others(*, actor: Actor, customer_ids: Collection[int]) -> set[int]:
    """Which of those who stand on somebody's sheet by their name may be taken along so; it is written down of them."""
    if not actor.may(EXPORT) or not fields.reads(actor, [NAME]):
        return set()
    rows = Customer.objects.within(actor, EXPORT).filter(pk__in=customer_ids)
    taken = set(rows.values_list("pk", flat=True))
    if taken:
        _note_contained(sorted(taken), columns=["name"])
    return taken


def _note_contained(ids: list[int], *, columns: list[str]) -> None:
    record(action=CONTAINED, subject=Customer._meta.db_table, ids=ids, format="print", columns=columns)


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
