"""The history of one record, and of everything."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db import models

from zhike.audit import permissions
from zhike.audit.models import Entry
from zhike.audit.selectors.reading import Shown, show_entries
from zhike.audit.triggers import capture_of, list_captures, model_of
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows

ORDER = [["-id"]]
BATCH = 1000
# By indexes of the table that is meant, which its app makes.
OWN_ROWS = """
    SELECT e.* FROM audit_entry AS e
    WHERE e.table_name = %(table)s AND e.row_count <= 1 AND e.ids[1] = %(record)s {where}
    UNION ALL
    SELECT e.* FROM audit_entry AS e
    WHERE e.table_name = %(table)s AND e.row_count > 1 AND audit_least(e.ids) <= %(record)s
        AND audit_greatest(e.ids) >= %(record)s AND e.ids @> ARRAY[%(record)s::bigint] {where}
"""
# Beyond these no clock of ours or PostgreSQL's goes; nothing happened there.
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which entries are wanted.

    person: a user's id, 0 for the system and whoever had not logged in. since, until: days in the asker's zone, or
    moments, of which the last is not meant any more. table, record: rows of a table, and of one record only.
    """

    person: int | None = None
    since: date | None = None
    until: date | None = None
    action: str = ""
    table: str = ""
    record: int | None = None
    request: str = ""


def list_record_history(
    *, actor: Actor, model: type[models.Model], record_id: int, page: Page, asked: Asked
) -> Rows[Shown]:
    """What happened to a record and its parts, the latest first.

    Empty where the actor may not see the record; parts that need another permission (orders) only with that.
    """
    tables = tables_of(actor, model, record_id)
    if not tables:
        return Rows()
    asked = replace(asked, record=record_id)
    table = model._meta.db_table
    found = _find(asked, page, zone=actor.zone, subject=table, tables=tables)
    if is_filed_apart(table):
        own = _find_own(asked, page, zone=actor.zone, table=table)
        found = sorted({entry.pk: entry for entry in (*found, *own)}.values(), key=lambda entry: -entry.pk)
    return _page_of(actor, found[: page.size + 1], page, subject_id=record_id, own=table)


def list_history(*, actor: Actor, page: Page, asked: Asked) -> Rows[Shown]:
    """Everything that happened, the latest first; with less than the whole company's permission one's own acts.

    What entries contain is for `get_entry`, which asks for more.
    """
    require(actor, permissions.VIEW)
    return _page_of(actor, _find_any(actor, asked, page), page, subject_id=None, with_contents=False)


def iter_history(*, actor: Actor, asked: Asked, most: int) -> Iterator[Shown]:
    """The same without pages, for a file; read as it is written."""
    require(actor, permissions.VIEW)
    page, left = Page(size=BATCH), most
    while left > 0:
        rows = _page_of(actor, _find_any(actor, asked, page), page, subject_id=None, with_contents=False)
        yield from rows.items[:left]
        left -= len(rows.items)
        if not rows.next_cursor:
            return
        page = Page(size=BATCH, after=rows.next_cursor)


def sees(actor: Actor, entry: Entry) -> bool:
    """Whether somebody who sees the history sees this entry of it."""
    return actor.reach_of(permissions.VIEW).is_all or entry.actor_id == actor.user_id


def _find_any(actor: Actor, asked: Asked, page: Page) -> list[Entry]:
    if not actor.reach_of(permissions.VIEW).is_all:
        asked = replace(asked, person=actor.user_id)
    if asked.record is None:
        where, values = _conditions(actor.zone, asked, page)
        query = f"SELECT e.* FROM audit_entry AS e WHERE true {where} ORDER BY e.id DESC LIMIT %(limit)s"  # noqa: S608
        return list(Entry.objects.raw(query, values))
    capture = capture_of(asked.table)
    if capture is None:
        return []
    # Events about the record stand beside what was done to its rows.
    return _find(asked, page, zone=actor.zone, subject=capture.subject, tables=[asked.table])


def _find(asked: Asked, page: Page, *, zone: str, subject: str, tables: list[str]) -> list[Entry]:
    """Of one record: the two kinds of entries by the index of each."""
    where, values = _conditions(zone, replace(asked, table=""), page)
    found = Entry.objects.raw(
        f"""
        SELECT * FROM (
            SELECT e.* FROM audit_entry AS e
            WHERE e.subject = %(subject)s AND e.row_count <= 1
                AND (coalesce(e.subject_ids, e.ids))[1] = %(record)s
                AND (e.table_name = ANY(%(tables)s) OR e.table_name = '') {where}
            UNION ALL
            SELECT e.* FROM audit_entry AS e
            WHERE e.subject = %(subject)s AND e.row_count > 1
                AND audit_least(coalesce(e.subject_ids, e.ids)) <= %(record)s
                AND audit_greatest(coalesce(e.subject_ids, e.ids)) >= %(record)s
                AND coalesce(e.subject_ids, e.ids) @> ARRAY[%(record)s::bigint]
                AND (e.table_name = ANY(%(tables)s) OR e.table_name = '') {where}
        ) AS both_kinds ORDER BY id DESC LIMIT %(limit)s
        """,  # noqa: S608
        {**values, "subject": subject, "record": asked.record, "tables": tables},
    )
    return list(found)


def _find_own(asked: Asked, page: Page, *, zone: str, table: str) -> list[Entry]:
    """Entries about the record's own row, where these are filed under what it belongs to."""
    where, values = _conditions(zone, replace(asked, table=""), page)
    query = f"SELECT * FROM ({OWN_ROWS.format(where=where)}) AS own ORDER BY id DESC LIMIT %(limit)s"  # noqa: S608
    return list(Entry.objects.raw(query, {**values, "table": table, "record": asked.record}))


def is_filed_apart(table: str) -> bool:
    """Whether entries about a row of the table are filed under the record that it belongs to."""
    capture = capture_of(table)
    return capture is not None and capture.subject != table


def list_people() -> list[tuple[int, str]]:
    """Everybody who may have acted."""
    users = get_user_model()._default_manager.order_by("username")
    return [(user.pk, str(user)) for user in users]


def tables_of(actor: Actor, model: type[models.Model], record_id: int) -> list[str]:
    """The tables of a record's history that the actor may see; none where they may not see the record."""
    subject = model._meta.db_table
    tables: list[str] = []
    seen: dict[str, bool] = {}
    for capture in list_captures():
        if subject not in (capture.subject, capture.table):
            continue
        permission = permission_of(capture.table) or permission_of(subject)
        if permission not in seen:
            records: Any = model._default_manager.all()
            seen[permission] = bool(permission) and records.within(actor, permission).filter(pk=record_id).exists()
        if seen[permission]:
            tables.append(capture.table)
    own: Any = model._default_manager.all()
    return tables if own.visible_to(actor).filter(pk=record_id).exists() else []


def permission_of(table: str) -> str:
    """What seeing the table's rows asks for; empty where they have no scope of their own."""
    model = model_of(table)
    return getattr(model._default_manager.all(), "view_permission", "") if model is not None else ""


def _conditions(zone: str, asked: Asked, page: Page) -> tuple[str, dict[str, Any]]:
    parts: list[str] = []
    values: dict[str, Any] = {"limit": page.size + 1}
    if asked.person:
        parts.append("e.actor_id = %(person)s")
        values["person"] = asked.person
    elif asked.person == 0:
        parts.append("e.actor_id IS NULL")
    if asked.since:
        parts.append("e.at >= %(since)s")
        values["since"] = _moment(asked.since, zone)
    if asked.until:
        parts.append("e.at < %(until)s")
        values["until"] = _moment(asked.until, zone, days=1)
    if asked.action:
        parts.append("e.action = %(action)s")
        values["action"] = asked.action
    if asked.request:
        parts.append("e.request = %(request)s AND e.request <> ''")
        values["request"] = asked.request
    if asked.table:
        parts.append("e.table_name = %(table)s")
        values["table"] = asked.table
    _place, keys = page.position(ORDER, of="audit")
    if keys:
        parts.append("e.id < %(after)s")
        values["after"] = keys[0]
    return "".join(f" AND {part}" for part in parts), values


def _moment(day: date, zone: str, *, days: int = 0) -> datetime:
    """A moment as it is; of a day its beginning, so many days later."""
    if isinstance(day, datetime):
        return day
    return datetime.combine(max(EARLIEST, min(day, LATEST)) + timedelta(days=days), time(), ZoneInfo(zone))


def _page_of(
    actor: Actor,
    found: list[Entry],
    page: Page,
    *,
    subject_id: int | None,
    own: str = "",
    with_contents: bool = True,
) -> Rows[Shown]:
    cut = page.cut([(0, entry) for entry in found], ORDER, of="audit")
    shown = show_entries(cut.items, actor=actor, subject_id=subject_id, own=own, with_contents=with_contents)
    return Rows(items=shown, next_cursor=cut.next_cursor)
