"""The history of records as values, for those who put things back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from zhike.audit import wording
from zhike.audit.models import Entry
from zhike.audit.selectors.history import OWN_ROWS, is_filed_apart, tables_of
from zhike.audit.selectors.reading import image_in, payloads_of
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.fields import RecordField

MOST_ENTRIES = 1000
NEARBY = 50_000  # what is done in one go has numbers that are not further apart
NO_LONGER = timedelta(hours=6)

PARTS = """
    SELECT e.* FROM audit_entry AS e
    WHERE e.subject = %(subject)s AND e.id >= %(since)s AND e.table_name = ANY(%(tables)s)
        AND (e.row_count <= 1 AND (coalesce(e.subject_ids, e.ids))[1] = %(record)s
            OR e.row_count > 1 AND audit_least(coalesce(e.subject_ids, e.ids)) <= %(record)s
            AND audit_greatest(coalesce(e.subject_ids, e.ids)) >= %(record)s
            AND coalesce(e.subject_ids, e.ids) @> ARRAY[%(record)s::bigint])
"""


class TooFarBack(DomainError):
    code = "too_far_back"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _("More than %(count)s changes have been made since. Choose a later one.") % {"count": MOST_ENTRIES}
        )


class ContentsErased(DomainError):
    code = "contents_erased"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("What this change contained was erased, so it cannot be put back."))


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """One row of one entry. before, after: columns as Python values; of an update only those that changed."""

    entry_id: int
    at: datetime
    actor_id: int | None
    table: str
    row_id: int
    action: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What entries say, by the record that each row belongs to, the oldest first.

    erased: records of which some contents were erased, so that it cannot be told what was there.
    """

    by_record: dict[int, list[RowChange]] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)


def list_changes_of(*, actor: Actor, model: type[models.Model], record_id: int, since: int) -> list[RowChange]:
    """What happened to a record and its parts from this entry on, as far as the actor may see it, the oldest first.

    :raises TooFarBack: that is too much
    :raises ContentsErased: of some of it only the proof is left
    """
    table = model._meta.db_table
    tables = tables_of(actor, model, record_id)
    told = {"subject": table, "table": table, "record": record_id, "since": since, "tables": tables}
    query = PARTS
    if tables and is_filed_apart(table):
        query = f"{PARTS} UNION ALL {OWN_ROWS.format(where='AND e.id >= %(since)s')}"
    query = f"SELECT * FROM ({query}) AS found ORDER BY id LIMIT %(limit)s"  # noqa: S608
    found = Entry.objects.raw(query, {**told, "limit": MOST_ENTRIES + 1})
    return changes_in(list(found), table=table, record_id=record_id)


def list_set(*, entry_id: int, about: Collection[int] | None = None) -> list[Entry]:
    """The entries of everything that was done in one go with this one: one request, or else one transaction.

    about: only those that name one of these numbers, of a row or of its record.

    :raises Entry.DoesNotExist: there is none
    """
    near = _in_one_go(entry_id)
    if about is not None:
        near = near.filter(Q(ids__overlap=list(about)) | Q(subject_ids__overlap=list(about)))
    return list(near.order_by("pk"))


def count_rows_of_set(*, entry_id: int) -> int:
    """How many rows all these entries are about, without reading which.

    :raises Entry.DoesNotExist: there is none
    """
    return _in_one_go(entry_id).aggregate(rows=Sum("row_count"))["rows"] or 0


def _in_one_go(entry_id: int) -> models.QuerySet[Entry]:
    first = Entry.objects.filter(pk=entry_id).get()
    near = Entry.objects.filter(pk__range=(entry_id - NEARBY, entry_id + NEARBY), actor_id=first.actor_id)
    if first.request:
        return near.filter(request=first.request, at__range=(first.at - NO_LONGER, first.at + NO_LONGER))
    return near.filter(xid=first.xid, at=first.at)


def changes_in(entries: list[Entry], *, table: str, record_id: int) -> list[RowChange]:
    """The rows of these entries that belong to one record. table: its own.

    :raises TooFarBack: that is too much
    :raises ContentsErased: of some of it only the proof is left
    """
    if len(entries) > MOST_ENTRIES:
        raise TooFarBack
    found = changes_by_record(entries, table=table, only={record_id})
    if found.erased:
        raise ContentsErased
    return found.by_record.get(record_id, [])


def records_of(entry: Entry, *, table: str) -> Sequence[int]:
    """The record behind each row of the entry. table: of the records."""
    return entry.ids if entry.table_name == table else entry.subject_ids or entry.ids


def changes_by_record(entries: Sequence[Entry], *, table: str, only: Collection[int]) -> Changes:
    """What these entries say about some records. table: of the records."""
    payloads = payloads_of(entries)
    found = Changes()
    for entry in entries:
        texts = payloads[entry.pk].texts if entry.pk in payloads else []
        for place, (row_id, record_id) in enumerate(zip(entry.ids, records_of(entry, table=table), strict=True)):
            if record_id not in only:
                continue
            text = texts[place] if place < len(texts) else None
            if text is None:
                found.erased.add(record_id)
                continue
            before, after = image_in(entry, text)
            if not wording.is_echo(entry.table_name, (before, after)):
                change = RowChange(
                    entry_id=entry.pk,
                    at=entry.at,
                    actor_id=entry.actor_id,
                    table=entry.table_name,
                    row_id=row_id,
                    action=entry.action,
                    before=_typed(entry.table_name, before, entry.action, after),
                    after=_typed(entry.table_name, after, entry.action, before),
                )
                found.by_record.setdefault(record_id, []).append(change)
    return found


def _typed(table: str, image: Mapping[str, Any], action: str, other: Mapping[str, Any]) -> dict[str, Any]:
    """The image with Python values. Of an update both images name the same columns."""
    columns = {**image, **other} if action == "update" else image
    found = {}
    for column in columns:
        field = wording.field_of(table, column)
        if field is not None:
            value = image.get(column)
            is_plain = value is None or isinstance(field, RecordField)
            found[column] = value if is_plain else field.to_python(value)
    return found
