"""Where the sections that fields stand in are designed."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from zhike.accounts.views.tabs import settings_tabs
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.metadata import design_forms
from zhike.metadata.models import Section
from zhike.metadata.permissions import MANAGE
from zhike.metadata.services import sections
from zhike.metadata.views import kind_or_404, swapped


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def create_section(request: ActorRequest, record: str) -> HttpResponse:
    kind_or_404(record)
    return _form(request, record, None)


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def edit_section(request: ActorRequest, pk: int) -> HttpResponse:
    section = get_object_or_404(Section, pk=pk)
    return _form(request, section.record, section)


@needs(MANAGE)
@require_POST
def remove_section(request: ActorRequest, pk: int) -> HttpResponse:
    section = get_object_or_404(Section, pk=pk)
    sections.remove_section(actor=request.actor, pk=pk)
    message = _("The section “%(name)s” is gone; its fields stand in none.") % {"name": section.name}
    return go_to(request, reverse("design_fields_of", args=[section.record]), message=message)


@needs(MANAGE)
@require_POST
def move_section(request: ActorRequest, pk: int) -> HttpResponse:
    """One place up or down."""
    section = get_object_or_404(Section, pk=pk)
    order = list(Section.objects.filter(record=section.record).order_by("position", "pk").values_list("pk", flat=True))
    moved = swapped(order, pk, by=1 if request.POST.get("to") == "down" else -1)
    sections.arrange_sections(actor=request.actor, record=section.record, order=moved)
    return go_to(request, reverse("design_fields_of", args=[section.record]) + f"#section-{pk}")


def _form(request: ActorRequest, record: str, section: Section | None) -> HttpResponse:
    form = design_forms.DesignSection(request.POST or None, record=record, section=section)
    if form.is_valid():
        try:
            if section is None:
                sections.create_section(actor=request.actor, record=record, **form.cleaned_data)
            else:
                sections.edit_section(actor=request.actor, pk=section.pk, **form.cleaned_data)
        except ValidationError as refusal:
            for name, messages in refusal.message_dict.items():
                form.add_error(name if name in form.fields else None, messages)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            return go_to(request, reverse("design_fields_of", args=[record]), message=_("Saved."))
    context = {"form": form, "record": record, "section": section, "tabs": settings_tabs("design_fields")}
    return render_page(request, "metadata/edit_section.html", context, status=422 if form.is_bound else 200)
