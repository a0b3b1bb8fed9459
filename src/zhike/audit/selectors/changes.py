"""The history of records as values, for those who put things back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from zhike.audit import wording
from zhike.audit.models import Entry
from zhike.audit.selectors.history import tables_of
from zhike.audit.selectors.reading import images_of, payloads_of
from zhike.core.actor import Actor
from zhike.core.errors import DomainError

MOST_ENTRIES = 1000


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


def list_changes_of(*, actor: Actor, model: type[models.Model], record_id: int, since: int) -> list[RowChange]:
    """What happened to a record and its parts from this entry on, as far as the actor may see it, the oldest first.

    :raises TooFarBack: that is too much
    :raises ContentsErased: of some of it only the proof is left
    """
    tables = tables_of(actor, model, record_id)
    found = Entry.objects.raw(
        """
        SELECT e.* FROM audit_entry AS e
        WHERE e.subject = %(subject)s AND e.id >= %(since)s AND e.table_name = ANY(%(tables)s)
            AND (e.row_count <= 1 AND (coalesce(e.subject_ids, e.ids))[1] = %(record)s
                OR e.row_count > 1 AND audit_least(coalesce(e.subject_ids, e.ids)) <= %(record)s
                AND audit_greatest(coalesce(e.subject_ids, e.ids)) >= %(record)s
                AND coalesce(e.subject_ids, e.ids) @> ARRAY[%(record)s::bigint])
        ORDER BY e.id LIMIT %(limit)s
        """,
        {
            "subject": model._meta.db_table,
            "record": record_id,
            "since": since,
            "tables": tables,
            "limit": MOST_ENTRIES + 1,
        },
    )
    return changes_in(list(found), subject_id=record_id)


def changes_in(entries: list[Entry], *, subject_id: int) -> list[RowChange]:
    """The rows of these entries that belong to the record."""
    if len(entries) > MOST_ENTRIES:
        raise TooFarBack
    payloads = payloads_of(entries)
    found: list[RowChange] = []
    for entry in entries:
        ids = [row for row, owner in zip(entry.ids, entry.subject_ids or entry.ids, strict=True) if owner == subject_id]
        images = images_of(entry, payloads.get(entry.pk), subject_id)
        if len(images) != len(ids):
            raise ContentsErased
        for row_id, (before, after) in zip(ids, images, strict=True):
            if wording.is_echo(entry.table_name, (before, after)):
                continue
            found.append(
                RowChange(
                    entry_id=entry.pk,
                    at=entry.at,
                    actor_id=entry.actor_id,
                    table=entry.table_name,
                    row_id=row_id,
                    action=entry.action,
                    before=_typed(entry.table_name, before, entry.action, after),
                    after=_typed(entry.table_name, after, entry.action, before),
                )
            )
    return found


def _typed(table: str, image: Mapping[str, Any], action: str, other: Mapping[str, Any]) -> dict[str, Any]:
    """The image with Python values. Of an update both images name the same columns."""
    columns = {**image, **other} if action == "update" else image
    found = {}
    for column in columns:
        field = wording.field_of(table, column)
        if field is not None:
            value = image.get(column)
            found[column] = None if value is None else field.to_python(value)
    return found
