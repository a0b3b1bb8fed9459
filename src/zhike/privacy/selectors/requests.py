"""The request desk, and what a person gets to read about themselves."""

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from zhike.calendars.selectors import WorkingDays, get_working_days
from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows
from zhike.core.personal import Class, Holding, kept, list_explanations, list_holdings
from zhike.customers.guarded import shown_name
from zhike.customers.models import Customer
from zhike.privacy.models import Purpose, Request
from zhike.privacy.permissions import HANDLE

UNTOLD = {Class.STAFF, Class.SECRET}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One request. name: of the customer, empty once erased. days_left: negative where it is overdue.

    is_counted_in_working_days: which days these are. guessed_years: whose public holidays are not known yet.
    """

    request: Request
    name: str
    days_left: int
    is_counted_in_working_days: bool
    is_overdue: bool
    guessed_years: list[int]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One kind of what is held. columns: their names as people read them."""

    title: str
    stays: str
    columns: list[str]
    rows: list[list[Any]]


def list_requests(*, actor: Actor, today: date) -> list[Row]:
    """Open ones by their due day, then the latest of the others."""
    require(actor, HANDLE)
    reader = fields.as_clerk(actor)
    with seeing_everything():
        rows = Request.objects.select_related("customer").order_by(
            F("closed_at").desc(nulls_first=True), "due_on", "pk"
        )
        known = get_working_days()
        return [_row(one, today, reader, known) for one in rows[:500]]


def page_requests(*, actor: Actor, page: Page, state: str, today: date) -> Rows[Row]:
    """A page of them, the latest first. state: only these; empty: all."""
    require(actor, HANDLE)
    reader, known = fields.as_clerk(actor), get_working_days()
    rows = Request.objects.filter(state=state) if state else Request.objects.all()
    with seeing_everything():
        found = page.of(rows.select_related("customer", "erasure"), by=("-pk",))
        items = [_row(one, today, reader, known) for one in found.items]
    return Rows(items=items, next_cursor=found.next_cursor)


def get_request(*, actor: Actor, request_id: int, today: date) -> Row:
    """:raises Request.DoesNotExist: there is none"""
    require(actor, HANDLE)
    with seeing_everything():
        found = Request.objects.select_related("customer", "erasure", "handled_by").get(pk=request_id)
        return _row(found, today, fields.as_clerk(actor), get_working_days())


def _row(one: Request, today: date, reader: Actor, known: WorkingDays) -> Row:
    is_working = settings.REQUEST_DEADLINE.endswith("w")
    return Row(
        request=one,
        name=shown_name(reader, one.customer.name) if one.customer else "",
        days_left=known.between(today, one.due_on) if is_working else (one.due_on - today).days,
        is_counted_in_working_days=is_working,
        is_overdue=one.due_on < today,
        guessed_years=known.guessed_years(one.received_on, one.due_on) if is_working and one.closed_at is None else [],
    )


def explain(*, actor: Actor, customer_id: int) -> list[str]:
    """The reasons behind what was computed about the person, a sentence each, as far as the actor reads them."""
    require(actor, HANDLE)
    with seeing_everything():
        return list_explanations(fields.as_clerk(actor), customer_id)


def collect(*, actor: Actor, customer_id: int) -> list[Part]:
    """Everything that is held about a person, without what is about our own people or secret.

    A copy is complete, or not made: the person has a right to all of it.

    :raises zhike.core.fields.FieldsClosed: it would hold what the actor's roles keep from them
    """
    require(actor, HANDLE)
    reader = fields.as_clerk(actor)
    parts = []
    closed: set[str] = set()
    with seeing_everything():
        for holding in list_holdings():
            known = kept(holding.model)
            if not holding.is_copied or known is None:
                continue
            table = holding.model._meta.db_table
            if holding.tell is not None:
                told = holding.tell(customer_id)
                closed |= fields.closed_in(reader, table, told)
                keys = [key for name in (told[0] if told else ()) for key in fields.place_of(table).keys(name, {})]
                if told:
                    parts.append(_part(holding, [str(fields.get(key).label) for key in keys], told))
                continue
            columns = [one for one in holding.model._meta.concrete_fields if known.class_of(one.name) not in UNTOLD]
            labels = {one.attname: str(one.verbose_name) for one in columns}
            found = list(holding.rows(customer_id).order_by("pk").values(*labels))
            closed |= fields.closed_in(reader, table, found)
            if found:
                _take_apart(table, labels, found)
                parts.append(_part(holding, list(labels.values()), found))
    if closed:
        raise fields.FieldsClosed([one for one in fields.list_fields() if one.key in closed])
    return parts


def _take_apart(table: str, labels: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """The company's own fields as columns behind the others, under their names and in words."""
    for holder, record in fields.place_of(table).holders.items():
        if labels.pop(holder, None) is None:
            continue
        held = [row.pop(holder) for row in rows]
        for name in sorted({name for values in held for name in values}):
            field = fields.get(f"{record}.{holder}.{name}")
            labels[field.key] = str(field.label)
            for row, values in zip(rows, held, strict=True):
                value = values.get(name)
                row[field.key] = value if value is None or field.said is None else field.said(value)


def _part(holding: Holding, columns: list[str], rows: list[dict[str, Any]]) -> Part:
    return Part(
        title=str(holding.label), stays=str(holding.stays), columns=columns, rows=[list(row.values()) for row in rows]
    )


def copy_archive(*, actor: Actor, customer_id: int) -> bytes:
    """A ZIP file with everything, for a program (JSON) and for a person (HTML)."""
    parts = collect(actor=actor, customer_id=customer_id)
    reasons = explain(actor=actor, customer_id=customer_id)
    purposes = list(Purpose.objects.order_by("name"))
    with seeing_everything():
        name = Customer.objects.values_list("name", flat=True).get(pk=customer_id)
    told = {
        "name": name,
        "parts": [{"title": one.title, "rows": [_named(one, row) for row in one.rows]} for one in parts],
        "explanations": reasons,
        "purposes": [
            {
                "name": one.name,
                "basis": str(one.get_basis_display()),
                "data": one.data,
                "recipients": one.recipients,
                "kept": one.kept,
            }
            for one in purposes
        ],
    }
    page = render_to_string(
        "privacy/copy.html", {"name": name, "parts": parts, "reasons": reasons, "purposes": purposes}
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("data.json", json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        target.writestr(f"{_('my-data')}.html", page)
    return archive.getvalue()


def _named(part: Part, row: list[Any]) -> dict[str, Any]:
    return dict(zip(part.columns, row, strict=True))
