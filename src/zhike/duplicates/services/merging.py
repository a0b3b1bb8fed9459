"""Merging customers: any number of them in one step over each table, whatever it is that hangs on them."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from simplejson import JSONEncoder

from zhike.audit import services as audit
from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.events import publish
from zhike.customers.guarded import key
from zhike.customers.models import Customer
from zhike.customers.services.bin import CODE
from zhike.customers.services.merged import put_merged
from zhike.duplicates.events import CustomersMerged
from zhike.duplicates.models import Merge, MergedRecord
from zhike.duplicates.permissions import MERGE
from zhike.duplicates.pointers import find_successor
from zhike.duplicates.ranking import ranks_of
from zhike.duplicates.reparenting import Journal, reparent
from zhike.duplicates.rules import Rules, get_rules
from zhike.duplicates.services.inheriting import take_over
from zhike.duplicates.survivorship import UNITS, Party, resolve
from zhike.recovery.services import put_away

MOST = 2000  # customers in one step
MOST_INTO_ONE = 100
TABLE = Customer._meta.db_table


class NothingToMerge(DomainError):
    code = "nothing_to_merge"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Choose at least two customers to merge."))


class TooManyToMerge(DomainError):
    code = "too_many_records"
    status = 422

    def __init__(self, limit: int) -> None:
        super().__init__(_("At most %(limit)s customers at a time.") % {"limit": limit})


class MergeCycle(DomainError):
    """A customer is named twice: as one that stays and one that is given up, or as given up to two."""

    code = "merge_cycle"
    status = 422

    def __init__(self, customer_id: int) -> None:
        self.members = {"customer_id": customer_id}
        super().__init__(
            _("Customer %(id)s is named twice: each can stay, or be given up to one other, and not both.")
            % {"id": customer_id}
        )


class MergedAlready(DomainError):
    """Somebody was quicker. `customer_id`: where it is now, if the actor may see it."""

    code = "merged_already"

    def __init__(self, *, given_up: int, survivor: Customer | None) -> None:
        self.members = {"customer_id": survivor.pk if survivor else None}
        said = _("Customer %(id)s has been merged into %(name)s already; nothing else was changed.")
        hidden = _("Customer %(id)s has been merged into a customer outside your data scope already.")
        super().__init__((said if survivor else hidden) % {"id": given_up, "name": survivor.name if survivor else ""})


class CustomerGone(DomainError):
    """Deleted, or erased for good, or never there for this actor."""

    code = "customer_gone"
    status = 404

    def __init__(self, customer_id: int) -> None:
        self.members = {"customer_id": customer_id}
        super().__init__(
            _("Customer %(id)s is not there any more: it was deleted or erased. Nothing was merged.")
            % {"id": customer_id}
        )


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be merged into one customer. choices: unit of `survivorship` to the record whose value stays."""

    survivor_id: int
    record_ids: Sequence[int]
    choices: Mapping[str, int] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        return [self.survivor_id, *self.record_ids]


def merge_customers(
    *,
    actor: Actor,
    survivor_id: int,
    record_ids: Sequence[int],
    at: datetime,
    choices: Mapping[str, int] | None = None,
    origin: str = Merge.Origin.HAND,
) -> Merge:
    """Merge customers into one of them; everything that hangs on them goes over.

    :raises: as `merge_many`
    """
    wanted = Wanted(survivor_id=survivor_id, record_ids=list(dict.fromkeys(record_ids)), choices=choices or {})
    return merge_many(actor=actor, wanted=[wanted], at=at, origin=origin)[0]


@transaction.atomic
def merge_many(*, actor: Actor, wanted: Sequence[Wanted], at: datetime, origin: str = Merge.Origin.HAND) -> list[Merge]:
    """Merge several groups of customers at once; all of it happens, or nothing.

    :raises PermissionDenied: the actor may not merge, or not all of these, or not choose such a value
    :raises NothingToMerge, TooManyToMerge, MergeCycle: what was asked for makes no sense
    :raises MergedAlready, CustomerGone: somebody was quicker
    :raises ValidationError: a choice names no field, or a record that is not among these
    """
    require(actor, MERGE)
    _check(wanted)
    rules = get_rules()
    held = _hold(actor, {record for one in wanted for record in one.ids})
    pairs = [(record, one.survivor_id) for one in wanted for record in one.record_ids]
    with seeing_everything():
        ranks = ranks_of(held.keys(), rules)
        changes = {one.survivor_id: _resolve(actor, one, held=held, ranks=ranks, rules=rules) for one in wanted}
        journal = reparent(pairs)
        put_away(actor=actor, kind=CODE, record_ids=[source for source, _target in pairs], at=at)
        put_merged(
            changes={
                held[pk]: {column: after for column, (_before, after) in found.items()} for pk, found in changes.items()
            },
            at=at,
        )
        made = _write_down(actor, wanted, changes=changes, journal=journal, origin=origin, at=at)
    for one in wanted:
        publish(CustomersMerged(survivor_id=one.survivor_id, record_ids=list(one.record_ids)))
    return made


def _check(wanted: Sequence[Wanted]) -> None:
    if not wanted or any(not one.record_ids for one in wanted):
        raise NothingToMerge
    if any(len(one.ids) > MOST_INTO_ONE for one in wanted):
        raise TooManyToMerge(MOST_INTO_ONE)
    seen: set[int] = set()
    for one in wanted:
        for record in one.ids:
            if record in seen:
                raise MergeCycle(record)
            seen.add(record)
        for unit, record in one.choices.items():
            if unit not in UNITS or record not in one.ids:
                raise ValidationError({"choices": _("Choose a field, and one of the customers that are merged.")})
    if len(seen) > MOST:
        raise TooManyToMerge(MOST)


def _hold(actor: Actor, ids: Collection[int]) -> dict[int, Customer]:
    """The customers, locked in the order of their numbers, so that two who merge the same ones wait for each other."""
    rows = Customer.objects.visible_to(actor).filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
    found = {customer.pk: customer for customer in rows}
    for missing in sorted(set(ids) - found.keys()):
        successor = find_successor(missing)
        if successor is None:
            raise CustomerGone(missing)
        raise MergedAlready(given_up=missing, survivor=Customer.objects.visible_to(actor).filter(pk=successor).first())
    if not actor.reach_of(MERGE).is_all:
        reached = set(Customer.objects.within(actor, MERGE).filter(pk__in=ids).values_list("pk", flat=True))
        if reached != found.keys():
            raise PermissionDenied(MERGE)
    return found


def _resolve(
    actor: Actor, one: Wanted, *, held: Mapping[int, Customer], ranks: Mapping[int, int], rules: Rules
) -> dict[str, tuple[object, object]]:
    for unit in one.choices:
        for name in {column.removesuffix("_id") for column in UNITS[unit]}:
            fields.require_write(actor, key(name))
    parties = [Party(customer=held[pk], rank=ranks[pk]) for pk in one.ids]
    return resolve(parties, rules=rules.by_unit, choices=one.choices)


def _write_down(
    actor: Actor,
    wanted: Sequence[Wanted],
    *,
    changes: Mapping[int, Mapping[str, tuple[object, object]]],
    journal: Journal,
    origin: str,
    at: datetime,
) -> list[Merge]:
    batch = uuid.uuid4()
    made = Merge.objects.bulk_create(
        Merge(
            survivor_id=one.survivor_id,
            merged_by_id=actor.user_id,
            merged_at=at,
            origin=origin,
            batch=batch,
            fields={
                column: [_text(before), _text(after)] for column, (before, after) in changes[one.survivor_id].items()
            },
            journal=journal.of_survivor(one.survivor_id),
            entry_id=audit.record(action=MERGE, subject=TABLE, ids=one.ids),
        )
        for one in wanted
    )
    records = [record for one in wanted for record in one.record_ids]
    # Of earlier merges whose survivor is gone for good, so that what was given up came back by itself.
    MergedRecord.objects.filter(record_id__in=records, is_undone=False).update(is_undone=True)
    MergedRecord.objects.bulk_create(
        MergedRecord(merge=merge, record_id=record, moved=journal.moved.get(record, {}))
        for merge, one in zip(made, wanted, strict=True)
        for record in one.record_ids
    )
    take_over([merge.pk for merge in made])
    return made


def _text(value: object) -> str | None:
    if isinstance(value, dict):
        return JSONEncoder(sort_keys=True).encode(value)
    return None if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
