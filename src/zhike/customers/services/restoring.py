"""Brings a customer and its parts back from the history, by the services that edit them: all their rules hold."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from zhike.core.actor import Actor
from zhike.customers.models import Activity, Collaborator, Customer, CustomerTag, Identifier, Tag
from zhike.customers.services import activities, collaborators, identifiers, people, tags
from zhike.metadata.kinds import HOLDER
from zhike.recovery.kinds import Back, Restorable

CUSTOMER, IDENTIFIER, TAG, COLLABORATOR, ACTIVITY = (
    model._meta.db_table for model in (Customer, Identifier, CustomerTag, Collaborator, Activity)
)
_FIELDS = {column.attname: column.name for column in Customer._meta.concrete_fields if column.name in people.FIELDS}


def _may_activity(actor: Actor, back: Back, now: Mapping[str, Any] | None) -> bool:
    """What somebody wrote is taken away as by hand: by its author, within a day."""
    return back.action != "remove" or now is None or activities.may_remove(actor, now, at=timezone.now())


RESTORABLE = {
    CUSTOMER: Restorable(columns=(*_FIELDS, HOLDER), names=("name",)),
    IDENTIFIER: Restorable(columns=("value", "is_primary"), names=("kind", "system", "value"), is_named=True),
    TAG: Restorable(names=("tag_id",), is_named=True),
    COLLABORATOR: Restorable(columns=("may_edit",), names=("user_id",), is_named=True),
    ACTIVITY: Restorable(columns=("is_pinned",), names=("kind", "text"), may=_may_activity),
}


def put_back(actor: Actor, customer_id: int, backs: Sequence[Back], at: datetime) -> None:
    """What was removed last comes first; the customer's own fields are one edit.

    :raises ValidationError, DomainError: as for the edits that this is made of
    """
    for back in backs:
        if back.table == CUSTOMER and back.action == "change":
            changes = {_FIELDS.get(column, column): value for column, value in back.then.items()}
            people.edit_customer(actor=actor, customer_id=customer_id, changes=changes, at=at)
        elif back.table in _PARTS:
            _PARTS[back.table](actor, customer_id, back, at)
    _put_back_tags(actor, customer_id, [back for back in backs if back.table == TAG], at)


def _identifier(actor: Actor, customer_id: int, back: Back, at: datetime) -> None:
    if back.action == "remove":
        identifiers.remove_identifier(actor=actor, identifier_id=back.row_id, at=at)
    elif back.action == "add":
        new = identifiers.NewIdentifier(
            kind=back.then["kind"],
            value=back.then["value"],
            system=back.then.get("system") or "",
            is_primary=bool(back.then.get("is_primary")),
        )
        identifiers.add_identifier(actor=actor, customer_id=customer_id, new=new, at=at)
    else:
        if "value" in back.then:
            identifiers.change_identifier(actor=actor, identifier_id=back.row_id, value=back.then["value"], at=at)
        if back.then.get("is_primary"):
            identifiers.make_primary(actor=actor, identifier_id=back.row_id)


def _put_back_tags(actor: Actor, customer_id: int, backs: Sequence[Back], at: datetime) -> None:
    if not backs:
        return
    held = set(CustomerTag.objects.filter(customer=customer_id).values_list("tag__name", flat=True))
    gone = CustomerTag.objects.filter(pk__in=[back.row_id for back in backs if back.action == "remove"])
    come = Tag.objects.filter(pk__in=[back.then["tag_id"] for back in backs if back.action == "add"])
    names = held - set(gone.values_list("tag__name", flat=True)) | set(come.values_list("name", flat=True))
    tags.set_tags(actor=actor, customer_id=customer_id, names=sorted(names), at=at)


def _collaborator(actor: Actor, customer_id: int, back: Back, at: datetime) -> None:
    if back.action == "remove":
        collaborators.remove_collaborator(actor=actor, collaborator_id=back.row_id)
        return
    user_id = back.then["user_id"] if back.action == "add" else Collaborator.objects.get(pk=back.row_id).user_id
    may_edit = bool(back.then.get("may_edit"))
    collaborators.put_collaborator(actor=actor, customer_id=customer_id, user_id=user_id, may_edit=may_edit, at=at)


def _activity(actor: Actor, customer_id: int, back: Back, at: datetime) -> None:
    if back.action == "change":
        activities.pin_activity(actor=actor, activity_id=back.row_id, is_pinned=bool(back.then["is_pinned"]))
    elif back.action == "remove":
        activities.remove_activity(actor=actor, activity_id=back.row_id, at=at)
    else:
        # Under its old number, so that what else speaks of it still does.
        row: dict[str, Any] = {**back.then, "id": back.row_id, "customer_id": customer_id}
        Activity(**row).save(force_insert=True)


_PARTS: Mapping[str, Callable[[Actor, int, Back, datetime], None]] = {
    IDENTIFIER: _identifier,
    COLLABORATOR: _collaborator,
    ACTIVITY: _activity,
}
