"""Editing in place: fields, tags and identifiers, with a way back in the notice."""

import json
import re

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from zhike.core import fields
from zhike.core.access import require_hold
from zhike.core.actor import Sight
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import registry
from zhike.core.pages import render_page, toast
from zhike.customers import forms, own_fields, selectors
from zhike.customers.guarded import ALL_LABELS, IDENTIFIER_KEYS, key
from zhike.customers.listing import KEY
from zhike.customers.models import Activity, Customer, Identifier
from zhike.customers.sealed import ID_NUMBER
from zhike.customers.selectors import record
from zhike.customers.selectors.record import Record
from zhike.customers.services import activities, identifiers, people, sealing, tags
from zhike.customers.services.identifiers import NewIdentifier
from zhike.customers.views.asking import asking_of, style_of
from zhike.customers.views.record import EDIT, OF_HOLDERS, load, load_visible, shown_value
from zhike.metadata.filed import FILES
from zhike.metadata.kinds import Known
from zhike.metadata.models import Kind

CHANGED = "customerChanged"
RECORDS_CHANGED = "recordsChanged"  # fields and lists show themselves anew
LINKED = (Kind.URL, Kind.RECORD)
_COMMAS = re.compile(r"[,，、;；\n]+")


@needs(EDIT)
@require_http_methods(["GET", "POST"])
def edit_field(request: ActorRequest, pk: int, field: str) -> HttpResponse:
    """GET: the form, or with `shown` the value; POST: save. With `cell` the value stands as in the list."""
    if own_fields.is_own(field):
        return edit_own_field(request, pk, field)
    if field not in ALL_LABELS or fields.sight(request.actor, key(field)) is Sight.HIDDEN:
        raise Http404
    found = load(request, pk)
    url = _address(request, pk, field)
    label = str(ALL_LABELS[field])
    if "shown" in request.GET:
        return _field(request, pk, field, shown_value(found, field), label)
    fields.require_write(request.actor, key(field))
    if field in OF_HOLDERS:
        require_hold(request.actor, EDIT, record=found.customer)
    current = _current(found, field)
    form = forms.OneField(request.POST or None, field=field, current=current)
    if form.is_valid():
        value, was = form.cleaned_data["value"], form.cleaned_data["was"]
        try:
            if field == "tags":
                change_id = tags.set_tags(
                    actor=request.actor, customer_id=pk, names=split_words(value), at=timezone.now()
                )
            elif field == ID_NUMBER:
                change_id = sealing.put_id_number(actor=request.actor, customer_id=pk, value=value, at=timezone.now())
            else:
                change_id = people.edit_customer(
                    actor=request.actor, customer_id=pk, changes={field: value}, was={field: was}, at=timezone.now()
                ).change_id
        except ValidationError as refusal:
            form.add_error("value", [message for messages in refusal.message_dict.values() for message in messages])
        except DomainError as refusal:
            form.add_error("value", str(refusal))
        else:
            saved = _field(request, pk, field, shown_value(load(request, pk), field), label)
            return told(saved, change_id, _("Saved: %(field)s") % {"field": label})
    context = {"form": form, "url": url, "cancel_url": _shown(url), "label": label}
    return render_page(request, "ui/components/edit_form.html", context, status=422 if form.is_bound else 200)


def edit_own_field(request: ActorRequest, pk: int, field: str) -> HttpResponse:
    """The same for a field of the company's own."""
    known = own_fields.known_of(field)
    if known is None or known.kind in FILES or fields.sight(request.actor, known.path) is Sight.HIDDEN:
        raise Http404
    customer = load(request, pk).customer
    url = _address(request, pk, field)
    if "shown" in request.GET:
        return _own_value(request, customer, known)
    fields.require_write(request.actor, known.path)
    current, value = own_fields.written_in(customer, field), customer.custom.get(known.key)
    form = forms.OwnField(request.POST or None, known=known, actor=request.actor, current=current, value=value)
    if form.is_valid():
        value, was = form.cleaned_data["value"], form.cleaned_data["was"]
        try:
            change_id = people.edit_customer(
                actor=request.actor, customer_id=pk, changes={field: value}, was={field: was}, at=timezone.now()
            ).change_id
        except ValidationError as refusal:
            form.add_error("value", [message for messages in refusal.message_dict.values() for message in messages])
        except DomainError as refusal:
            form.add_error("value", str(refusal))
        else:
            customer = load(request, pk).customer
            saved = _own_value(request, customer, known)
            # Other fields may be shown, or not any more, by what stands in this one; and links lead elsewhere.
            also = RECORDS_CHANGED if own_fields.decides(known) or known.kind in LINKED else ""
            # What an encrypted field said before is kept nowhere, so there is no way back.
            way_back = None if known.is_sealed else change_id
            return told(saved, way_back, _("Saved: %(field)s") % {"field": known.named}, also=also)
    context = {"form": form, "url": url, "cancel_url": _shown(url), "label": known.named}
    return render_page(request, "ui/components/edit_form.html", context, status=422 if form.is_bound else 200)


@needs(EDIT)
@require_http_methods(["GET", "POST"])
def add_identifier(request: ActorRequest, pk: int) -> HttpResponse:
    """GET: the form; with `shown` the list without it; POST: add."""
    load_visible(request, pk)
    if "shown" in request.GET:
        return _identifiers(request, pk)
    form = forms.NewIdentifier(request.POST or None, actor=request.actor)
    if form.is_valid():
        try:
            new = NewIdentifier(**{name: form.cleaned_data[name] for name in ("kind", "system", "value")})
            added, change_id = identifiers.add_identifier(
                actor=request.actor, customer_id=pk, new=new, at=timezone.now()
            )
        except ValidationError as refusal:
            for name, messages in refusal.message_dict.items():
                form.add_error(name if name in form.fields else None, messages)
        except DomainError as refusal:
            form.add_error("value", str(refusal))
        else:
            return told(_identifiers(request, pk), change_id, _("Added: %(value)s") % {"value": added.value})
    return _identifiers(request, pk, form=form, status=422 if form.is_bound else 200)


@needs(EDIT)
@require_http_methods(["GET", "POST"])
def change_identifier(request: ActorRequest, pk: int) -> HttpResponse:
    """GET: the form, or with `shown` the value; POST: save, or remove where nothing is left."""
    identifier = _load_identifier(request, pk)
    url = reverse("change_identifier", args=[pk])
    label, guarded_by = identifier.get_kind_display(), IDENTIFIER_KEYS[identifier.kind]
    if "shown" in request.GET:
        return _value(request, fields.shown(request.actor, guarded_by, identifier.value), url, label)
    fields.require_write(request.actor, guarded_by)
    form = forms.OneValue(request.POST or None, initial={"value": identifier.value})
    if form.is_valid():
        try:
            changed, change_id = identifiers.change_identifier(
                actor=request.actor, identifier_id=pk, value=form.cleaned_data["value"], at=timezone.now()
            )
        except ValidationError as refusal:
            form.add_error("value", refusal.message_dict["value"])
        except DomainError as refusal:
            form.add_error("value", str(refusal))
        else:
            saved = _value(request, changed.value, url, label)
            return told(saved, change_id, _("Saved: %(field)s") % {"field": label})
    context = {"form": form, "url": url, "cancel_url": f"{url}?shown=1", "label": label}
    return render_page(request, "ui/components/edit_form.html", context, status=422 if form.is_bound else 200)


@needs(EDIT)
@require_POST
def remove_identifier(request: ActorRequest, pk: int) -> HttpResponse:
    identifier = _load_identifier(request, pk)
    change_id = identifiers.remove_identifier(actor=request.actor, identifier_id=pk, at=timezone.now())
    value = fields.shown(request.actor, IDENTIFIER_KEYS[identifier.kind], identifier.value)
    message = _("Removed: %(value)s") % {"value": value}
    return told(_identifiers(request, identifier.customer_id), change_id, message)


@needs(EDIT)
@require_POST
def make_primary(request: ActorRequest, pk: int) -> HttpResponse:
    identifier = _load_identifier(request, pk)
    identifiers.make_primary(actor=request.actor, identifier_id=pk)
    return _identifiers(request, identifier.customer_id)


@needs(EDIT)
@require_POST
def undo_change(request: ActorRequest, pk: int) -> HttpResponse:
    """Take a recorded change back; 409 with the reason where it was overwritten since."""
    if not Activity.objects.visible_to(request.actor).filter(pk=pk).exists():
        raise Http404
    try:
        activities.undo_change(actor=request.actor, activity_id=pk, at=timezone.now())
    except (DomainError, ValidationError) as refusal:
        message = str(refusal) if isinstance(refusal, DomainError) else " ".join(refusal.messages)
        return toast(HttpResponse(status=409), message)
    return told(HttpResponse(status=204), None, _("Taken back"), also=RECORDS_CHANGED)


def _address(request: ActorRequest, pk: int, field: str) -> str:
    address = reverse("edit_field", args=[pk, field])
    return f"{address}?cell=1" if "cell" in request.GET else address


def _shown(address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}shown=1"


def _field(request: ActorRequest, pk: int, field: str, value: str, label: str, **look: object) -> HttpResponse:
    """The value as the customer's page shows it, or the cell of the list."""
    url = _address(request, pk, field)
    columns = registry.get(KEY).columns_for(request.actor).values() if "cell" in request.GET else ()
    column = next((one for one in columns if one.edit == field), None)
    if column is None:
        return _value(request, value, url, label, **{"is_long": field == "note", **look})
    style = style_of(asking_of(request))
    cell = selectors.draw_cell(actor=request.actor, customer_id=pk, column=column, style=style)
    return render_page(request, "customers/cell.html", {"cell": cell, "url": url})


def _own_value(request: ActorRequest, customer: Customer, known: Known) -> HttpResponse:
    chosen = known.options.get(str(customer.custom.get(known.key))) if known.kind is Kind.CHOICE else None
    return _field(
        request,
        customer.pk,
        known.name,
        own_fields.shown_in(request.actor, customer, known),
        known.named,
        is_long=known.kind is Kind.LONG_TEXT,
        tone=chosen.tone if chosen else "",
    )


def _current(found: Record, field: str) -> str:
    if field == ID_NUMBER:
        return found.id_number
    return "，".join(found.tags) if field == "tags" else people.written(found.customer, field)


def split_words(text: str) -> list[str]:
    """Tags as they are typed, with commas of either script between them."""
    return [word for word in _COMMAS.split(text) if word.strip()]


def _load_identifier(request: ActorRequest, pk: int) -> Identifier:
    identifier = Identifier.objects.visible_to(request.actor).filter(pk=pk).first()
    if identifier is None or fields.sight(request.actor, IDENTIFIER_KEYS[identifier.kind]) is Sight.HIDDEN:
        raise Http404
    return identifier


def _value(request: ActorRequest, value: str, url: str, label: str, **look: object) -> HttpResponse:
    """look: how the page shows it: is_long, tone."""
    return render_page(request, "ui/components/editable.html", {"value": value, "url": url, "label": label, **look})


def _identifiers(
    request: ActorRequest, pk: int, *, form: forms.NewIdentifier | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "customer": Customer(pk=pk),
        "identifiers": record.list_identifiers(actor=request.actor, customer_id=pk),
        "may_edit": True,
        "form": form,
    }
    return render_page(request, "customers/identifiers.html", context, status=status)


def told(response: HttpResponse, change_id: int | None, message: str, *, also: str = "") -> HttpResponse:
    """A notice with the way back, and a word to the page's other regions. also: one more such word."""
    undo_url = reverse("undo_change", args=[change_id]) if change_id else ""
    toast(response, message, undo_url=undo_url)
    told = {**json.loads(response.headers["HX-Trigger"]), CHANGED: True}
    response.headers["HX-Trigger"] = json.dumps({**told, also: True} if also else told)
    return response
