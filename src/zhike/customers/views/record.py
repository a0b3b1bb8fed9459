"""A customer's page: header, fields, time line and panels; the same as a side panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zhike.core import fields, masking
from zhike.core.access import holds
from zhike.core.actor import Actor, Sight
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import panels
from zhike.core.pages import render_page
from zhike.customers import own_fields, timeline
from zhike.customers.cells import Style, number
from zhike.customers.forms import NewActivity
from zhike.customers.guarded import ACTIVITY, ALL_LABELS, AMOUNT, LAST_ORDER, RECORD, key
from zhike.customers.models import EXPORT, Customer, Relationship
from zhike.customers.selectors import activities, record
from zhike.customers.selectors.field_files import files_of
from zhike.customers.selectors.record import Record
from zhike.customers.services import arranging
from zhike.customers.services.attaching import MOST_BYTES
from zhike.customers.shelf import KeptFile
from zhike.customers.views.asking import asking_of, style_of
from zhike.exchange.files.contents import FORMS
from zhike.metadata.kinds import Known
from zhike.metadata.models import Kind
from zhike.metadata.selectors.pages import Group, Line, list_groups

VIEW = "customers.view_customer"
EDIT = "customers.edit_customer"
SECTIONS = (
    ("name", "kind", "relationship", "owner", "team", "channel", "tags"),
    ("country", "province", "city", "birthday_on", "id_number"),
    ("note",),
)
OF_PERSONS = ("birthday_on", "id_number")
OF_HOLDERS = ("owner", "team")  # not for collaborators to give away
PICTURES = ",".join(form.media_type for form in FORMS.values() if form.look == "picture")
MOST_EMPTY, NO_LIMIT = 40, 10_000  # empty fields that a page shows without being asked
_KINDS = dict(Customer.Kind.choices)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Where files go into a field. most: so many; most_bytes: of each; accept: what a browser lets choose."""

    customer_id: int
    field: str
    url: str
    most: int
    accept: str
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, kw_only=True)
class Field:
    """One line of the record. shown: as text; url: where it is edited; reveal_url: where a masked value is
    shown in full. Empty where that may not be. files: of a field that holds some; upload: where more go, if they may.
    """

    label: str
    shown: str
    url: str
    is_long: bool = False
    reveal_url: str = ""
    files: Sequence[KeptFile] | None = None
    upload: Upload | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure of the header. shown: safe HTML."""

    label: str
    shown: str
    reveal_url: str = ""


@needs(VIEW)
@require_GET
def show_customer(request: ActorRequest, pk: int) -> HttpResponse:
    """The record; asked for by htmx, what the side panel shows of it."""
    found = load(request, pk)
    style = style_of(asking_of(request))
    may_edit = record.may_edit(actor=request.actor, customer_id=pk)
    context = {
        **header_context(
            found, style, request.actor, may_delete=record.may_delete(actor=request.actor, customer_id=pk)
        ),
        **fields_context(found, request, may_edit),
        "may_edit": may_edit,
        "pinned": activities.list_pinned(actor=request.actor, customer_id=pk),
        "composer": new_activity(request.actor),
        **panels_context(request, pk),
        **time_line_context(request, pk),
    }
    return render_page(request, "customers/show_customer.html", context, partial="record")


def fields_context(found: Record, request: ActorRequest, may_edit: bool, *, has_tabs: bool = True) -> dict[str, Any]:
    """The fields in their sections, and the ways to reach the customer. has_tabs: paper has none, and shows all."""
    own = _own_context if has_tabs else _own_on_paper
    return {
        "sections": [_fields(found, names, request.actor, may_edit) for names in SECTIONS],
        **own(found, request, may_edit),
        "identifiers": found.identifiers,
    }


@needs(VIEW)
@require_GET
def show_header(request: ActorRequest, pk: int) -> HttpResponse:
    """The header alone, after a field has changed."""
    may_delete = record.may_delete(actor=request.actor, customer_id=pk)
    context = header_context(load(request, pk), style_of(asking_of(request)), request.actor, may_delete=may_delete)
    return render_page(request, "customers/show_customer.html", context, partial="header")


@needs(VIEW)
@require_GET
def show_time_line(request: ActorRequest, pk: int) -> HttpResponse:
    """The time line alone: narrowed to a kind, or its next page."""
    load_visible(request, pk)
    may_edit = record.may_edit(actor=request.actor, customer_id=pk)
    context = {"customer": {"pk": pk}, "may_edit": may_edit, **time_line_context(request, pk)}
    partial = "entries" if request.GET.get("after") else "time_line"
    if not any((context["kind"], context["until"], request.GET.get("after"))):
        context["pinned"] = activities.list_pinned(actor=request.actor, customer_id=pk)
    return render_page(request, "customers/time_line.html", context, partial=partial)


def load(request: ActorRequest, pk: int) -> Record:
    """The record, or 404: the same answer for “missing” and “not yours”."""
    try:
        return record.get_customer(actor=request.actor, customer_id=pk)
    except Customer.DoesNotExist:
        raise Http404 from None


def load_visible(request: ActorRequest, pk: int) -> None:
    if not Customer.objects.visible_to(request.actor).filter(pk=pk).exists():
        raise Http404


def time_line_context(request: ActorRequest, pk: int) -> dict[str, Any]:
    """What its address asks for: a kind that is none to this actor counts as nothing."""
    kinds, until = timeline.list_kinds(request.actor), _day(request.GET.get("until", ""))
    kind = request.GET.get("kind", "")
    kind = kind if kind in dict(kinds) else ""
    found = timeline.list_time_line(
        actor=request.actor,
        customer_id=pk,
        after=request.GET.get("after", ""),
        kind=kind,
        until=_end_of(until, request.actor) if until else None,
    )
    address, asked = reverse("show_time_line", args=[pk]), {"kind": kind, "until": until.isoformat() if until else ""}
    return {
        "entries": found.entries,
        "kinds": kinds,
        "kind": kind,
        "until": until,
        "most_bytes": MOST_BYTES,
        "more_url": f"{address}?{urlencode(asked | {'after': found.next_cursor})}" if found.next_cursor else "",
    }


def panels_context(request: ActorRequest, pk: int) -> dict[str, Any]:
    """The panels as the actor has arranged them."""
    mine = arranging.get_arrangement(actor=request.actor, page="customer")
    return {
        "panels": panels.list_panels(
            page="customer", record_id=pk, actor=request.actor, order=mine.order, hidden=mine.hidden
        ),
        "is_arranged": bool(mine.order),
    }


def _day(text: str) -> date | None:
    """What a date field sends; anything else counts as nothing."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _end_of(day: date, actor: Actor) -> datetime | None:
    """The first moment of the day after, where the actor is; None beyond the calendar."""
    try:
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(actor.zone))
    except OverflowError:
        return None


def new_activity(actor: Actor) -> NewActivity | None:
    """The composer; none for those who may not write into the time line."""
    return NewActivity(initial={"kind": "follow_up"}) if fields.sight(actor, ACTIVITY) is Sight.WRITE else None


def header_context(found: Record, style: Style, actor: Actor, *, may_delete: bool) -> dict[str, Any]:
    facts = found.facts
    return {
        "may_delete": may_delete,
        "may_print": holds(actor, EXPORT, found.customer),
        "customer": found.customer,
        "kind_label": _KINDS[found.customer.kind],
        "relationship": found.relationship,
        "tags": found.tags,
        "facts": facts,
        "grade": style.grade(facts.grade) if facts and facts.grade else "",
        "stage": style.stage(facts.stage) if facts and facts.stage else "",
        "figures": _figures(found, style, actor),
        "reasons": record.explain(facts, style=style) if facts else [],
        "rhythm": record.explain_rhythm(facts) if facts else "",
    }


def _figures(found: Record, style: Style, actor: Actor) -> list[Figure]:
    """Without those that are hidden from the actor."""
    facts = found.facts
    if facts is None:
        return []
    amount = Figure(label=_("Amount bought"), shown=style.money(facts.amount))
    if fields.sight(actor, AMOUNT) is Sight.MASKED:
        url = record.reveal_url(actor, found.customer.pk, "amount")
        amount = Figure(label=_("Amount bought"), shown=masking.STARS, reveal_url=url)
    last_order = style.day(facts.last_order_on)
    return [
        figure
        for field, figure in (
            (AMOUNT, amount),
            (key("order_count"), Figure(label=_("Orders"), shown=number(facts.order_count))),
            (LAST_ORDER, Figure(label=_("Last order"), shown=last_order)),
        )
        if fields.sight(actor, field) is not Sight.HIDDEN
    ]


def _fields(found: Record, names: tuple[str, ...], actor: Actor, may_edit: bool) -> list[Field]:
    """Without those that are hidden from the actor; edited are those that are theirs to write."""
    sights = {name: fields.sight(actor, key(name)) for name in names}
    is_held = holds(actor, EDIT, found.customer)
    return [
        Field(
            label=str(ALL_LABELS[name]),
            shown=shown_value(found, name),
            url=(
                reverse("edit_field", args=[found.customer.pk, name])
                if may_edit and sights[name] is Sight.WRITE and (name not in OF_HOLDERS or is_held)
                else ""
            ),
            is_long=name == "note",
            reveal_url=record.reveal_url(actor, found.customer.pk, name) if shown_value(found, name) else "",
        )
        for name in names
        if sights[name] is not Sight.HIDDEN and (name not in OF_PERSONS or found.customer.kind == Customer.Kind.PERSON)
    ]


@dataclass(frozen=True, kw_only=True)
class OwnGroup:
    """A section of the company's own fields."""

    group: Group
    lines: list[tuple[Line, Field]]


def _own_groups(found: Record, request: ActorRequest, may_edit: bool) -> list[OwnGroup]:
    customer, actor = found.customer, request.actor
    groups = list_groups(
        actor=actor,
        record=RECORD,
        values=customer.custom,
        plain=own_fields.plain_of(customer),
        most_empty=NO_LIMIT if "every" in request.GET or request.GET.get("find") else MOST_EMPTY,
    )
    return [
        OwnGroup(group=group, lines=[(line, _own_field(line, customer.pk, actor, may_edit)) for line in group.lines])
        for group in groups
    ]


def _own_context(found: Record, request: ActorRequest, may_edit: bool) -> dict[str, Any]:
    """The sections of one tab, or those that are in none, with the strip of tabs where there are any; or of all
    sections, the fields that are called what is sought."""
    groups = _own_groups(found, request, may_edit)
    tabs = [one.group for one in groups if one.group.is_tab]
    chosen = next((one.pk for one in tabs if str(one.pk) == request.GET.get("tab")), 0)
    shown = [one for one in groups if (one.group.pk == chosen if chosen else not one.group.is_tab)]
    sought = request.GET.get("find", "").strip()[:60]
    return {
        "own_groups": _called(groups, sought) if sought else shown,
        "own_tabs": tabs,
        "own_tab": chosen,
        "own_sought": sought,
        "own_is_long": sum(len(one.lines) + one.group.empty_count for one in groups) > MOST_EMPTY,
    }


def _called(groups: list[OwnGroup], sought: str) -> list[OwnGroup]:
    """Of each section the fields whose name holds this, in either language, without sections that have none."""
    found = []
    for one in groups:
        lines = [
            (line, field)
            for line, field in one.lines
            if sought.casefold() in f"{line.field.label}\n{line.field.label_en}".casefold()
        ]
        if lines:
            found.append(OwnGroup(group=one.group, lines=lines))
    return found


def _own_on_paper(found: Record, request: ActorRequest, may_edit: bool) -> dict[str, Any]:
    """Without sections in which nothing is filled in: on paper nobody can fill them."""
    groups = _own_groups(found, request, may_edit)
    return {"own_groups": [one for one in groups if any(field.shown for _line, field in one.lines)]}


def upload_of(known: Known, pk: int) -> Upload:
    return Upload(
        customer_id=pk,
        field=known.name,
        url=reverse("add_field_file", args=[pk, known.name]),
        most=int(known.rules.get("files", 1)),
        accept=PICTURES if known.kind is Kind.IMAGE else "",
    )


def _own_field(line: Line, pk: int, actor: Actor, may_edit: bool) -> Field:
    if line.has_files:
        return Field(
            label=line.field.named,
            shown=line.shown,
            url="",
            files=files_of(line.files, known=line.field, customer_id=pk),
            upload=upload_of(line.field, pk) if may_edit and line.may_write else None,
        )
    return Field(
        label=line.field.named,
        shown=line.shown,
        url=reverse("edit_field", args=[pk, line.field.name]) if may_edit and line.may_write else "",
        is_long=line.is_long,
        reveal_url=record.reveal_url(actor, pk, line.field.name) if line.is_masked else "",
    )


def shown_value(found: Record, name: str) -> str:
    """A field as people read it."""
    customer = found.customer
    match name:
        case "kind":
            return str(_KINDS[customer.kind])
        case "relationship":
            if not customer.relationship and found.relationship:
                return _("%(value)s (computed)") % {"value": found.relationship}
            return str(dict(Relationship.choices).get(customer.relationship, ""))
        case "tags":
            return "、".join(found.tags)
        case "birthday_on":
            return str(customer.birthday_on or "")
        case "id_number":
            return found.id_number
    value = getattr(customer, name)
    return "" if value is None else str(value)
