"""Where fields of records are designed."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.accounts.views.tabs import settings_tabs
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.metadata import design_forms, indexes, registry
from zhike.metadata.faces import ICONS
from zhike.metadata.filed import FILES
from zhike.metadata.formula_views import formula_context
from zhike.metadata.kinds import Known
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.permissions import MANAGE
from zhike.metadata.selectors import designing, forget
from zhike.metadata.services import converting, definitions, depending, indexing
from zhike.ui.parts import Tab

OFFERED = list(Kind)


@dataclass(frozen=True, kw_only=True)
class KindCard:
    """A kind to choose."""

    label: str
    icon: str
    url: str


@needs(MANAGE)
@require_GET
def design_fields(request: ActorRequest, record: str = "") -> HttpResponse:
    """The fields of a kind of record, section by section."""
    kind = _kind(record)
    context = {
        "tabs": settings_tabs("design_fields"),
        "record": kind.key,
        "kinds": [
            Tab(label=one.label, url=reverse("design_fields_of", args=[one.key]), is_current=one is kind)
            for one in registry.list_kinds()
        ],
        "overview": designing.get_overview(actor=request.actor, record=kind.key, icons=ICONS),
    }
    return render_page(request, "metadata/design_fields.html", context)


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def create_field(request: ActorRequest, record: str) -> HttpResponse:
    """First the kind, then the rest."""
    designed = _kind(record)
    kind = _chosen_kind(request.GET.get("kind", ""))
    if kind is None:
        address = reverse("create_own_field", args=[record])
        offered = [one for one in OFFERED if one not in FILES or designed.shelf is not None]
        cards = [KindCard(label=str(one.label), icon=ICONS[one], url=f"{address}?kind={one.value}") for one in offered]
        context = {"record": record, "cards": cards, "tabs": settings_tabs("design_fields")}
        return render_page(request, "metadata/choose_kind.html", context)
    form = design_forms.DesignField(request.POST or None, record=designed.key, kind=kind, definition=None)
    doubles: indexes.HasDoubles | None = None
    if form.is_valid():
        made = _saved(request, form, record=record, kind=kind)
        if isinstance(made, FieldDefinition):
            message = _("The field “%(name)s” is in.") % {"name": made.label}
            return go_to(request, reverse("design_fields_of", args=[record]), message=message)
        doubles = made
    return _form_page(request, form, kind, record=record, definition=None, doubles=doubles)


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def edit_field(request: ActorRequest, pk: int) -> HttpResponse:
    definition = get_object_or_404(FieldDefinition, pk=pk)
    kind, was_sealed = Kind(definition.kind), definition.is_sealed
    form = design_forms.DesignField(request.POST or None, record=definition.record, kind=kind, definition=definition)
    doubles: indexes.HasDoubles | None = None
    if form.is_valid():
        made = _saved(request, form, record=definition.record, kind=kind, definition=definition)
        if isinstance(made, FieldDefinition):
            is_moving = made.is_sealed != was_sealed
            message = _("Saved. Its values follow in the background.") if is_moving else _("Saved.")
            return go_to(request, reverse("design_fields_of", args=[made.record]), message=message)
        doubles = made
    return _form_page(request, form, kind, record=definition.record, definition=definition, doubles=doubles)


@needs(MANAGE)
@require_POST
def archive_field(request: ActorRequest, pk: int) -> HttpResponse:
    """Out of every page; POST with `back` brings it back."""
    held = get_object_or_404(FieldDefinition, pk=pk)
    is_back = "back" in request.POST
    try:
        if is_back:
            made = definitions.bring_back_field(actor=request.actor, pk=pk)
        else:
            made = definitions.archive_field(actor=request.actor, pk=pk, at=now())
    except DomainError as refusal:
        forget()
        messages.error(request, str(refusal))
        # What is in the way lies with another field that is archived too, or can be mended on this one's page.
        others = isinstance(refusal, depending.ConditionAsleep)
        back = reverse("design_fields_of", args=[held.record]) if others else reverse("edit_own_field", args=[pk])
        return go_to(request, back)
    said = _("“%(name)s” is shown again.") if is_back else _("“%(name)s” is archived; its values are kept.")
    return go_to(request, reverse("design_fields_of", args=[made.record]), message=said % {"name": made.label})


@needs(MANAGE)
@require_POST
def move_field(request: ActorRequest, pk: int) -> HttpResponse:
    """One place up or down within its section."""
    definition = get_object_or_404(FieldDefinition, pk=pk)
    order = designing.list_order(record=definition.record, section_id=definition.section_id)
    moved = swapped(order, pk, by=1 if request.POST.get("to") == "down" else -1)
    definitions.arrange_fields(actor=request.actor, record=definition.record, order={definition.section_id or 0: moved})
    return go_to(request, reverse("design_fields_of", args=[definition.record]) + f"#field-{pk}")


@needs(MANAGE)
@require_POST
def arrange_fields(request: ActorRequest, record: str) -> HttpResponse:
    """A section's fields in an order; `section` is 0 for those in none, `order` their numbers with commas."""
    kind = _kind(record)
    numbers = request.POST.get("order", "").split(",")
    section = request.POST.get("section", "")
    if not all(one.isascii() and one.isdecimal() and len(one) < 19 for one in (section, *numbers)):
        return HttpResponse(status=422)
    try:
        definitions.arrange_fields(
            actor=request.actor, record=kind.key, order={int(section): [int(one) for one in numbers]}
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return HttpResponse(status=refusal.status)
    return HttpResponse(status=204)


def swapped(order: list[int], pk: int, *, by: int) -> list[int]:
    """The order with this one and its neighbour in each other's place."""
    place = order.index(pk)
    other = place + by
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    return order


def kind_or_404(record: str) -> registry.Designed:
    return _kind(record)


def _kind(record: str) -> registry.Designed:
    known = registry.list_kinds()
    found = next((one for one in known if one.key == record), None if record else known[0])
    if found is None:
        raise Http404
    return found


def _chosen_kind(value: str) -> Kind | None:
    return Kind(value) if value in OFFERED else None


def _saved(
    request: ActorRequest,
    form: design_forms.DesignField,
    *,
    record: str,
    kind: Kind,
    definition: FieldDefinition | None = None,
) -> FieldDefinition | indexes.HasDoubles | None:
    """The field, or why it is not saved: doubles, or what stands on the form then."""
    wants = form.cleaned_data
    try:
        return indexing.put_field(
            actor=request.actor,
            at=now(),
            record=record,
            kind=kind,
            pk=definition.pk if definition else None,
            is_filtered=wants.get("is_filtered", False),
            is_unique=wants.get("is_unique", False),
            is_searched=wants.get("is_searched", False),
            options=form.new_options(),
            given=form.given(),
        )
    except indexes.HasDoubles as refusal:
        form.add_error("is_unique", _("Some values stand in several records. They are listed above."))
        forget()
        return refusal
    except ValidationError as refusal:
        for name, messages in refusal.message_dict.items():
            form.add_error(
                next((one for one in (name, f"rule_{name}", f"{name}_1") if one in form.fields), None), messages
            )
    except DomainError as refusal:
        form.add_error(None, str(refusal))
    # What was begun and is not to be would be remembered until the end of the request.
    forget()
    return None


def _form_page(
    request: ActorRequest,
    form: design_forms.DesignField,
    kind: Kind,
    *,
    record: str,
    definition: FieldDefinition | None,
    doubles: indexes.HasDoubles | None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "kind": kind,
        "kind_label": kind.label,
        "icon": ICONS[kind],
        "record": record,
        "definition": definition,
        "may_change_kind": kind in converting.CONVERTIBLE and not (definition and definition.is_sealed),
        "doubles": (
            designing.name_doubles(actor=request.actor, field=Known.of(definition), doubles=doubles)
            if doubles and definition
            else []
        ),
        "most_doubles": indexes.MOST_DOUBLES,
        "tabs": settings_tabs("design_fields"),
    }
    if kind is Kind.FORMULA:
        context |= formula_context(request.actor, record, str(form["rule_formula"].value() or ""), definition)
    return render_page(request, "metadata/edit_field.html", context, status=422 if form.is_bound else 200)
