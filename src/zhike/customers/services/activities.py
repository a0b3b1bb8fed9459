"""What people write into a customer's time line, and taking changes back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.fields import COVERED, require_write
from zhike.customers import attached
from zhike.customers.guarded import ACTIVITY, SEALED
from zhike.customers.models import Activity, Customer, Identifier
from zhike.customers.services import identifiers
from zhike.customers.services.changes import Change, read_changes
from zhike.customers.services.holding import hold_customer
from zhike.customers.services.mentioning import tell_called
from zhike.customers.services.people import edit_customer
from zhike.customers.services.tags import set_tags

EDIT = "customers.edit_customer"
WRITTEN_KINDS = (
    Activity.Kind.FOLLOW_UP,
    Activity.Kind.NOTE,
    Activity.Kind.CALL,
    Activity.Kind.VISIT,
    Activity.Kind.MAIL,
)
MAX_TEXT = 10_000
REMOVABLE_FOR = timedelta(days=1)


class ChangeOverwritten(DomainError):
    """What the change did has been changed again since."""

    code = "change_overwritten"


class ActivityKept(DomainError):
    """Only its author can take an activity back, within a day."""

    code = "activity_kept"


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A file that `services.attaching` has taken in. path: below the home's folder of files."""

    name: str
    path: str


@transaction.atomic
def add_activity(
    *,
    actor: Actor,
    customer_id: int,
    kind: str,
    text: str,
    at: datetime,
    happened_at: datetime | None = None,
    file: Beside | None = None,
) -> Activity:
    """Write down a follow-up, note, call, visit or mail. Colleagues named in it by `@name` hear of it.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises zhike.core.fields.FieldClosed: the actor may not write into the time line
    :raises ValidationError: nothing is said, or it is said to happen in the future
    """
    customer = Customer.objects.visible_to(actor).get(pk=customer_id)
    hold_customer(customer_id=customer_id)
    require(actor, EDIT, record=customer)
    require_write(actor, ACTIVITY)
    said = text.strip()
    if not said or len(said) > MAX_TEXT or "\0" in said:
        raise ValidationError({"text": _("Write between 1 and %(limit)s characters.") % {"limit": MAX_TEXT}})
    if kind not in WRITTEN_KINDS:
        raise ValidationError({"kind": _("Choose one of the list.")})
    if happened_at is not None and happened_at > at:
        raise ValidationError({"happened_at": _("Only what has happened goes into the time line.")})
    activity = Activity.objects.create(
        customer=customer,
        kind=kind,
        text=said,
        happened_at=happened_at or at,
        created_at=at,
        author_id=actor.user_id,
        file_name=file.name if file else "",
        file_path=file.path if file else "",
    )
    if "@" in said:
        tell_called(actor=actor, activity=activity, at=at)
    return activity


@dataclass(frozen=True, kw_only=True)
class Written:
    """An activity as another system has it."""

    customer_id: int
    kind: str
    text: str
    happened_at: datetime
    author_id: int | None


@transaction.atomic
def record_activities(*, actor: Actor, written: Iterable[Written], at: datetime) -> int:
    """Take over activities from another system, many at once; only for those whose customers are all customers.

    :raises PermissionDenied: the actor may not edit every customer
    """
    require(actor, EDIT)
    if not actor.reach_of(EDIT).is_all:
        raise PermissionDenied(EDIT)
    rows = Activity.objects.bulk_create(
        (
            Activity(
                customer_id=one.customer_id,
                kind=one.kind,
                text=one.text,
                happened_at=one.happened_at,
                created_at=at,
                author_id=one.author_id,
            )
            for one in written
        ),
        batch_size=5_000,
    )
    return len(rows)


@transaction.atomic
def remove_activity(*, actor: Actor, activity_id: int, at: datetime) -> None:
    """Take back what one has just written.

    :raises Activity.DoesNotExist: there is none, or not for this actor
    :raises ActivityKept: it is somebody else's, a record of a change, or older than a day
    """
    activity = lock_activity(actor, activity_id)
    row = {"author_id": activity.author_id, "kind": activity.kind, "created_at": activity.created_at}
    if not may_remove(actor, row, at=at):
        raise ActivityKept(_("Only its author can take this back, within a day."))
    attached.keep_a_while(activity, at=at)
    activity.delete()


def may_remove(actor: Actor, row: Mapping[str, Any], *, at: datetime) -> bool:
    """Whether it is the actor's own and so fresh that it may be taken back. row: the activity's columns."""
    mine = row["author_id"] == actor.user_id and row["kind"] in WRITTEN_KINDS
    return mine and at - row["created_at"] <= REMOVABLE_FOR


@transaction.atomic
def pin_activity(*, actor: Actor, activity_id: int, is_pinned: bool) -> Activity:
    """Keep an activity at the top of the time line, or no longer.

    :raises Activity.DoesNotExist: there is none, or not for this actor
    """
    activity = lock_activity(actor, activity_id)
    activity.is_pinned = is_pinned
    activity.save(update_fields=["is_pinned"])
    return activity


@transaction.atomic
def undo_change(*, actor: Actor, activity_id: int, at: datetime) -> int:
    """Put back what a recorded change replaced; returns the customer's id. The undoing is a change like any other.

    :raises Activity.DoesNotExist: there is none, or not for this actor
    :raises ChangeOverwritten: the field has been edited since
    """
    activity = lock_activity(actor, activity_id)
    changes = read_changes(activity.text) if activity.kind == Activity.Kind.CHANGE else []
    if not changes or any(change.field in SEALED or COVERED in (change.before, change.after) for change in changes):
        raise ChangeOverwritten(_("There is nothing to take back here."))
    fields = [change for change in changes if change.field not in ("identifier", "tags")]
    if fields:
        edit_customer(
            actor=actor,
            customer_id=activity.customer_id,
            changes={change.field: change.before for change in fields},
            was={change.field: change.after for change in fields},
            at=at,
        )
    for change in changes:
        if change.field == "tags":
            set_tags(actor=actor, customer_id=activity.customer_id, names=change.before.split("\n"), at=at)
        elif change.field == "identifier":
            _undo_identifier(actor, activity.customer_id, change, at)
    return activity.customer_id


def _undo_identifier(actor: Actor, customer_id: int, change: Change, at: datetime) -> None:
    if not change.after:
        new = identifiers.NewIdentifier(kind=change.kind, value=change.before, system=change.system)
        identifiers.add_identifier(actor=actor, customer_id=customer_id, new=new, at=at)
        return
    if not Identifier.objects.filter(pk=change.identifier_id, customer_id=customer_id, value=change.after).exists():
        raise ChangeOverwritten(_("This has been changed again since; look at the time line."))
    if change.before:
        identifiers.change_identifier(actor=actor, identifier_id=change.identifier_id, value=change.before, at=at)
    else:
        identifiers.remove_identifier(actor=actor, identifier_id=change.identifier_id, at=at)


def lock_activity(actor: Actor, activity_id: int) -> Activity:
    """For a change of it, in a transaction.

    :raises Activity.DoesNotExist: there is none, or not for this actor
    """
    rows = Activity.objects.visible_to(actor).select_related("customer").select_for_update(of=("self",))
    activity = rows.get(pk=activity_id)
    require(actor, EDIT, record=activity.customer)
    if activity.kind in WRITTEN_KINDS:
        require_write(actor, ACTIVITY)
    return activity
