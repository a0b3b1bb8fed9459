"""Putting back what history says: one change of a record, or the record as it was after one."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.audit import wording
from zhike.audit.selectors.changes import RowChange, list_changes_of
from zhike.audit.triggers import capture_of, model_of
from zhike.core import fields
from zhike.core.acting import acting
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.recovery import kinds, services
from zhike.recovery.kinds import Back, Kind

type Rows = Collection[tuple[str, int]]
type Mode = Literal["change", "here"]


class NothingToPutBack(DomainError):
    code = "nothing_to_put_back"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is nothing to put back: it is as it was."))


class ChangedMeanwhile(DomainError):
    code = "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(_("Somebody changed the record while you looked. This is how it is now."))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One value, or one whole row, that would be put back. key: names it in a form.

    is_conflict: somebody changed it after what is taken back, so it is left alone unless chosen.
    """

    key: str
    label: str
    now: str
    then: str
    is_conflict: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What putting back would do. seen: stands for all of it, so that nothing else is done than what was looked at.

    kept_count: rows that stay as they are because the actor could not change them by hand either.
    """

    record_id: int
    steps: list[Step]
    backs: list[Back] = field(repr=False)
    kept_count: int = 0

    @property
    def seen(self) -> str:
        text = "\n".join(f"{step.key}\t{step.now}\t{step.then}" for step in self.steps)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def plan_record(*, actor: Actor, kind: Kind, record_id: int, entry_id: int, mode: Mode) -> Plan:
    """mode "change": take this one change back; "here": take back everything that came after it.

    :raises zhike.audit.selectors.changes.TooFarBack, zhike.audit.selectors.changes.ContentsErased: it cannot be told
    """
    changes = list_changes_of(actor=actor, model=kind.model, record_id=record_id, since=entry_id)
    undone = [one for one in changes if (one.entry_id > entry_id if mode == "here" else one.entry_id == entry_id)]
    return plan_back(actor, kind, record_id, undone)


def plan_back(actor: Actor, kind: Kind, record_id: int, changes: Iterable[RowChange]) -> Plan:
    """What it takes to undo these changes of one record, the oldest first, as things stand now.

    Only fields that the actor may write are part of it, so it shows nothing that they do not see.
    """
    return plan_many(actor, kind, {record_id: changes})[record_id]


def plan_many(actor: Actor, kind: Kind, changes: Mapping[int, Iterable[RowChange]]) -> dict[int, Plan]:
    """The same of many records."""
    composed = {key: _restorable(kind, rows) for key, rows in changes.items()}
    kept = dict.fromkeys(composed, 0)
    current = _current([back for backs in composed.values() for back in backs])
    names = wording.Names()
    for key, backs in composed.items():
        leaving = {(back.table, back.row_id) for back in backs if back.action == "remove"}
        for back in backs:
            now = current.get((back.table, back.row_id))
            _keep_needed(back, now, key, leaving)
            _keep_open(actor, kind, back, now)
            kept[key] += _keep_own(actor, kind, back, now)
            for column, value in (*back.then.items(), *(now or {}).items()):
                names.ask(wording.field_of(back.table, column), value)
    names.fetch()
    found = {}
    for key, backs in composed.items():
        needed = [back for back in backs if back.action != "change" or back.then]
        steps = [step for back in needed for step in _steps(actor, back, current.get((back.table, back.row_id)), names)]
        found[key] = Plan(record_id=key, steps=steps, backs=needed, kept_count=kept[key])
    return found


def restore_record(
    *,
    actor: Actor,
    kind: Kind,
    record_id: int,
    entry_id: int,
    mode: Mode,
    chosen: Collection[str] | None,
    seen: str,
    reason: str,
    at: datetime,
) -> int:
    """Put back what was chosen of the plan, by the services that edit the record; how many values that were.

    chosen: keys of steps; None: all that nobody edited since. seen: of the plan that was looked at. The putting back is
    a change like any other, with its reason in the history.

    :raises PermissionDenied, ObjectDoesNotExist: as for an edit
    :raises ChangedMeanwhile: the plan would be another one by now
    :raises NothingToPutBack: nothing was chosen
    """
    with acting(actor, reason=reason.strip()), transaction.atomic():
        kind.lock(actor, record_id)
        plan = plan_record(actor=actor, kind=kind, record_id=record_id, entry_id=entry_id, mode=mode)
        if plan.seen != seen:
            raise ChangedMeanwhile
        wanted = chosen_by_default(plan.steps) if chosen is None else chosen
        return put_back(actor=actor, kind=kind, plan=plan, chosen=wanted, at=at)


def put_back(*, actor: Actor, kind: Kind, plan: Plan, chosen: Collection[str], at: datetime) -> int:
    """Carry out the chosen steps of a plan on a record that the caller has locked."""
    backs = [back for back in plan.backs if back.narrow(chosen)]
    if not backs:
        raise NothingToPutBack
    if any(back.table == kind.table and back.action == "remove" for back in backs):
        # What made the record is taken back: it goes as if it were deleted by hand.
        services.bin_records(actor=actor, kind=kind.code, record_ids=[plan.record_id], at=at)
        return 1
    kind.put_back(actor, plan.record_id, backs, at)
    for back in backs:
        elsewhere = kind.restorable[back.table].put_back
        if elsewhere is not None:
            elsewhere(actor, plan.record_id, back, at)
    return sum(step.key in chosen for step in plan.steps)


def _restorable(kind: Kind, changes: Iterable[RowChange]) -> list[Back]:
    return [back for back in _composed(changes) if back.table in kind.restorable]


def _composed(changes: Iterable[RowChange]) -> list[Back]:
    """The changes of each row as one step back, the latest first."""
    found: dict[tuple[str, int], Back] = {}
    for change in reversed(list(changes)):
        key = (change.table, change.row_id)
        back = found.get(key)
        if change.action == "update":
            if back is None:
                back = found[key] = Back(action="change", table=change.table, row_id=change.row_id)
            if back.action != "remove":
                for column, value in change.before.items():
                    # Of what is encrypted, history keeps that it changed, and not what it was.
                    if fields.COVERED not in (value, change.after[column]):
                        back.expected.setdefault(column, change.after[column])
                        back.then[column] = value
        elif change.action == "delete":
            came_back = back is not None and back.action == "remove"
            found[key] = Back(
                action="change" if came_back else "add",
                table=change.table,
                row_id=change.row_id,
                then=dict(change.before),
                expected=back.expected if back is not None and came_back else {},
            )
        elif back is not None and back.action == "add":
            del found[key]  # it came and went within what is taken back
        else:
            expected = {**change.after, **(back.expected if back else {})}
            found[key] = Back(action="remove", table=change.table, row_id=change.row_id, expected=expected)
    return list(found.values())


def _current(backs: Iterable[Back]) -> dict[tuple[str, int], dict[str, Any]]:
    by_table: dict[str, list[int]] = {}
    for back in backs:
        by_table.setdefault(back.table, []).append(back.row_id)
    found = {}
    for table, ids in by_table.items():
        model: Any = model_of(table)
        columns = [column.attname for column in model._meta.concrete_fields]
        capture = capture_of(table)
        for row in model._base_manager.filter(pk__in=ids).values(*columns):
            found[table, row[model._meta.pk.attname]] = row
            for holder in capture.holders if capture is not None else ():
                row |= {f"{holder}.{name}": value for name, value in row.pop(holder).items()}
    return found


def _keep_needed(back: Back, now: dict[str, Any] | None, record_id: int, leaving: Rows) -> None:
    """Forget what is as it was already, and rows that are gone."""
    if back.action == "add":
        if now is not None or _is_back(back, record_id, leaving):
            back.action, back.then = "change", {}
        return
    if now is None:
        back.action, back.then = "change", {}
    elif back.action == "change":
        back.then = {column: value for column, value in back.then.items() if now.get(column) != value}


def _is_back(back: Back, record_id: int, leaving: Rows) -> bool:
    """Whether the record has such a row again, under whatever number, and keeps it."""
    restorable, capture = kinds.restorable_of(back.table), capture_of(back.table)
    if not restorable.is_named or capture is None:
        return False
    model: Any = model_of(back.table)
    same = {name: back.then.get(name, "") for name in restorable.names}
    rows = model._base_manager.filter(**{capture.subject_column: record_id}, **same)
    return any((back.table, pk) not in leaving for pk in rows.values_list("pk", flat=True))


def _keep_open(actor: Actor, kind: Kind, back: Back, now: dict[str, Any] | None) -> None:
    """Forget what the actor may not write. The record as a whole comes and goes by the permission to delete it."""
    row = {**(now or {}), **back.then}
    if back.action == "change":
        back.then = {
            column: value for column, value in back.then.items() if fields.writes_column(actor, back.table, column, row)
        }
    elif back.table != kind.table and not all(fields.writes_column(actor, back.table, column, row) for column in row):
        back.action, back.then = "change", {}


def _keep_own(actor: Actor, kind: Kind, back: Back, now: dict[str, Any] | None) -> bool:
    """Forget what the actor could not do to this row by hand; whether that was something."""
    may = kind.restorable[back.table].may
    if may is None or (back.action == "change" and not back.then) or may(actor, back, now):
        return False
    back.action, back.then = "change", {}
    return True


def _steps(actor: Actor, back: Back, now: dict[str, Any] | None, names: wording.Names) -> list[Step]:
    table = wording.table_label(back.table)
    if back.action == "change":
        held = now or {}
        return [
            Step(
                key=back.key(column),
                label=wording.field_label(back.table, column),
                now=_shown(back.table, column, held.get(column), names),
                then=_shown(back.table, column, value, names),
                is_conflict=held.get(column) != back.expected.get(column),
            )
            for column, value in back.then.items()
            if back.is_restorable(column)
        ]
    said = _summary(actor, back.table, back.then if back.action == "add" else (now or {}), names)
    is_edited = back.action == "remove" and any((now or {}).get(name) != was for name, was in back.expected.items())
    return [
        Step(
            key=back.key(""),
            label=table,
            now="" if back.action == "add" else said,
            then=said if back.action == "add" else "",
            is_conflict=is_edited,
        )
    ]


def _summary(actor: Actor, table: str, row: dict[str, Any], names: wording.Names) -> str:
    columns = kinds.restorable_of(table).names
    texts = (
        fields.shown_column(actor, table, name, row, _shown(table, name, row.get(name), names)) for name in columns
    )
    return " · ".join(text for text in texts if text)


def _shown(table: str, column: str, value: Any, names: wording.Names) -> str:
    return wording.shown(wording.field_of(table, column), value, names)


def chosen_by_default(steps: Sequence[Step]) -> list[str]:
    return [step.key for step in steps if not step.is_conflict]
