"""Taking a merge back: what was given up is there again with what was its own, and later edits stay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.audit import services as audit
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.events import publish
from zhike.customers import shelf
from zhike.customers.guarded import shown_name
from zhike.customers.models import Customer
from zhike.customers.services.bin import CODE
from zhike.customers.services.merged import put_merged
from zhike.customers.services.search import refresh_search
from zhike.customers.vault import list_sealed
from zhike.duplicates.events import MergeUndone
from zhike.duplicates.giving_back import give_back
from zhike.duplicates.models import Merge, MergedRecord
from zhike.duplicates.own_copies import settle
from zhike.duplicates.permissions import MERGE
from zhike.duplicates.pointers import find_successor, list_given_up
from zhike.duplicates.services.inheriting import give_up
from zhike.metadata.kinds import HOLDER
from zhike.recovery.models import Binned
from zhike.recovery.services import NothingInBin, Restored, bring_back

UNDO = "duplicates.undo_merge"
TABLE = Customer._meta.db_table


class MergeUndoneAlready(DomainError):
    code = "merge_undone"

    def __init__(self) -> None:
        super().__init__(_("This merge has been taken back already."))


class SurvivorMerged(DomainError):
    """What stayed was merged into something else since; that comes first. `merge_id`: of that merge."""

    code = "survivor_merged"

    def __init__(self, later: Merge) -> None:
        self.members = {"merge_id": later.pk}
        super().__init__(_("The customer that stayed was merged into another one since. Take that back first."))


class SurvivorBinned(DomainError):
    code = "survivor_in_bin"

    def __init__(self, name: str) -> None:
        super().__init__(
            _("%(name)s is in the recycle bin with everything that was merged. Restore it first, then take this back.")
            % {"name": name}
        )


class SurvivorGone(DomainError):
    code = "survivor_gone"

    def __init__(self) -> None:
        super().__init__(
            _("The customer that stayed is gone for good, with what was merged into it. There is nothing to take back.")
        )


class RecordsGone(DomainError):
    """The days in the recycle bin are over, or somebody was erased."""

    code = "records_gone"

    def __init__(self) -> None:
        super().__init__(_("What was given up is no longer in the recycle bin, so it cannot be separated any more."))


@dataclass(kw_only=True)
class Undone:
    """What taking a merge back did. kept: columns of the survivor that were edited since and stay.

    left: what did not come back because somebody else has it by now, in words.
    """

    merge: Merge
    record_ids: list[int]
    row_count: int = 0
    kept: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@transaction.atomic
def undo_merge(*, actor: Actor, merge_id: int, at: datetime) -> Undone:
    """Separate again what was merged. What was edited since stays as edited; what came since stays with the survivor.

    :raises PermissionDenied: the actor may not merge the survivor
    :raises Merge.DoesNotExist: there is none, or not for this actor
    :raises MergeUndoneAlready, SurvivorMerged, SurvivorBinned, SurvivorGone, RecordsGone: it cannot be
    """
    require(actor, MERGE)
    merge = find_merge(actor=actor, merge_id=merge_id)
    with seeing_everything():
        survivor = Customer.objects.select_for_update().filter(pk=merge.survivor_id).first()
        merge = Merge.objects.select_for_update().get(pk=merge.pk)
        if merge.undone_at is not None:
            raise MergeUndoneAlready
        if survivor is None:
            raise _why_gone(actor, merge)
        if (
            not actor.reach_of(MERGE).is_all
            and not Customer.objects.within(actor, MERGE).filter(pk=survivor.pk).exists()
        ):
            raise PermissionDenied(MERGE)
        records = {one.record_id: one for one in MergedRecord.objects.filter(merge=merge).order_by("record_id")}
        values, kept = _former(_settled(merge), survivor)
        # First, so that a value only one may have is free for the one who comes back.
        theirs = _part(values, survivor, records)
        put_merged(changes={survivor: values}, at=at)
        restored = _bring_back(actor, sorted(records))
        _hand_over(theirs, at=at)
        moved: Mapping[int, Any] = {record: one.moved for record, one in records.items()}
        count = give_back(survivor_id=survivor.pk, moved=moved, journal=merge.journal)
        refresh_search(customer_ids=[survivor.pk, *sorted(records)])
        MergedRecord.objects.filter(merge=merge).update(is_undone=True)
        give_up(merge.pk)
        merge.undone_at, merge.undone_by_id = at, actor.user_id
        merge.save(update_fields=["undone_at", "undone_by"])
    audit.record(action=UNDO, subject=TABLE, ids=[survivor.pk, *records])
    publish(MergeUndone(survivor_id=survivor.pk, record_ids=sorted(records)))
    left = [one.said for one in restored.left]
    return Undone(merge=merge, record_ids=sorted(records), row_count=count, kept=kept, left=left)


def find_merge(*, actor: Actor, merge_id: int) -> Merge:
    """Also where its survivor is in the bin, or was merged itself, for whoever reached it.

    :raises Merge.DoesNotExist: there is none, or not for this actor
    """
    merge = Merge.objects.visible_to(actor).filter(pk=merge_id).first()
    if merge is not None:
        return merge
    with seeing_everything():
        merge = Merge.objects.get(pk=merge_id)
    successor = find_successor(merge.survivor_id)
    seen = Customer.objects.visible_to(actor).filter(pk=successor).exists() if successor else False
    binned = Binned.objects.visible_to(actor).filter(kind=CODE, record_id=merge.survivor_id).exists()
    if not (seen or binned):
        raise Merge.DoesNotExist
    return merge


def _why_gone(actor: Actor, merge: Merge) -> DomainError:
    later = MergedRecord.objects.filter(record_id=merge.survivor_id, is_undone=False).select_related("merge").first()
    if later is not None:
        return SurvivorMerged(later.merge)
    binned = Binned.objects.filter(kind=CODE, record_id=merge.survivor_id).first()
    return SurvivorBinned(shown_name(actor, binned.label)) if binned else SurvivorGone()


def _bring_back(actor: Actor, ids: list[int]) -> Restored:
    try:
        return bring_back(actor=actor, kind=CODE, record_ids=ids)
    except NothingInBin:
        raise RecordsGone from None


def _settled(merge: Merge) -> Merge:
    """Where fields are on their way to being encrypted, as it will be then."""
    for known in list_sealed():
        if known.is_moving and HOLDER in merge.fields:
            settle(known, [merge.pk], is_moving=True)
            merge.refresh_from_db(fields=["fields", "journal"])
    return merge


def _former(merge: Merge, survivor: Customer) -> tuple[dict[str, Any], list[str]]:
    """The survivor's columns as they were before the merge, without those that say something else by now."""
    values: dict[str, Any] = {}
    kept = []
    for column, (before, after) in merge.fields.items():
        known: Any = Customer._meta.get_field(column.removesuffix("_id"))
        former = known.to_python(before)
        if column == HOLDER:
            values[column], edited = _former_own(survivor.custom, former, known.to_python(after))
            kept += edited
        elif getattr(survivor, column) == known.to_python(after) and _is_there(known, former):
            values[column] = former
        else:
            kept.append(column)
    return values, kept


def _former_own(now: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The company's own fields, key by key, and those that were edited since."""
    found, edited = dict(now), []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) == after.get(key):
            continue
        if now.get(key) != after.get(key):
            edited.append(f"{HOLDER}.{key}")
        elif key in before:
            found[key] = before[key]
        else:
            found.pop(key, None)
    return found, edited


def _part(values: dict[str, Any], survivor: Customer, records: Iterable[int]) -> dict[int, dict[str, list[Any]]]:
    """Take out of the survivor's fields, edited or not, the files that were given for those who come back: nobody else
    opens them, and nobody's erasure takes them along. What was taken out, by record."""
    found = {}
    for record in records:
        own = values.get(HOLDER, survivor.custom)
        rest, files = shelf.part(own, {record, *list_given_up(record)})
        if files:
            values[HOLDER], found[record] = rest, files
    return found


def _hand_over(theirs: Mapping[int, Mapping[str, list[Any]]], *, at: datetime) -> None:
    """Files of fields to those whose they are, where they do not have them in what came back."""
    changes = {}
    for customer in Customer.objects.filter(pk__in=theirs).order_by("pk"):
        custom = shelf.join(customer.custom, theirs[customer.pk])
        if custom != customer.custom:
            changes[customer] = {HOLDER: custom}
    if changes:
        put_merged(changes=changes, at=at)


def _is_there(known: Any, value: Any) -> bool:
    """Whether a team or an owner can still be pointed at."""
    return value is None or not known.is_relation or known.related_model._default_manager.filter(pk=value).exists()
