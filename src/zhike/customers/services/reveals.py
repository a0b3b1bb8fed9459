"""Seeing a masked value in full: an act of its own, with a reason, counted and recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.services.reveals import spend_reveal
from zhike.audit.services import record
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor, Sight
from zhike.core.fields import FieldClosed
from zhike.core.money import plain
from zhike.core.text import normal
from zhike.customers import own_fields, vault
from zhike.customers.guarded import ALL_LABELS, IDENTIFIER_KEYS, SEALED, key
from zhike.customers.models import Customer, CustomerFacts, Identifier
from zhike.customers.permissions import REVEAL
from zhike.customers.sealed import read_sealed
from zhike.metadata.saying import say_by_itself

SHORTEST_REASON, LONGEST_REASON = 4, 200


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """The value in full. left: how many more the actor may see today; None where it was no secret to them."""

    value: str
    left: int | None


@transaction.atomic
def reveal_field(
    *, actor: Actor, customer_id: int, name: str, reason: str, at: datetime, identifier_id: int | None = None
) -> Revealed:
    """A field that the actor sees masked, once, in full.

    identifier_id: which of the customer's identifiers; name is then its kind.

    :raises Customer.DoesNotExist, Identifier.DoesNotExist: there is none, or not for this actor
    :raises PermissionDenied: the actor may not, or the field is hidden from them
    :raises ValidationError: no reason is given
    :raises zhike.accounts.services.reveals.RevealsSpent: the limit of the day is reached
    """
    customer = Customer.objects.visible_to(actor).get(pk=customer_id)
    require(actor, REVEAL, record=customer)
    if name not in ALL_LABELS and name not in IDENTIFIER_KEYS and name != "amount" and not own_fields.known_of(name):
        raise Customer.DoesNotExist(name)
    if fields.sight(actor, key(name)) is Sight.HIDDEN:
        raise FieldClosed(fields.get(key(name)))
    value = _value(customer, name, identifier_id)
    told = {"identifier": identifier_id}
    return reveal(actor=actor, field=key(name), value=value, customer_id=customer.pk, reason=reason, at=at, told=told)


def reveal(
    *, actor: Actor, field: str, value: str, customer_id: int, reason: str, at: datetime, told: Mapping[str, Any]
) -> Revealed:
    """Count and record that the actor sees this value; the caller asked whether they may.

    told: what else the history should know. In a transaction, which counting and recording are part of.

    :raises ValidationError: no reason is given
    :raises zhike.accounts.services.reveals.RevealsSpent: the limit of the day is reached
    """
    if fields.sight(actor, field) >= Sight.READ:
        return Revealed(value=value, left=None)
    said = normal.one_line(reason)
    if not SHORTEST_REASON <= len(said) <= LONGEST_REASON or "\0" in said:
        limits = {"least": SHORTEST_REASON, "most": LONGEST_REASON}
        raise ValidationError({"reason": _("Say why, in %(least)s to %(most)s characters.") % limits})
    left = spend_reveal(actor=actor, at=at)
    record(action=REVEAL, subject=Customer._meta.db_table, ids=[customer_id], field=field, reason=said, **told)
    return Revealed(value=value, left=left)


def _value(customer: Customer, name: str, identifier_id: int | None) -> str:
    if name in IDENTIFIER_KEYS:
        return Identifier.objects.get(pk=identifier_id or 0, customer=customer, kind=name).value
    if known := own_fields.known_of(name):
        value = vault.read(known, customer.pk) if known.is_sealed else None
        return say_by_itself(known, customer.custom.get(known.key) if value is None else value)
    if name in SEALED:
        return read_sealed(name, customer.pk)
    if name == "amount":
        bought = CustomerFacts.objects.filter(customer=customer).values_list("amount", flat=True).first()
        return "" if bought is None else plain(bought)
    held = getattr(customer, name) if name != "tags" else None
    return "" if held is None else str(held)
