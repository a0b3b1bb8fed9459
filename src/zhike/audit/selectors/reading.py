"""From entries and payloads to rows that a page can show."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from zhike.audit import wording
from zhike.audit.models import Entry, Payload
from zhike.audit.records import parse_records
from zhike.audit.triggers import capture_of
from zhike.core.actor import Actor
from zhike.core.fields import get, list_fields, shown_column, shown_within

# What says nothing beside a created or deleted row.
PLAIN = {"id", "created_at", "import_id"}
MOST_RECORDS = 20
FROM_OUTSIDE = {"web", "api"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field, before and after, as people read it. column: what programs know it by."""

    column: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One entry, or what it says about one record.

    who: empty where nobody had logged in, and for the system. subject, record_ids: table of the records that it is
    about, and the first few of them. code: the action as programs call it. is_erased: somebody had it erased.
    """

    number: int
    at: datetime
    who: str
    who_id: int | None
    action: str
    what: str
    origin: str
    reason: str
    row_count: int
    kind: str
    table: str
    code: str
    actor_id: int | None
    request: str
    subject: str
    record_ids: list[int]
    is_guest: bool
    origin_code: str
    changes: list[Change] = field(default_factory=list)
    is_erased: bool = False

    @property
    def doer(self) -> str:
        """Who did it, in words."""
        return self.who or str(_("Not logged in") if self.is_guest else _("The system"))


type Images = tuple[Mapping[str, Any], Mapping[str, Any]]


def show_entries(
    entries: Sequence[Entry], *, actor: Actor, subject_id: int | None, own: str = "", with_contents: bool = True
) -> list[Shown]:
    """The entries in people's words, with values as the actor sees them.

    subject_id: of entries about many rows, those of this record, one after another; without it they are only counted.
    own: the record's table, where its rows are filed under what they belong to.
    with_contents: false for who may know that something happened, and not what.
    """
    payloads = payloads_of(entries) if with_contents else {}
    people = wording.user_names([entry.actor_id for entry in entries])
    found: list[tuple[Entry, Images | None]] = []
    for entry in entries:
        rows = images_of(entry, payloads.get(entry.pk), subject_id, own=own)
        found += [(entry, images) for images in rows if not wording.is_echo(entry.table_name, images)]
        if not rows:
            found.append((entry, None))
    names = wording.Names()
    for entry, images in found:
        for before, after in [images] if images else []:
            for column, value in (*before.items(), *after.items()):
                names.ask(wording.field_of(entry.table_name, column), value)
    names.fetch()
    return [_shown(actor, entry, images, payloads.get(entry.pk), people, names) for entry, images in found]


def payloads_of(entries: Sequence[Entry]) -> dict[int, Payload]:
    times = [entry.at for entry in entries]
    if not times:
        return {}
    rows = Payload.objects.filter(
        entry_id__in=[entry.pk for entry in entries], at__gte=min(times), at__lte=max(times)
    ).only("entry_id", "texts")
    return {row.pk: row for row in rows}


def images_of(entry: Entry, payload: Payload | None, subject_id: int | None, *, own: str = "") -> list[Images]:
    """What each row was and became; of chunks, the rows of one subject."""
    if payload is None or not entry.table_name or entry.table_name == "audit_payload":
        return []
    if entry.fields is None:
        text = payload.texts[0] if payload.texts else None
        image: Images = image_in(entry, text) if text else ({}, {})
        return [image] if any(image) else []
    if subject_id is None:
        return []
    images: list[Images] = []
    for place, one in enumerate(entry.ids if entry.table_name == own else entry.subject_ids or entry.ids):
        text = payload.texts[place] if one == subject_id else None
        if text is not None:
            images.append(image_in(entry, text))
    return images


def image_in(entry: Entry, text: str) -> Images:
    """What one text of an entry says its row was and became."""
    if entry.fields is None:
        said = json.loads(text, parse_float=Decimal)
        return said.get("before", {}), said.get("after", {})
    records = parse_records(text)
    names = entry.fields
    capture = capture_of(entry.table_name)
    holders = capture.holders if capture is not None else frozenset()
    rows = [_taken_apart(dict(zip(names, values, strict=True)), holders) for values in records]
    if entry.action == "insert":
        return {}, rows[0]
    if entry.action == "delete":
        return rows[0], {}
    before, after = rows
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in changed}, {name: after.get(name) for name in changed}


def _taken_apart(row: dict[str, Any], holders: frozenset[str]) -> dict[str, Any]:
    """A company's own fields one by one, as entries about few rows have them."""
    for holder in holders & row.keys():
        held = json.loads(row.pop(holder) or "{}", parse_float=Decimal)
        row |= {f"{holder}.{name}": value for name, value in held.items()}
    return row


def _shown(
    actor: Actor,
    entry: Entry,
    images: Images | None,
    payload: Payload | None,
    people: Mapping[int, str],
    names: wording.Names,
) -> Shown:
    texts = payload.texts if payload else []
    is_event = not entry.table_name
    told = json.loads(texts[0]) if is_event and texts and texts[0] else {}
    has_reason = not is_event and entry.text_count > max(entry.row_count, 1)
    return Shown(
        number=entry.pk,
        at=entry.at,
        who=people.get(entry.actor_id, f"#{entry.actor_id}") if entry.actor_id else "",
        who_id=entry.actor_id,
        action=wording.action_label(entry.action),
        what=_what(entry, told),
        origin=str(wording.ORIGINS.get(entry.origin, entry.origin)),
        reason=shown_within(actor, told.get("reason", "") or ((texts[-1] or "") if has_reason and texts else "")),
        row_count=entry.row_count,
        kind=entry.action if entry.action in {"insert", "update", "delete"} else "event",
        table=entry.table_name,
        code=entry.action,
        actor_id=entry.actor_id,
        request=entry.request,
        subject=entry.subject,
        record_ids=list(dict.fromkeys((entry.subject_ids or entry.ids)[:MOST_RECORDS])),
        origin_code=entry.origin,
        is_guest=entry.actor_id is None and entry.origin in FROM_OUTSIDE,
        changes=_changes(actor, entry, images, names) if images else [],
        is_erased=images is None and None in texts,
    )


def _what(entry: Entry, told: Mapping[str, Any]) -> str:
    if told.get("field") in {field.key for field in list_fields()}:
        return str(get(told["field"]).label)
    return wording.table_label(entry.table_name or entry.subject) if entry.table_name != "audit_payload" else ""


def _changes(actor: Actor, entry: Entry, images: Images, names: wording.Names) -> list[Change]:
    before, after = images
    found = []
    for column in {**before, **after}:
        if entry.action != "update" and column in PLAIN:
            continue
        field_ = wording.field_of(entry.table_name, column)
        if getattr(field_, "is_relation", False) and entry.action != "update" and _is_parent(entry, field_):
            continue
        was, became = (
            shown_column(actor, entry.table_name, column, image, said) if said else ""
            for image, said in ((image, wording.shown(field_, image.get(column), names)) for image in images)
        )
        if was is None or became is None:
            continue
        change = Change(column=column, label=wording.field_label(entry.table_name, column), before=was, after=became)
        if change.before or change.after:
            found.append(change)
    return found


def _is_parent(entry: Entry, relation: Any) -> bool:
    return bool(relation.related_model._meta.db_table == entry.subject)
