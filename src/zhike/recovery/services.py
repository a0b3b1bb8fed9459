"""Deleting into the recycle bin, restoring from it, and deleting for good."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from zhike.audit import services as audit
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.recovery import kinds, moving
from zhike.recovery.kinds import Bin, Collision, Kind
from zhike.recovery.models import Binned
from zhike.recovery.permissions import PURGE

MOST = 1000
EMPTIED_AT_ONCE = 500


class TooMany(DomainError):
    code = "too_many_records"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("At most %(limit)s records at a time.") % {"limit": MOST})


class NothingInBin(DomainError):
    """Restored already, or deleted for good, by somebody or by its age."""

    code = "nothing_in_bin"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("It is no longer in the recycle bin: somebody restored it, or it is gone for good."))


class RestoreCollides(DomainError):
    """Something else has what only one record may have. `leave_out` restores the rest."""

    code = "restore_collides"

    def __init__(self, collisions: Sequence[Collision], *, may_leave_out: bool = True) -> None:
        self.collisions = collisions
        self.may_leave_out = may_leave_out
        self.members = {"collisions": [collision.said for collision in collisions]}
        super().__init__(" ".join(collision.said for collision in collisions))


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What went into the bin. batch: takes all of it back. refused_count: records the actor may not delete."""

    batch: uuid.UUID
    ids: list[int]
    refused_count: int


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came back. kind: of the first. left: what did not, in words."""

    kind: str
    ids: list[int]
    left: list[Collision]


@transaction.atomic
def bin_records(*, actor: Actor, kind: str, record_ids: Sequence[int], at: datetime) -> Moved:
    """Move records with all that hangs on them into the recycle bin.

    Rows of other records that point at them stay and let go: orders become orders without a customer. Records that make
    no sense without them go along, as the refund of an order.

    :raises PermissionDenied: the actor may not delete, or none of those it sees
    :raises ObjectDoesNotExist: the actor sees none of them
    :raises TooMany: more than go at once
    """
    known, how = kinds.bin_of(kind)
    require(actor, how.delete_permission)
    wanted = list(dict.fromkeys(record_ids))
    if len(wanted) > MOST:
        raise TooMany
    ids = _hold(actor, known, how, wanted)
    if not ids:
        records: Any = known.model._default_manager.all()
        seen = records.visible_to(actor).filter(pk__in=wanted)
        require(actor, how.delete_permission, record=seen.order_by("pk")[:1].get())
    along = _along(actor, known, how, ids)
    gone = sorted({*ids, *along})
    batch = put_away(actor=actor, kind=kind, record_ids=gone, at=at)
    with seeing_everything():
        for pk, with_id in along.items():
            Binned.objects.filter(kind=kind, record_id=pk).update(with_id=with_id)
    return Moved(batch=batch, ids=gone, refused_count=len(set(wanted) - set(gone)))


def _hold(actor: Actor, known: Kind, how: Bin, record_ids: Collection[int]) -> list[int]:
    """Those of the records that the actor may delete, locked."""
    records: Any = known.model._default_manager.all()
    mine = records.visible_to(actor).within(actor, how.delete_permission).filter(pk__in=list(record_ids))
    return list(mine.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))


def _along(actor: Actor, known: Kind, how: Bin, ids: Sequence[int]) -> Mapping[int, int]:
    """Records that go with these, by their ids.

    :raises PermissionDenied: the actor may not delete one of them
    """
    along = how.along(ids) if how.along else {}
    others = along.keys() - set(ids)
    if len(_hold(actor, known, how, others)) < len(others):
        raise PermissionDenied(how.delete_permission)
    return along


def put_away(*, actor: Actor, kind: str, record_ids: Sequence[int], at: datetime) -> uuid.UUID:
    """Move records that the caller holds, and has decided about, into the recycle bin; the batch they are in."""
    known, how = kinds.bin_of(kind)
    batch = uuid.uuid4()
    with seeing_everything():
        moving.take_out(
            known, how, record_ids, values={"deleted_by_id": actor.user_id, "deleted_at": at, "batch": batch}
        )
    audit.record(action="recovery.bin_record", subject=known.table, ids=record_ids)
    if how.binned is not None:
        how.binned(record_ids)
    return batch


@transaction.atomic
def restore_records(*, actor: Actor, binned_ids: Sequence[int], leave_out: bool = False) -> Restored:
    """Bring records back with everything that hung on them.

    leave_out: bring back what can come back, where something else has taken the place of a part.

    :raises NothingInBin: there is nothing of it, or not for this actor
    :raises RestoreCollides: another record has an identifier that only one may have
    :raises DomainError: what put it there has a way back of its own
    """
    found = _lock(actor, binned_ids)
    if not found:
        raise NothingInBin
    restored = Restored(kind=found[0].kind, ids=[], left=[])
    # Records first that others lie in the scope of.
    for known, _how in sorted(kinds.list_binned_kinds(), key=lambda one: one[1].above):
        if rows := [one for one in found if one.kind == known.code]:
            if not actor.is_system:
                kinds.ask_guards(actor, known.code, [one.record_id for one in rows])
            came = _bring_back(actor, rows, leave_out=leave_out)
            restored.ids.extend(came.ids)
            restored.left.extend(came.left)
    return restored


def bring_back(*, actor: Actor, kind: str, record_ids: Sequence[int]) -> Restored:
    """Restore records of which the caller has decided that they come back, without what has found another holder.

    :raises NothingInBin: one of them is gone for good
    """
    with seeing_everything():
        rows = Binned.objects.filter(kind=kind, record_id__in=record_ids).order_by("pk")
        found = list(rows.select_for_update(of=("self",)).only("kind", "record_id"))
    if len(found) < len(record_ids):
        raise NothingInBin
    return _bring_back(actor, found, leave_out=True)


def _bring_back(actor: Actor, rows: Sequence[Binned], *, leave_out: bool) -> Restored:
    """What came back of one kind, and what did not. A record whose own place is taken stays in the bin."""
    known, how = kinds.bin_of(rows[0].kind)
    with seeing_everything():
        taken = how.returning([one.pk for one in rows]) if how.returning is not None else None
        left = moving.put_back(known, how, [one.pk for one in rows])
        collisions = [*(taken or ()), *(how.collided(actor, one.table, one.row) for one in left)]
        staying = {one.row["id"] for one in left if one.table == known.table}
        ids = sorted(one.record_id for one in rows if one.record_id not in staying)
        if collisions and not (leave_out and ids):
            raise RestoreCollides(collisions, may_leave_out=bool(ids))
        Binned.objects.filter(pk__in=[one.pk for one in rows if one.record_id not in staying]).delete()
        how.restored(ids)
    audit.record(action="recovery.restore_record", subject=known.table, ids=ids)
    return Restored(kind=known.code, ids=ids, left=collisions)


def restore_batch(*, actor: Actor, batch: uuid.UUID) -> Restored:
    """Bring back what was deleted in one go.

    :raises NothingInBin, RestoreCollides: as for single records
    """
    found = Binned.objects.visible_to(actor).filter(batch=batch)
    return restore_records(actor=actor, binned_ids=list(found.values_list("pk", flat=True)))


@transaction.atomic
def purge_records(*, actor: Actor, binned_ids: Sequence[int]) -> int:
    """Delete for good; how many records that were.

    :raises PermissionDenied: the actor may not
    :raises NothingInBin: there is nothing of it, or not for this actor
    """
    require(actor, PURGE)
    found = _lock(actor, binned_ids)
    if not found:
        raise NothingInBin
    _purge(found)
    return len(found)


@transaction.atomic
def empty_bin(*, actor: Actor, at: datetime) -> int:
    """Delete for good what has been in the bin for its days, some hundreds at a time; how many that were."""
    require(actor, PURGE)
    overdue = Binned.objects.filter(deleted_at__lt=at - timedelta(days=settings.BIN_DAYS)).order_by("deleted_at", "pk")
    found = list(overdue.select_for_update(skip_locked=True).only("kind", "record_id")[:EMPTIED_AT_ONCE])
    _purge(found)
    return len(found)


@transaction.atomic
def forget_record(*, actor: Actor, kind: str, record_id: int) -> bool:
    """Take a record out of the bin for good because its person is erased: the one place that has to be asked.

    What history says about it is erased by `audit.services.erase_history` afterwards. False: it is not in the bin.

    :raises PermissionDenied: the actor may not
    """
    require(actor, PURGE)
    found = list(Binned.objects.filter(kind=kind, record_id=record_id).select_for_update().only("kind", "record_id"))
    _purge(found)
    return bool(found)


def restored_message(restored: Restored) -> str:
    count = len(restored.ids)
    said = ngettext("%(count)s record restored", "%(count)s records restored", count) % {"count": count}
    return f"{said} {' '.join(one.said for one in restored.left)}".strip()


def _lock(actor: Actor, binned_ids: Sequence[int]) -> list[Binned]:
    wanted = list(dict.fromkeys(binned_ids))
    if len(wanted) > MOST:
        raise TooMany
    rows = Binned.objects.visible_to(actor)
    columns = ("kind", "record_id", "batch", "with_id")
    chosen = list(rows.filter(pk__in=wanted).values_list("pk", *columns))
    together = Q(pk__in=[pk for pk, *_rest in chosen])
    for _pk, kind, record_id, batch, with_id in chosen:
        if kinds.bin_of(kind)[1].along is None:
            continue
        pair = Q(with_id=record_id) if with_id is None else Q(record_id=with_id)
        together |= Q(kind=kind, batch=batch) & pair
    return list(rows.filter(together).order_by("pk").select_for_update(of=("self",)).only(*columns))


def _purge(found: Sequence[Binned]) -> None:
    Binned.objects.filter(pk__in=[one.pk for one in found]).delete()
    by_kind: dict[str, list[int]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(one.record_id)
    for code, ids in by_kind.items():
        audit.record(action="recovery.purge_record", subject=kinds.get(code).table, ids=sorted(ids))
