"""Taking back what was done in one go: a request that changed many records, a bulk edit, a bulk deletion."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from zhike.audit.models import Entry
from zhike.audit.selectors.changes import changes_by_record, list_set
from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import acting
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.recovery import restoring, services
from zhike.recovery.kinds import Kind, list_kinds
from zhike.recovery.models import Binned, Reversal
from zhike.recovery.restoring import Plan

MOST_ROWS = 50_000
AT_ONCE = 50  # records that a page waits for; more are worked off in the background
BATCH = 100


class SetTooLarge(DomainError):
    code = "set_too_large"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("This changed too many rows to be taken back here. An import is undone on its own page."))


@dataclass(frozen=True, kw_only=True)
class RecordPlan:
    """What happens to one record. doing: its values "change", it goes to the "bin", or comes back ("restore")."""

    kind: Kind
    record_id: int
    label: str
    doing: Literal["change", "bin", "restore"]
    plan: Plan

    @property
    def conflict_count(self) -> int:
        return sum(step.is_conflict for step in self.plan.steps)


@dataclass(frozen=True, kw_only=True)
class SetPlan:
    """What taking a whole set back would do. hidden_count: records that the actor may not edit, which stay.

    import_ids: imports that made rows of the set, which have an undo of their own.
    """

    at: datetime
    records: list[RecordPlan]
    hidden_count: int
    import_ids: list[int]

    @property
    def value_count(self) -> int:
        return sum(len(one.plan.steps) - one.conflict_count if one.doing == "change" else 1 for one in self.records)

    @property
    def conflict_count(self) -> int:
        return sum(one.conflict_count for one in self.records)


def plan_set(*, actor: Actor, entry_id: int) -> SetPlan:
    """As far as the actor may edit the records, with what is there to take back still.

    :raises Entry.DoesNotExist: there is none, or nothing of it for this actor
    :raises SetTooLarge: it is not for record by record
    :raises zhike.audit.selectors.changes.ContentsErased: of some of it only the proof is left
    """
    entries = list_set(entry_id=entry_id)
    if sum(entry.row_count for entry in entries) > MOST_ROWS:
        raise SetTooLarge
    records: list[RecordPlan] = []
    hidden, seen_any, imports = 0, False, set[int]()
    for kind in list_kinds():
        if not actor.may(kind.edit_permission):
            continue
        table = kind.model._meta.db_table
        parts = [one for one in entries if one.subject == table and one.table_name in kind.restorable]
        changes = changes_by_record(parts)
        reached = _reached(actor, kind, changes)
        seen_any |= bool(reached)
        hidden += len(changes) - len(reached)
        mine = {key: rows for key, rows in changes.items() if key in reached}
        imports |= {row.after["import_id"] for rows in mine.values() for row in rows if row.after.get("import_id")}
        for key, plan in restoring.plan_many(actor, kind, mine).items():
            if plan.steps:
                record = RecordPlan(kind=kind, record_id=key, label=reached[key], doing=_doing(kind, plan), plan=plan)
                records.append(record)
    if not seen_any:
        raise Entry.DoesNotExist
    if any(entry.action == "recovery.restore_record" for entry in entries):
        imports.clear()  # rows that came back out of the bin carry the import that once made them
    at = next(entry.at for entry in entries if entry.pk == entry_id)
    return SetPlan(at=at, records=records, hidden_count=hidden, import_ids=sorted(imports))


@transaction.atomic
def start_reversal(*, actor: Actor, entry_id: int, reason: str, at: datetime) -> Reversal:
    """Take a set back: a few records at once, many in the background.

    What somebody edited since stays as it is and is listed; so does what the actor may not edit.

    :raises Entry.DoesNotExist, SetTooLarge: as for the plan
    """
    plan = plan_set(actor=actor, entry_id=entry_id)
    made = Reversal.objects.create(
        entry_id=entry_id,
        user_id=actor.user_id,
        reason=reason.strip()[:500],
        started_at=at,
        total=len(plan.records),
        waiting=[_key(one) for one in plan.records],
    )
    if made.total <= AT_ONCE:
        go_on(actor=actor, reversal_id=made.pk, at=at)
        made.refresh_from_db()
    else:
        app.configure_task("recovery.revert_set", allow_unknown=False).defer(reversal_id=made.pk, user_id=actor.user_id)
    return made


@transaction.atomic
def go_on(*, actor: Actor, reversal_id: int, at: datetime) -> bool:
    """Work off the next records, in a transaction of their own; whether some are left. Safe to repeat."""
    made = Reversal.objects.select_for_update().get(pk=reversal_id, user_id=actor.user_id or 0)
    if made.finished_at:
        return False
    with acting(actor, reason=made.reason):
        plan = plan_set(actor=actor, entry_id=made.entry_id)
        now, made.waiting = set(made.waiting[:BATCH]), made.waiting[BATCH:]
        for one in plan.records:
            if _key(one) in now:
                _revert(actor, one, made, at)
    made.done = made.total - len(made.waiting)
    if not made.waiting:
        made.finished_at = at
    made.save()
    return made.finished_at is None


def _revert(actor: Actor, one: RecordPlan, made: Reversal, at: datetime) -> None:
    why = "edited_since" if one.conflict_count else ""
    try:
        with transaction.atomic():
            made.value_count += _carry_out(actor, one, at)
    except (ValidationError, DomainError):
        why = "refused"
    except (PermissionDenied, ObjectDoesNotExist):
        why = "out_of_reach"
    if why:
        made.left_count += 1
        made.left.append([one.kind.code, one.record_id, why])


def _carry_out(actor: Actor, one: RecordPlan, at: datetime) -> int:
    if one.doing == "restore":
        binned = Binned.objects.visible_to(actor).filter(kind=one.kind.code, record_id=one.record_id)
        services.restore_records(actor=actor, binned_ids=list(binned.values_list("pk", flat=True)))
        return 1
    if one.doing == "bin":
        if any(step.is_conflict for step in one.plan.steps):
            return 0
        services.bin_records(actor=actor, kind=one.kind.code, record_ids=[one.record_id], at=at)
        return 1
    one.kind.lock(actor, one.record_id)
    chosen = restoring.chosen_by_default(one.plan.steps)
    return restoring.put_back(actor=actor, kind=one.kind, plan=one.plan, chosen=chosen, at=at) if chosen else 0


def _key(one: RecordPlan) -> str:
    return f"{one.kind.code}:{one.record_id}"


def _doing(kind: Kind, plan: Plan) -> Literal["change", "bin", "restore"]:
    for back in plan.backs:
        if back.table == kind.model._meta.db_table and back.action != "change":
            return "bin" if back.action == "remove" else "restore"
    return "change"


def _reached(actor: Actor, kind: Kind, ids: Collection[int]) -> dict[int, str]:
    """The records of the set that the actor may edit, or find in the bin, with their names."""
    records: Any = kind.model._default_manager.all()
    here = records.visible_to(actor).within(actor, kind.edit_permission).filter(pk__in=list(ids))
    gone = Binned.objects.visible_to(actor).filter(kind=kind.code, record_id__in=list(ids))
    names = {**dict(gone.values_list("record_id", "label")), **dict(here.values_list("pk", kind.name))}
    return {key: fields.shown(actor, kind.guard, name) for key, name in names.items()}


def count_others(*, entry_id: int, entries: Sequence[Entry] = ()) -> int:
    """How many records were touched in one go with this entry, so that a page can offer to take all of it back."""
    found = entries or list_set(entry_id=entry_id)
    tables = {kind.model._meta.db_table for kind in list_kinds()}
    return len({key for one in found if one.subject in tables for key in (one.subject_ids or one.ids)})


@dataclass(frozen=True, kw_only=True)
class Left:
    """A record that stays as it is, in part or whole."""

    label: str
    url: str
    said: str


def list_left(*, actor: Actor, reversal: Reversal, most: int) -> list[Left]:
    """What a reversal left alone, by the names that the records have now; they are not kept, so that nobody's outlives
    them."""
    said = {
        "edited_since": _("Edited since; that was left alone."),
        "refused": _("Refused, for example because something is taken by another record. Try it on the record itself."),
        "out_of_reach": _("You may not do this to the record."),
    }
    found = []
    for kind in list_kinds():
        mine = {key: why for code, key, why in reversal.left[:most] if code == kind.code}
        names = _reached(actor, kind, list(mine))
        found += [
            Left(label=names.get(key, f"#{key}"), url=reverse(kind.url_name, args=[key]), said=said[why])
            for key, why in mine.items()
        ]
    return found


def get_reversal(*, actor: Actor, reversal_id: int) -> Reversal:
    """:raises Reversal.DoesNotExist: there is none, or it is somebody else's"""
    return Reversal.objects.get(pk=reversal_id, user_id=actor.user_id or 0)


def may_revert(actor: Actor) -> None:
    """:raises PermissionDenied: the actor may edit nothing"""
    for kind in list_kinds():
        if actor.may(kind.edit_permission):
            return
    require(actor, list_kinds()[0].edit_permission)
