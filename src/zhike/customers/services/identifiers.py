"""Phones, e-mails, addresses and ids of a customer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.text import normal
from zhike.customers.guarded import IDENTIFIER_KEYS, conceal
from zhike.customers.models import Customer, Identifier
from zhike.customers.normalising import normal_value
from zhike.customers.services.changes import Change, record_changes
from zhike.customers.services.search import refresh_search

EDIT = "customers.edit_customer"
MAX_IDENTIFIERS = 100


@dataclass(frozen=True, kw_only=True)
class NewIdentifier:
    """An identifier as it was typed. system: the source system of an external id."""

    kind: str
    value: str
    system: str = ""
    is_primary: bool = False


class IdentifierTaken(DomainError):
    """A unique identifier already names another customer; `customer_id` is set only if the actor may see it."""

    code = "identifier_taken"

    def __init__(self, *, value: str, holder: Customer | None) -> None:
        self.customer_id = holder.pk if holder else None
        self.members = {"customer_id": self.customer_id}
        message = (
            _("“%(value)s” already belongs to %(name)s. Open that customer instead, or change it there first.")
            if holder
            else _("“%(value)s” already belongs to a customer outside your data scope. Ask your administrator.")
        )
        super().__init__(message % {"value": value, "name": holder.name if holder else ""})


class IdentifierRepeated(DomainError):
    """The customer has this identifier already."""

    code = "identifier_repeated"


class _Clash(Exception):
    """One of these rows names another customer."""

    def __init__(self, *, actor: Actor, rows: Sequence[Identifier]) -> None:
        self.actor, self.rows = actor, rows


def naming_holders[**P, T](change: Callable[P, T]) -> Callable[P, T]:
    """Say of an identifier that is another customer's whose it is, once the change's own transaction is undone.

    So the change needs no savepoint around the rows, which would cost each that succeeds two more statements.
    """

    @wraps(change)
    def changed(*args: P.args, **named: P.kwargs) -> T:
        try:
            return change(*args, **named)
        except _Clash as clash:
            for row in clash.rows:
                if held_by := _held_by(row):
                    raise _taken(clash.actor, row, held_by) from None
            raise

    return changed


@naming_holders
@transaction.atomic
def add_identifier(*, actor: Actor, customer_id: int, new: NewIdentifier, at: datetime) -> tuple[Identifier, int]:
    """Give the customer another identifier; returns it with the id of the change.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises ValidationError: the value is not of its kind
    :raises IdentifierTaken, IdentifierRepeated: it is known already
    """
    customer = _lock(actor, customer_id)
    if new.kind in IDENTIFIER_KEYS:
        fields.require_write(actor, IDENTIFIER_KEYS[new.kind])
    held = list(Identifier.objects.filter(customer=customer, kind=new.kind))
    if len(held) >= MAX_IDENTIFIERS:
        raise ValidationError({"value": _("A customer has at most %(count)s of these.") % {"count": MAX_IDENTIFIERS}})
    wanted = normal_value(new.kind, new.value)
    if any(one.value_normal == wanted and one.system == new.system for one in held):
        raise IdentifierRepeated(_("This customer already has it."))
    if new.is_primary:
        Identifier.objects.filter(customer=customer, kind=new.kind).update(is_primary=False)
    kinds_held = [new.kind] if held else []
    (added,) = insert_identifiers(
        actor=actor, customer=customer, new=[new], source="hand", at=at, kinds_held=kinds_held
    )
    return added, _finish(actor, customer, added, "", added.value, at)


@naming_holders
@transaction.atomic
def change_identifier(*, actor: Actor, identifier_id: int, value: str, at: datetime) -> tuple[Identifier, int | None]:
    """Correct an identifier; returns it with the id of the change, None where it was the same.

    :raises Identifier.DoesNotExist: there is none, or not for this actor
    :raises ValidationError, IdentifierTaken, IdentifierRepeated: as for a new one
    """
    identifier = get_for_edit(actor=actor, identifier_id=identifier_id)
    before, shown = identifier.value, normal.one_line(value)
    if shown == before:
        return identifier, None
    identifier.value, identifier.value_normal = shown, normal_value(identifier.kind, value)
    others = Identifier.objects.filter(customer_id=identifier.customer_id, kind=identifier.kind).exclude(
        pk=identifier.pk
    )
    if others.filter(value_normal=identifier.value_normal, system=identifier.system).exists():
        raise IdentifierRepeated(_("This customer already has it."))
    identifier.version += 1
    try:
        identifier.save(update_fields=["value", "value_normal", "version"])
    except IntegrityError as problem:
        raise _Clash(actor=actor, rows=[identifier]) from problem
    return identifier, _finish(actor, identifier.customer, identifier, before, identifier.value, at)


@transaction.atomic
def remove_identifier(*, actor: Actor, identifier_id: int, at: datetime) -> int:
    """Take an identifier away; returns the id of the change.

    :raises Identifier.DoesNotExist: there is none, or not for this actor
    """
    identifier = get_for_edit(actor=actor, identifier_id=identifier_id)
    removed_id, customer = identifier.pk, identifier.customer
    identifier.delete()
    if identifier.is_primary:
        heir = Identifier.objects.filter(customer=customer, kind=identifier.kind).order_by("pk").first()
        if heir:
            Identifier.objects.filter(pk=heir.pk).update(is_primary=True)
    identifier.pk = removed_id
    return _finish(actor, customer, identifier, identifier.value, "", at)


@transaction.atomic
def make_primary(*, actor: Actor, identifier_id: int) -> Identifier:
    """Put an identifier first among those of its kind.

    :raises Identifier.DoesNotExist: there is none, or not for this actor
    """
    identifier = get_for_edit(actor=actor, identifier_id=identifier_id)
    same = Identifier.objects.filter(customer_id=identifier.customer_id, kind=identifier.kind)
    same.exclude(pk=identifier.pk).update(is_primary=False)
    same.filter(pk=identifier.pk).update(is_primary=True)
    identifier.is_primary = True
    return identifier


def get_for_edit(*, actor: Actor, identifier_id: int) -> Identifier:
    rows = Identifier.objects.visible_to(actor).select_related("customer").select_for_update(of=("self", "customer"))
    identifier = rows.get(pk=identifier_id)
    require(actor, EDIT, record=identifier.customer)
    fields.require_write(actor, IDENTIFIER_KEYS[identifier.kind])
    return identifier


def insert_identifiers(
    *,
    actor: Actor,
    customer: Customer,
    new: Sequence[NewIdentifier],
    source: str,
    at: datetime,
    kinds_held: Sequence[str] = (),
) -> list[Identifier]:
    """Write identifiers of a customer that the caller holds; the first of a kind is its primary one.

    kinds_held: kinds of which the customer has some already.

    To be called within what is `naming_holders`.

    :raises ValidationError: a value is not of its kind
    :raises _Clash: a unique one names another customer
    """
    rows: dict[tuple[str, str, str], Identifier] = {}
    with_primary = {*kinds_held, *(one.kind for one in new if one.is_primary)}
    for one in new:
        if one.kind not in Identifier.Kind.values:
            raise ValidationError({"kind": _("Choose one of the list.")})
        fields.require_write(actor, IDENTIFIER_KEYS[one.kind])
        system = normal.one_line(one.system)[:50]
        if (one.kind == Identifier.Kind.EXTERNAL) is not bool(system):
            raise ValidationError({"system": _("An external id, and nothing else, names the system it comes from.")})
        value_normal = normal_value(one.kind, one.value)
        is_first = one.kind not in with_primary and not any(kind == one.kind for kind, _s, _v in rows)
        rows[one.kind, system, value_normal] = Identifier(
            customer=customer,
            kind=one.kind,
            system=system,
            value=normal.one_line(one.value),
            value_normal=value_normal,
            strength=Identifier.STRENGTHS[one.kind],
            source=source[:50],
            is_primary=one.is_primary or is_first,
            created_at=at,
        )
    try:
        return Identifier.objects.bulk_create(rows.values())
    except IntegrityError as problem:
        unique = [row for row in rows.values() if row.strength == Identifier.Strength.UNIQUE]
        raise _Clash(actor=actor, rows=unique) from problem


def _held_by(row: Identifier) -> list[int]:
    """Whose it is already, whether the actor sees them or not."""
    same = Identifier.objects.filter(
        kind=row.kind, system=row.system, value_normal=row.value_normal, strength=Identifier.Strength.UNIQUE
    )
    with seeing_everything():
        return list(same.exclude(pk=row.pk).values_list("customer_id", flat=True))


def _taken(actor: Actor, row: Identifier, held_by: Sequence[int]) -> IdentifierTaken:
    holder = Customer.objects.visible_to(actor).filter(pk__in=held_by).first()
    return IdentifierTaken(value=row.value, holder=conceal(actor, holder) if holder else None)


def _lock(actor: Actor, customer_id: int) -> Customer:
    customer = Customer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=customer_id)
    require(actor, EDIT, record=customer)
    return customer


def _finish(actor: Actor, customer: Customer, row: Identifier, before: str, after: str, at: datetime) -> int:
    Customer.objects.filter(pk=customer.pk).update(version=customer.version + 1, updated_at=at)
    refresh_search(customer_ids=[customer.pk])
    change = Change(
        field="identifier", before=before, after=after, kind=row.kind, system=row.system, identifier_id=row.pk
    )
    return record_changes(actor=actor, customer=customer, changes=[change], at=at)
