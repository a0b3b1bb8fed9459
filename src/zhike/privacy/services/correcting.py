"""What is wrong about a person is put right by the services that edit, and before and after stay with the request."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import SYSTEM, Actor, Sight
from zhike.customers.guarded import IDENTIFIER_KEYS, key
from zhike.customers.labels import LABELS
from zhike.customers.models import Customer, Identifier
from zhike.customers.services import identifiers, people
from zhike.privacy.models import Request
from zhike.privacy.permissions import HANDLE
from zhike.privacy.services.requests import RequestUnfit, get_open

COLUMNS = ("name", "birthday_on", "country", "province", "city")
PREFIX = "identifier_"


@dataclass(frozen=True, kw_only=True)
class Correctable:
    """Something that may be wrong. name: "city", or "identifier_7"; an identifier goes where nothing is put in."""

    name: str
    label: str | Promise
    value: str


def list_correctable(*, actor: Actor, customer_id: int) -> list[Correctable]:
    """What is held in fields about the person, as far as the actor reads it."""
    require(actor, HANDLE)
    reader = fields.as_clerk(actor)
    with seeing_everything():
        customer = Customer.objects.get(pk=customer_id)
        found = [
            Correctable(name=name, label=LABELS[name], value=people.written(customer, name))
            for name in COLUMNS
            if fields.sight(reader, key(name)) >= Sight.READ
        ]
        rows = (
            Identifier.objects.filter(customer=customer).exclude(kind=Identifier.Kind.EXTERNAL).order_by("kind", "pk")
        )
        return found + [
            Correctable(name=f"{PREFIX}{one.pk}", label=Identifier.Kind(one.kind).label, value=one.value)
            for one in rows
            if fields.sight(reader, IDENTIFIER_KEYS[one.kind]) >= Sight.READ
        ]


@transaction.atomic
def correct(*, actor: Actor, request_id: int, wanted: Mapping[str, str], at: datetime) -> Request:
    """Put right what the person says is wrong, whoever owns the record.

    wanted: names as `list_correctable` gives them, to the values that are right.

    :raises RequestUnfit: it asks for something else, the identity was not checked, or nothing is different
    :raises zhike.privacy.services.requests.RequestClosed: it was answered
    :raises ValidationError, DomainError: as for the edits that this is made of
    """
    row = get_open(actor, request_id)
    if row.kind != Request.Kind.CORRECT or row.customer_id is None:
        raise RequestUnfit(_("This request does not ask for a correction."))
    if not row.identity:
        raise RequestUnfit(_("First note how you made sure that it is this person who asks."))
    offered = {one.name: one for one in list_correctable(actor=actor, customer_id=row.customer_id)}
    if wanted.keys() - offered.keys():
        raise RequestUnfit(_("There is no such field."))
    changed = {name: value.strip() for name, value in wanted.items() if value.strip() != offered[name].value}
    if not changed:
        raise RequestUnfit(_("Nothing is different."))
    # The desk's own permission opens every record, as it does for erasing one.
    clerk = replace(SYSTEM, user_id=actor.user_id, name=actor.name, request_id=actor.request_id)
    with seeing_everything():
        columns = {name: value for name, value in changed.items() if not name.startswith(PREFIX)}
        if columns:
            people.edit_customer(actor=clerk, customer_id=row.customer_id, changes=columns, at=at)
        for name in changed.keys() - columns.keys():
            number = int(name.removeprefix(PREFIX))
            if changed[name]:
                identifiers.change_identifier(actor=clerk, identifier_id=number, value=changed[name], at=at)
            else:
                identifiers.remove_identifier(actor=clerk, identifier_id=number, at=at)
    row.changes = [
        *row.changes,
        *(
            {"field": name, "label": str(offered[name].label), "before": offered[name].value, "after": value}
            for name, value in changed.items()
        ),
    ]
    row.save(update_fields=["changes"])
    return row
