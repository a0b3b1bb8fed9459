"""Merges as people look at them: what became of what, and what was edited since."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from zhike.audit import wording
from zhike.audit.selectors.changes import ContentsErased, RowChange, TooFarBack, list_changes_of
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.database import ExactDecoder
from zhike.core.errors import DomainError
from zhike.customers.guarded import NAME
from zhike.customers.models import Customer
from zhike.customers.services.bin import CODE
from zhike.duplicates.models import Merge, MergedRecord
from zhike.duplicates.permissions import MERGE
from zhike.duplicates.services.undoing import find_merge
from zhike.metadata.kinds import HOLDER
from zhike.recovery.models import Binned

TABLE = Customer._meta.db_table
MOST_SHOWN = 50
UNSAID = ("created_at",)


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """A record that was merged into another. name: empty where it is gone for good."""

    record_id: int
    name: str
    row_count: int


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One value before and after, as the reader sees it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Edited:
    """Something that was edited after the merge, and stays."""

    what: str
    action: str
    at: datetime
    changes: list[FieldChange]


@dataclass(frozen=True, kw_only=True)
class MergePage:
    """survivor: None where it is not there, or not for the reader. rows: what moved, by what it is.

    edited_note: why it cannot be told what was edited since.
    """

    merge: Merge
    survivor: Customer | None
    survivor_name: str
    given_up: list[GivenUp]
    fields: list[FieldChange]
    rows: list[tuple[str, int]]
    table_count: int
    edited: list[Edited] = field(default_factory=list)
    edited_count: int = 0
    edited_note: str = ""
    may_undo: bool = False


def get_merge(*, actor: Actor, merge_id: int) -> MergePage:
    """
    :raises Merge.DoesNotExist: there is none, or not for this actor
    """
    merge = find_merge(actor=actor, merge_id=merge_id)
    survivor = Customer.objects.visible_to(actor).filter(pk=merge.survivor_id).first()
    records = list(MergedRecord.objects.filter(merge=merge).order_by("record_id"))
    moved = Counter[str]()
    for one in records:
        moved.update({name.split(".")[0]: len(rows) for name, rows in one.moved.items()})
    edited, note = _edited_since(actor, merge) if survivor and merge.undone_at is None else ([], "")
    return MergePage(
        merge=merge,
        survivor=survivor,
        survivor_name=fields.shown(actor, NAME, survivor.name) if survivor else "",
        given_up=_given_up(actor, records),
        fields=_fields(actor, merge),
        rows=[(wording.table_label(table), count) for table, count in sorted(moved.items()) if count],
        table_count=len(moved),
        edited=edited[:MOST_SHOWN],
        edited_count=len(edited),
        edited_note=note,
        may_undo=bool(
            survivor
            and merge.undone_at is None
            and actor.may(MERGE)
            and Customer.objects.within(actor, MERGE).filter(pk=survivor.pk).exists()
        ),
    )


def changed_since(at: datetime, *, customer_id: int | None = None) -> bool:
    """Whether anybody merged, or took a merge back; of one customer where that is given."""
    rows = Merge.objects.filter(Q(merged_at__gte=at) | Q(undone_at__gte=at))
    if customer_id is not None:
        rows = rows.filter(Q(survivor_id=customer_id) | Q(records__record_id=customer_id))
    return rows.exists()


def list_merges(*, actor: Actor, customer_id: int) -> list[Merge]:
    """Into a customer whom the caller has found visible, the latest first; those taken back are left out."""
    rows = Merge.objects.visible_to(actor).filter(survivor_id=customer_id, undone_at=None).select_related("merged_by")
    return list(rows.prefetch_related("records").order_by("-merged_at", "-pk")[:MOST_SHOWN])


def _given_up(actor: Actor, records: Iterable[MergedRecord]) -> list[GivenUp]:
    ids = [one.record_id for one in records]
    names: dict[int, str] = dict(Customer.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", "name"))
    binned = Binned.objects.visible_to(actor).filter(kind=CODE, record_id__in=ids)
    names |= dict(binned.values_list("record_id", "label"))
    return [
        GivenUp(
            record_id=one.record_id,
            name=fields.shown(actor, NAME, names.get(one.record_id, "")),
            row_count=sum(len(rows) for rows in one.moved.values()),
        )
        for one in records
    ]


def _fields(actor: Actor, merge: Merge) -> list[FieldChange]:
    told = {column: values for column, values in merge.fields.items() if column not in (*UNSAID, HOLDER)}
    told |= _own_fields(*merge.fields.get(HOLDER, (None, None)))
    names = wording.Names()
    for column, values in told.items():
        for value in values:
            names.ask(wording.field_of(TABLE, column), value)
    names.fetch()
    return [
        one
        for column, (before, after) in told.items()
        if (one := _change(actor, TABLE, column, before, after, names, {})) is not None
    ]


def _own_fields(before: str | None, after: str | None) -> dict[str, list[Any]]:
    """The company's own fields that changed, one by one, as the history has them."""
    was, became = (json.loads(text or "{}", cls=ExactDecoder) for text in (before, after))
    changed = [name for name in {**was, **became} if was.get(name) != became.get(name)]
    return {f"{HOLDER}.{name}": [was.get(name), became.get(name)] for name in changed}


def _edited_since(actor: Actor, merge: Merge) -> tuple[list[Edited], str]:
    """What happened to the survivor and its parts after the merge, which its undo leaves as it is."""
    try:
        changes = list_changes_of(actor=actor, model=Customer, record_id=merge.survivor_id, since=merge.entry_id + 1)
    except (TooFarBack, ContentsErased) as refusal:
        return [], _said(refusal)
    names = wording.Names()
    for one in changes:
        for column in {*one.before, *one.after}:
            for image in (one.before, one.after):
                names.ask(wording.field_of(one.table, column), image.get(column))
    names.fetch()
    return [_edited(actor, one, names) for one in changes], ""


def _said(refusal: DomainError) -> str:
    return str(refusal)


def _edited(actor: Actor, one: RowChange, names: Any) -> Edited:
    row = {**one.before, **one.after}
    found = [
        change
        for column in dict.fromkeys((*one.before, *one.after))
        if column not in ("id", "customer_id")
        and (change := _change(actor, one.table, column, one.before.get(column), one.after.get(column), names, row))
    ]
    return Edited(
        what=wording.table_label(one.table), action=wording.action_label(one.action), at=one.at, changes=found
    )


def _change(
    actor: Actor, table: str, column: str, before: Any, after: Any, names: Any, row: Mapping[str, Any]
) -> FieldChange | None:
    shown = []
    for value in (before, after):
        text = "" if value in (None, "") else wording.shown(wording.field_of(table, column), value, names)
        try:
            seen = fields.shown_column(actor, table, column, row, str(text)) if text else ""
        except fields.FieldUndeclared:  # of the company's own fields, one that is gone by now
            return None
        if seen is None:
            return None
        shown.append(seen)
    return FieldChange(label=str(wording.field_label(table, column)), before=shown[0], after=shown[1])
