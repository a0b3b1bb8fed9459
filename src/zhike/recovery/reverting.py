"""Taking back what was done in one go, record by record, so that a killed run goes on and nobody is overwritten."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.audit.selectors.changes import list_set
from zhike.core.acting import acting
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.paging import Page, Rows
from zhike.recovery import restoring, services, sets
from zhike.recovery.kinds import Kind, list_kinds
from zhike.recovery.models import Binned, Reversal, ReversedRecord
from zhike.recovery.sets import RecordPlan

MOST = 50_000  # records
AT_ONCE = 50  # records that a page waits for; more are worked off in the background
BATCH = 50
SILENCE = timedelta(seconds=60)  # without a heartbeat: nobody works on it

State = ReversedRecord.State


class SetTooLarge(DomainError):
    code = "set_too_large"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("This changed more than %(count)s records. That is not taken back here.") % {"count": MOST})


class UndoneElsewhere(DomainError):
    """What did all this has an undo of its own."""

    code = "undone_elsewhere"

    def __init__(self) -> None:
        super().__init__(_("An import did this. It is undone on the import's own page."))


class NothingWaits(DomainError):
    code = "nothing_waits"

    def __init__(self) -> None:
        super().__init__(_("It is done already: there is nothing left to cancel."))


@transaction.atomic
def start_reversal(*, actor: Actor, entry_id: int, reason: str, at: datetime, agreed: Collection[str] = ()) -> Reversal:
    """Take a set back: a few records at once, many in the background.

    What somebody edited since stays as it is and is listed, and so does what the actor may not edit. agreed: records
    where it is overwritten all the same, each by `RecordPlan.agreed`, good as long as nothing changes meanwhile.

    :raises PermissionDenied: the actor may edit nothing
    :raises Entry.DoesNotExist: there is none, or nothing of it for this actor
    :raises SetTooLarge, UndoneElsewhere: it is not for record by record
    """
    found = sets.find_set(actor=actor, entry_id=entry_id)
    if sets.act_of(actor, found.entries)[0]:
        raise UndoneElsewhere
    if found.count > MOST:
        raise SetTooLarge
    looked_at = dict(one.rsplit(":", 1) for one in agreed if one.count(":") == 2)
    made = Reversal.objects.create(
        entry_id=entry_id,
        user_id=actor.user_id,
        reason=reason.strip()[:500],
        started_at=at,
        heartbeat_at=at,
        total=found.count,
    )
    ReversedRecord.objects.bulk_create(
        (
            ReversedRecord(
                reversal=made,
                kind=kind.code,
                record_id=record_id,
                agreed=looked_at.get(f"{kind.code}:{record_id}", "")[:32],
            )
            for kind, record_id in found.records()
        ),
        batch_size=5_000,
    )
    if made.total <= AT_ONCE:
        while go_on(actor=actor, reversal_id=made.pk, at=at):
            pass
        made.refresh_from_db()
    else:
        app.configure_task("recovery.revert_set", allow_unknown=False).defer(reversal_id=made.pk, user_id=actor.user_id)
    return made


@transaction.atomic
def go_on(*, actor: Actor, reversal_id: int, at: datetime) -> bool:
    """Work off the next records, in a transaction of their own; whether some are left. Safe to repeat."""
    made = _own(actor).select_for_update().get(pk=reversal_id)
    if made.finished_at:
        return False
    waiting = made.records.filter(state=State.WAITING)
    batch = list(waiting.order_by("tries", "pk")[:BATCH])
    # A broken reference is to be told at the record that has it, and not at the end of the batch.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # All batches are one set again, so that the taking back can be taken back.
    with acting(replace(actor, request_id=f"reversal-{made.pk}"), reason=made.reason):
        for kind in list_kinds():
            rows = sorted((row for row in batch if row.kind == kind.code), key=lambda row: row.record_id)
            if rows:
                made.value_count += _work_off(actor, kind, made.entry_id, rows, at)
    ReversedRecord.objects.bulk_update(batch, ["state", "tries", "why"])
    made.done = made.total - waiting.count()
    made.heartbeat_at = at
    made.finished_at = at if made.done == made.total else None
    made.save(update_fields=["done", "value_count", "heartbeat_at", "finished_at"])
    return made.finished_at is None


@transaction.atomic
def cancel_reversal(*, actor: Actor, reversal_id: int, at: datetime) -> Reversal:
    """Stop; what is back stays back.

    :raises Reversal.DoesNotExist: there is none, or it is somebody else's
    :raises NothingWaits: it is over
    """
    made = _own(actor).select_for_update().get(pk=reversal_id)
    if made.finished_at:
        raise NothingWaits
    made.is_cancelled, made.finished_at = True, at
    made.save(update_fields=["is_cancelled", "finished_at"])
    return made


def _work_off(actor: Actor, kind: Kind, entry_id: int, rows: list[ReversedRecord], at: datetime) -> int:
    """Records in the order of their numbers, all held before any is planned; how many values that were."""
    ids = [row.record_id for row in rows]
    for row in rows:
        try:
            with transaction.atomic():
                kind.lock(actor, row.record_id)
        except PermissionDenied:
            row.state = State.CLOSED
        except ObjectDoesNotExist:
            continue  # in the bin, perhaps
    names = sets.reached(actor, kind, ids)
    entries = sets.entries_of(kind, list_set(entry_id=entry_id, about=ids))
    plans, erased = sets.plan_records(actor, kind, entries, names)
    count = _swap(actor, [(plans[row.record_id], row) for row in rows if row.tries and row.record_id in plans], at)
    for row in rows:
        if row.state == State.WAITING:
            if row.record_id not in names:
                row.state = State.CLOSED
            elif row.record_id in erased:
                row.state = State.ERASED
            elif row.record_id not in plans:
                row.state = State.SAME
            else:
                count += _revert(actor, plans[row.record_id], row, at)
    return count


def _swap(actor: Actor, refused: Sequence[tuple[RecordPlan, ReversedRecord]], at: datetime) -> int:
    """Records that were in each other's way, as where two have swapped an identifier: first all of them lose what they
    were given, then all get back their own. How many values that were; nothing where a rule refuses it still."""
    chosen = [(one, row, _chosen(one, row)) for one, row in refused if one.doing == "change"]
    chosen = [(one, row, keys) for one, row, keys in chosen if keys]
    try:
        with transaction.atomic():
            for is_first in (True, False):
                for one, _row, keys in chosen:
                    backs = [back for back in one.plan.backs if (back.action == "remove") is is_first]
                    if any(back.narrow(keys) for back in backs):
                        plan = replace(one.plan, backs=backs)
                        restoring.put_back(actor=actor, kind=one.kind, plan=plan, chosen=keys, at=at)
    except (PermissionDenied, ObjectDoesNotExist, ValidationError, DomainError, IntegrityError):
        return 0
    for one, row, keys in chosen:
        row.state, row.why = State.DONE if len(keys) == len(one.plan.steps) else State.EDITED, ""
    return sum(len(keys) for _one, _row, keys in chosen)


def _chosen(one: RecordPlan, row: ReversedRecord) -> list[str]:
    """What is put back of a record: all where somebody has agreed to just this, or what nobody edited since."""
    steps = one.plan.steps
    is_agreed = row.agreed == one.plan.seen
    return [step.key for step in steps] if is_agreed else restoring.chosen_by_default(steps)


def _revert(actor: Actor, one: RecordPlan, row: ReversedRecord, at: datetime) -> int:
    """How many values came back; what became of the record stands in `row`."""
    keys = _chosen(one, row)
    row.why = ""
    if not one.plan.steps:
        row.state = State.CLOSED
        return 0
    row.state = State.DONE if len(keys) == len(one.plan.steps) else State.EDITED
    try:
        with transaction.atomic():
            return _carry_out(actor, one, keys, at)
    except (PermissionDenied, ObjectDoesNotExist):
        row.state = State.CLOSED
    except (ValidationError, DomainError, IntegrityError) as refusal:
        row.state = State.REFUSED if row.tries else State.WAITING
        row.tries += 1
        row.why = _code_of(refusal)[:50]
    return 0


def _carry_out(actor: Actor, one: RecordPlan, keys: Collection[str], at: datetime) -> int:
    if one.doing == "restore":
        binned = Binned.objects.visible_to(actor).filter(kind=one.kind.code, record_id=one.record_id)
        services.restore_records(actor=actor, binned_ids=list(binned.values_list("pk", flat=True)))
        return 1
    if one.doing == "bin":
        if len(keys) < len(one.plan.steps):
            return 0
        services.bin_records(actor=actor, kind=one.kind.code, record_ids=[one.record_id], at=at)
        return 1
    return restoring.put_back(actor=actor, kind=one.kind, plan=one.plan, chosen=keys, at=at) if keys else 0


def _code_of(refusal: Exception) -> str:
    return (
        refusal.code if isinstance(refusal, DomainError) else "invalid" if isinstance(refusal, ValidationError) else ""
    )


@dataclass(frozen=True, kw_only=True)
class Reverted:
    """What became of one record. url: where it is looked at; empty where it is in the bin or out of sight."""

    kind: str
    record_id: int
    label: str
    url: str
    state: str
    said: str
    why: str


SAID: dict[str, str | Promise] = {
    State.WAITING: _("Not done"),
    State.DONE: _("Brought back"),
    State.SAME: _("It was back already."),
    State.EDITED: _("Edited since; that was left alone."),
    State.REFUSED: _("A rule refused it. Try it on the record itself, which says why."),
    State.CLOSED: _("You may not do this to the record, or it is gone for good."),
    State.ERASED: _("What the change contained was erased."),
}
REFUSED: dict[str, str | Promise] = {
    "identifier_taken": _("Another record has an identifier by now that only one may have."),
    "restore_collides": _("Another record has an identifier by now that only one may have."),
    "invalid": _("A value no longer passes the rules of its field, for example because its owner has left."),
}


def get_reversal(*, actor: Actor, reversal_id: int) -> Reversal:
    """:raises Reversal.DoesNotExist: there is none, or it is somebody else's"""
    return _own(actor).get(pk=reversal_id)


def list_own(*, actor: Actor, since: datetime) -> list[Reversal]:
    """The actor's own that run or were begun since then, the latest first."""
    return list(_own(actor).filter(Q(finished_at=None) | Q(started_at__gte=since)).order_by("-pk")[:5])


def _own(actor: Actor) -> QuerySet[Reversal]:
    rows = Reversal.objects.all()
    return rows.filter(user=None) if actor.user_id is None else rows.filter(user_id=actor.user_id)


def count_states(reversal: Reversal) -> dict[str, int]:
    """State to how many records, where there are some."""
    rows = reversal.records.values_list("state").annotate(count=Count("pk")).order_by("state")
    return dict(rows)


def list_reverted(*, actor: Actor, reversal: Reversal, page: Page, state: str = "") -> Rows[Reverted]:
    """What became of the records, by the names that they have now. state: only these; empty: all.

    :raises zhike.core.paging.CursorInvalid: the cursor does not fit
    """
    rows = reversal.records.filter(state=state) if state else reversal.records.all()
    cut = page.of(rows, by=("pk",))
    found = {}
    for kind in list_kinds():
        mine = {row.record_id: row for row in cut.items if row.kind == kind.code}
        names = sets.reached(actor, kind, mine.keys())
        here = set(kind.model._default_manager.filter(pk__in=list(mine)).values_list("pk", flat=True))
        for key, row in mine.items():
            found[row.pk] = Reverted(
                kind=kind.code,
                record_id=key,
                label=names.get(key, f"#{key}"),
                url=reverse(kind.url_name, args=[key]) if key in names and key in here else "",
                state=row.state,
                said=str(REFUSED.get(row.why, SAID[row.state]) if row.state == State.REFUSED else SAID[row.state]),
                why=row.why,
            )
    return Rows(items=[found[row.pk] for row in cut.items], next_cursor=cut.next_cursor)
