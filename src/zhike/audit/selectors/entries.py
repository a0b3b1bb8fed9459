"""One entry with what it contains, as far as whoever looks may see that."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from zhike.audit import permissions, wording
from zhike.audit.models import Entry, Head, Leaf, Payload
from zhike.audit.selectors.history import permission_of, sees
from zhike.audit.selectors.reading import Shown, payloads_of, show_entries
from zhike.audit.triggers import model_of
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor

MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Detail:
    """label: what it is called. value: for people."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """An entry on a page of its own.

    rows: what it did to each record, as far as the reader may see that; hidden: of how many they may not. details: what
    an event tells. position, head: where it is sealed; None where it is not yet. may_prove: whether a proof shows the
    contents as well.
    """

    entry: Shown
    rows: list[Shown]
    hidden: int
    details: list[Detail]
    position: int | None
    head: int | None
    may_prove: bool


def get_entry(*, actor: Actor, entry_id: int) -> EntryPage:
    """The entry, the values of its rows as the actor sees them.

    :raises Entry.DoesNotExist: there is none that the actor sees
    """
    entry = find_entry(actor=actor, entry_id=entry_id)
    (shown,) = show_entries([entry], actor=actor, subject_id=None, with_contents=False)
    subjects = list(dict.fromkeys(entry.subject_ids or entry.ids))
    open_ones = _visible(actor, entry, subjects[:1000])
    rows = _rows(actor, entry, [one for one in subjects if one in open_ones])
    leaf = Leaf.objects.filter(entry_id=entry_id).first()
    head = Head.objects.filter(size__gt=leaf.position).order_by("size").first() if leaf else None
    return EntryPage(
        entry=shown,
        rows=rows,
        hidden=len(subjects) - len(open_ones),
        details=_details(actor, entry) if not entry.table_name and len(open_ones) == len(subjects) else [],
        position=leaf.position if leaf else None,
        head=head.number if head else None,
        may_prove=reads_text(actor, entry),
    )


def find_entry(*, actor: Actor, entry_id: int) -> Entry:
    """
    :raises Entry.DoesNotExist: there is none that the actor sees
    """
    require(actor, permissions.VIEW)
    entry = Entry.objects.filter(pk=entry_id).get()
    if not sees(actor, entry):
        raise Entry.DoesNotExist
    return entry


def reads_text(actor: Actor, entry: Entry, row_id: int | None = None) -> bool:
    """Whether the actor may have the bare text of the entry's row, or of its only one: every field of it unmasked."""
    subjects = entry.subject_ids or entry.ids
    if row_id is not None:
        subjects = [subject for one, subject in zip(entry.ids, subjects, strict=True) if one == row_id]
    if entry.table_name and len(subjects) != 1:
        return False
    if len(_visible(actor, entry, list(subjects))) != len(set(subjects)):
        return False
    where = fields.place_of(entry.table_name)
    if not fields.reads(actor, where.all_keys()):
        return False
    payload = payloads_of([entry]).get(entry.pk)
    place = entry.ids.index(row_id) if row_id is not None else 0
    text = payload.texts[place] if payload is not None and place < len(payload.texts) else None
    return text is None or fields.shown_within(actor, text) == text


def _visible(actor: Actor, entry: Entry, subjects: list[int]) -> set[int]:
    """Of which of these records the actor may know what happened to them.

    What nobody owns, such as roles and users, is open to whoever sees the history. A record that is gone is open to
    those who could see every one.
    """
    needed = {code for table in (entry.table_name, entry.subject) if table and (code := permission_of(table))}
    model = model_of(entry.subject)
    found = set(subjects)
    for code in needed:
        if actor.reach_of(code).is_all:
            continue
        records: Any = model._default_manager.all() if model is not None else None
        if not hasattr(records, "within"):
            return set()
        found &= set(records.within(actor, code).filter(pk__in=subjects).values_list("pk", flat=True))
    return found


def _rows(actor: Actor, entry: Entry, subjects: list[int]) -> list[Shown]:
    if not entry.table_name or entry.table_name.startswith("audit_"):
        return []
    rows: list[Shown] = []
    for subject in subjects:
        rows += show_entries([entry], actor=actor, subject_id=subject)
        if len(rows) >= MOST_SHOWN:
            break
    return rows[:MOST_SHOWN]


def _details(actor: Actor, entry: Entry) -> list[Detail]:
    payload = Payload.objects.filter(entry_id=entry.pk, at=entry.at).first()
    text = payload.texts[0] if payload and payload.texts else None
    said: Mapping[str, Any] = json.loads(text) if text else {}
    found = []
    for key, value in said.items():
        shown = fields.shown_within(actor, wording.detail_value(key, value))
        if shown:
            found.append(Detail(key=key, label=wording.detail_label(key), value=shown))
    return found


@dataclass(frozen=True, kw_only=True)
class Named:
    """A record that an entry is about. label: its kind and number, or its name; url: its page, if one may open it."""

    label: str
    url: str


def name_records(*, actor: Actor, entries: list[Shown]) -> dict[int, Named]:
    """Entry to the record that it is about, of entries about one."""
    wanted: dict[str, set[int]] = {}
    for one in entries:
        if one.subject and len(one.record_ids) == 1 and one.row_count <= 1:
            wanted.setdefault(one.subject, set()).add(one.record_ids[0])
    names = {table: _names(actor, table, ids) for table, ids in wanted.items()}
    found = {}
    for one in entries:
        if one.subject in names and len(one.record_ids) == 1 and one.row_count <= 1:
            pk = one.record_ids[0]
            name = names[one.subject].get(pk)
            kind = wording.table_label(one.subject)
            url = wording.record_url(actor, one.subject, pk) if name is not None else ""
            found[one.number] = Named(label=f"{kind} · {name}" if name else f"{kind} #{pk}", url=url)
    return found


def _names(actor: Actor, table: str, ids: set[int]) -> dict[int, str]:
    """Names of those of the records that the actor may see; empty where the name is not theirs to read."""
    model: type[models.Model] | None = model_of(table)
    if model is None:
        return {}
    rows: Any = model._default_manager.all()
    if hasattr(rows, "visible_to"):
        rows = rows.visible_to(actor)
    keys = fields.place_of(table).columns.values()
    return {row.pk: str(row) if fields.reads(actor, keys) else "" for row in rows.filter(pk__in=ids)}
