"""What a person says is wrong is kept as a proposal, until somebody decides about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor, Sight
from zhike.customers.guarded import IDENTIFIER_KEYS, key
from zhike.customers.labels import LABELS
from zhike.customers.models import Customer, Identifier
from zhike.customers.services import people
from zhike.privacy.models import Proposal, Request
from zhike.privacy.permissions import HANDLE
from zhike.privacy.services.requests import RequestUnfit, get_open

COLUMNS = ("name", "birthday_on", "country", "province", "city")
PREFIX = "identifier_"


@dataclass(frozen=True, kw_only=True)
class Correctable:
    """Something that may be wrong. name: "city", or "identifier_7"; an identifier goes where nothing is put in.

    key: the field of the permissions.
    """

    name: str
    key: str
    label: str | Promise
    value: str


def list_correctable(*, actor: Actor, customer_id: int) -> list[Correctable]:
    """What is held in fields about the person, as far as the actor reads it."""
    require(actor, HANDLE)
    reader = fields.as_clerk(actor)
    with seeing_everything():
        customer = Customer.objects.get(pk=customer_id)
        found = [
            Correctable(name=name, key=key(name), label=LABELS[name], value=people.written(customer, name))
            for name in COLUMNS
            if fields.sight(reader, key(name)) >= Sight.READ
        ]
        rows = (
            Identifier.objects.filter(customer=customer).exclude(kind=Identifier.Kind.EXTERNAL).order_by("kind", "pk")
        )
        return found + [
            Correctable(
                name=f"{PREFIX}{one.pk}",
                key=IDENTIFIER_KEYS[one.kind],
                label=Identifier.Kind(one.kind).label,
                value=one.value,
            )
            for one in rows
            if fields.sight(reader, IDENTIFIER_KEYS[one.kind]) >= Sight.READ
        ]


@transaction.atomic
def propose(*, actor: Actor, request_id: int, wanted: Mapping[str, str], at: datetime) -> list[Proposal]:
    """Keep what the person says is right, beside what stands there now; an earlier wish for the same gives way.

    wanted: names as `list_correctable` gives them, to the values that are right; those that stand there already say
    nothing.

    :raises RequestUnfit: it asks for something else, there is no such field, or nothing is different
    :raises zhike.privacy.services.requests.RequestClosed: it was answered
    """
    row, customer_id, offered = open_correction(actor, request_id)
    if wanted.keys() - offered.keys():
        raise RequestUnfit(_("There is no such field."))
    changed = {name: value.strip() for name, value in wanted.items() if value.strip() != offered[name].value}
    if not changed:
        raise RequestUnfit(_("Nothing is different."))
    return [
        Proposal.objects.update_or_create(
            request=row,
            field=name,
            state=Proposal.State.OPEN,
            defaults={
                "customer_id": customer_id,
                "key": offered[name].key,
                "seen": offered[name].value,
                "value": value,
                "proposed_by_id": actor.user_id,
                "proposed_at": at,
            },
        )[0]
        for name, value in changed.items()
    ]


def open_correction(actor: Actor, request_id: int) -> tuple[Request, int, dict[str, Correctable]]:
    """The request, locked, its customer's number, and what can be corrected.

    :raises RequestUnfit: it asks for something else
    :raises zhike.privacy.services.requests.RequestClosed: it was answered
    """
    row = get_open(actor, request_id)
    if row.kind != Request.Kind.CORRECT or row.customer_id is None:
        raise RequestUnfit(_("This request does not ask for a correction."))
    return row, row.customer_id, {one.name: one for one in list_correctable(actor=actor, customer_id=row.customer_id)}


def refuse(proposals: Iterable[Proposal], *, actor: Actor, reason: str, at: datetime) -> None:
    """Leave the record as it is.

    :raises RequestUnfit: there is no reason
    """
    require(actor, HANDLE)
    if not reason:
        raise RequestUnfit(_("Say why it is refused: the person has a right to know."))
    for one in proposals:
        one.state, one.reason, one.decided_by_id, one.decided_at = Proposal.State.REFUSED, reason, actor.user_id, at
        one.save(update_fields=["state", "reason", "decided_by", "decided_at"])
