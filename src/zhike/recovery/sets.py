"""What was done in one go, and what taking it back would do: a request, a bulk edit, a bulk deletion."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from django.urls import reverse

from zhike.audit import wording
from zhike.audit.models import Entry
from zhike.audit.selectors.changes import changes_by_record, count_rows_of_set, list_set, records_of
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.recovery import restoring
from zhike.recovery.kinds import Kind, get_act, list_kinds
from zhike.recovery.models import Binned
from zhike.recovery.restoring import Plan

MOST_COUNTED = 100_000  # rows
MOST_PLANNED = 3_000  # records that a preview works out one by one; of larger sets only the first


@dataclass(frozen=True, kw_only=True)
class RecordPlan:
    """What happens to one record. doing: its values "change", it goes to the "bin", or comes back ("restore")."""

    kind: Kind
    record_id: int
    label: str
    doing: Literal["change", "bin", "restore"]
    plan: Plan

    @property
    def key(self) -> str:
        return f"{self.kind.code}:{self.record_id}"

    @property
    def agreed(self) -> str:
        """Names the record and what was looked at of it, for those who want what was edited since overwritten."""
        return f"{self.key}:{self.plan.seen}"

    @property
    def url(self) -> str:
        return "" if self.doing == "restore" else reverse(self.kind.url_name, args=[self.record_id])

    @property
    def conflict_count(self) -> int:
        return sum(step.is_conflict for step in self.plan.steps)

    @property
    def value_count(self) -> int:
        """Values that are put back unless somebody asks for more."""
        if self.doing == "change":
            return len(self.plan.steps) - self.conflict_count
        return 0 if self.doing == "bin" and self.conflict_count else 1


@dataclass(frozen=True, kw_only=True)
class Found:
    """A set, as far as the actor reaches it. names: of a kind's records, by number; hidden_count: all the others."""

    entry: Entry
    entries: list[Entry]
    names: dict[str, dict[int, str]]
    hidden_count: int

    @property
    def count(self) -> int:
        return sum(len(names) for names in self.names.values())

    def records(self) -> Iterator[tuple[Kind, int]]:
        for kind in list_kinds():
            for record_id in sorted(self.names.get(kind.code, ())):
                yield kind, record_id


@dataclass(frozen=True, kw_only=True)
class SetPlan:
    """What taking a whole set back would do.

    records: those with something to put back, of the first `planned_count`. hidden_count: that the actor may not edit,
    or that are gone for good. same_count: that are back already. erased_count: of which only the proof is left.
    act_url: the page where all of it is undone instead; is_act without one: somebody else's.
    """

    at: datetime
    who: str
    origin: str
    count: int
    planned_count: int
    records: list[RecordPlan] = field(default_factory=list)
    hidden_count: int = 0
    erased_count: int = 0
    is_act: bool = False
    act_url: str = ""

    @property
    def value_count(self) -> int:
        return sum(one.value_count for one in self.records)

    @property
    def conflicts(self) -> list[RecordPlan]:
        return [one for one in self.records if one.conflict_count]

    @property
    def plain(self) -> list[RecordPlan]:
        return [one for one in self.records if not one.conflict_count]

    @property
    def same_count(self) -> int:
        return self.planned_count - len(self.records) - self.erased_count

    @property
    def is_partial(self) -> bool:
        return self.planned_count < self.count

    def summary(self, most: int) -> list[tuple[str, str, str, int]]:
        """The commonest of what is put back: field, now, then, and at how many records."""
        found: Counter[tuple[str, str, str]] = Counter()
        for one in self.records:
            if one.doing == "change":
                found.update((step.label, step.now, step.then) for step in one.plan.steps if not step.is_conflict)
        return [(*said, count) for said, count in found.most_common(most)]


def find_set(*, actor: Actor, entry_id: int) -> Found:
    """Which records were touched in one go with this entry.

    :raises PermissionDenied: the actor may edit nothing
    :raises Entry.DoesNotExist: there is none, or nothing of it for this actor
    """
    _require_editing(actor)
    entries = list_set(entry_id=entry_id)
    names: dict[str, dict[int, str]] = {}
    hidden = 0
    for kind in list_kinds():
        if actor.may(kind.edit_permission):
            ids = touched(kind, entries)
            names[kind.code] = reached(actor, kind, ids)
            hidden += len(ids) - len(names[kind.code])
    if not any(names.values()):
        raise Entry.DoesNotExist
    entry = next(entry for entry in entries if entry.pk == entry_id)
    return Found(entry=entry, entries=entries, names=names, hidden_count=hidden)


def plan_set(*, actor: Actor, entry_id: int) -> SetPlan:
    """As far as the actor may edit the records, with what is there to take back still.

    :raises PermissionDenied: the actor may edit nothing
    :raises Entry.DoesNotExist: there is none, or nothing of it for this actor
    """
    found = find_set(actor=actor, entry_id=entry_id)
    is_act, act_url = act_of(actor, found.entries)
    people = wording.user_names([found.entry.actor_id])
    made = SetPlan(
        at=found.entry.at,
        who=people.get(found.entry.actor_id or 0, ""),
        origin=str(wording.ORIGINS.get(found.entry.origin, found.entry.origin)),
        count=found.count,
        planned_count=0,
        hidden_count=found.hidden_count,
    )
    if is_act:
        return replace(made, is_act=True, act_url=act_url)
    records: list[RecordPlan] = []
    planned, erased_count, kept_count = 0, 0, 0
    for kind in list_kinds():
        ids = sorted(found.names.get(kind.code, {}))[: MOST_PLANNED - planned]
        planned += len(ids)
        plans, erased = plan_records(
            actor,
            kind,
            entries_of(kind, found.entries),
            {record_id: found.names[kind.code][record_id] for record_id in ids},
        )
        records += (one for one in plans.values() if one.plan.steps)
        kept_count += sum(not one.plan.steps for one in plans.values())
        erased_count += len(erased)
    return replace(
        made,
        count=made.count - kept_count,
        planned_count=planned - kept_count,
        hidden_count=made.hidden_count + kept_count,
        records=records,
        erased_count=erased_count,
    )


def plan_records(
    actor: Actor, kind: Kind, entries: Sequence[Entry], names: dict[int, str]
) -> tuple[dict[int, RecordPlan], set[int]]:
    """Records of one kind that have something to put back, be it only for others than the actor (without steps), and
    those of which it cannot be told.

    names: of the records, which the actor reaches.
    """
    changes = changes_by_record(entries, table=kind.table, only=names.keys())
    told = {key: rows for key, rows in changes.by_record.items() if key not in changes.erased}
    found = {}
    for key, plan in restoring.plan_many(actor, kind, told).items():
        if plan.steps or plan.kept_count:
            found[key] = RecordPlan(kind=kind, record_id=key, label=names[key], doing=_doing(kind, plan), plan=plan)
    return found, changes.erased


def entries_of(kind: Kind, entries: Sequence[Entry]) -> list[Entry]:
    """Those about records of the kind that can be brought back."""
    return [
        entry
        for entry in entries
        if entry.table_name in kind.restorable and kind.table in (entry.table_name, entry.subject)
    ]


def touched(kind: Kind, entries: Sequence[Entry]) -> set[int]:
    found = {key for entry in entries_of(kind, entries) for key in records_of(entry, table=kind.table)}
    return {key for key in found if key is not None}


def reached(actor: Actor, kind: Kind, ids: Collection[int]) -> dict[int, str]:
    """The records that the actor may edit, or find in the bin, with their names."""
    if not ids:
        return {}
    records: Any = kind.model._default_manager.all()
    here = records.visible_to(actor).within(actor, kind.edit_permission).filter(pk__in=list(ids))
    gone = Binned.objects.visible_to(actor).filter(kind=kind.code, record_id__in=list(ids))
    names = {**dict(gone.values_list("record_id", "label")), **dict(here.values_list("pk", kind.name))}
    return {key: kind.shown_name(actor, name) or f"#{key}" for key, name in names.items()}


def act_of(actor: Actor, entries: Sequence[Entry]) -> tuple[bool, str]:
    """Whether something with an undo of its own did all this, and where that is for this actor."""
    for entry in entries:
        act = get_act(entry.table_name)
        if act is not None:
            rows: Any = act.model._default_manager.all()
            seen = rows.visible_to(actor).filter(pk__in=entry.ids).values_list("pk", flat=True).first()
            return True, reverse(act.url_name, args=[seen]) if seen else ""
    return False, ""


def count_others(*, entry_id: int) -> int:
    """How many records were touched in one go with this entry, so that a page can offer to take all of it back.

    Of what is too large to be taken back record by record, as imports are, rows instead: to read which takes long.
    """
    rows = count_rows_of_set(entry_id=entry_id)
    if rows > MOST_COUNTED:
        return rows
    found = list_set(entry_id=entry_id)
    return sum(len(touched(kind, found)) for kind in list_kinds())


def _doing(kind: Kind, plan: Plan) -> Literal["change", "bin", "restore"]:
    for back in plan.backs:
        if back.table == kind.table and back.action != "change":
            return "bin" if back.action == "remove" else "restore"
    return "change"


def _require_editing(actor: Actor) -> None:
    """:raises PermissionDenied: the actor may edit nothing"""
    if not any(actor.may(kind.edit_permission) for kind in list_kinds()):
        require(actor, list_kinds()[0].edit_permission)
