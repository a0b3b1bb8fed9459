"""The record of processing: purposes with their lawful basis, and how long things are kept."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.exchange.files.export import csv_chunks
from zhike.privacy import forms
from zhike.privacy.models import Purpose, RetentionRule
from zhike.privacy.permissions import HANDLE, VIEW
from zhike.privacy.services import consents, retention
from zhike.privacy.views.tabs import privacy_tabs


@needs(VIEW)
@require_GET
def show_processing(request: ActorRequest) -> HttpResponse:
    context = {
        "purposes": list(Purpose.objects.order_by("name")),
        "rules": list(RetentionRule.objects.order_by("subject")),
        "may_handle": request.actor.may(HANDLE),
        "tabs": privacy_tabs("processing", request.actor),
    }
    return render_page(request, "privacy/processing.html", context)


@needs(VIEW)
@require_GET
def download_processing(request: ActorRequest) -> HttpResponseBase:
    header = [_("Purpose"), _("Lawful basis"), _("Which data"), _("Who receives it"), _("How long it is kept")]
    rows = [
        [one.name, str(one.get_basis_display()), one.data, one.recipients, one.kept]
        for one in Purpose.objects.order_by("name")
    ]
    response = StreamingHttpResponse(csv_chunks(header, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="record-of-processing.csv"'
    return response


@needs(HANDLE)
@require_http_methods(["GET", "POST"])
def edit_purpose(request: ActorRequest, pk: int = 0) -> HttpResponse:
    purpose = get_object_or_404(Purpose, pk=pk) if pk else Purpose()
    first = {name: getattr(purpose, name.removeprefix("which_")) for name in forms.PurposeForm.base_fields}
    form = forms.PurposeForm(request.POST or None, initial=first)
    if accepted(form, lambda: consents.put_purpose(actor=request.actor, purpose_id=pk, **form.cleaned_data)):
        return go_to(request, "processing", message=_("Saved."))
    address = reverse("edit_purpose", args=[pk]) if pk else reverse("create_purpose")
    return _form_page(request, form, address, str(purpose) if pk else _("New purpose"))


@needs(HANDLE)
@require_http_methods(["GET", "POST"])
def edit_rule(request: ActorRequest) -> HttpResponse:
    """Saved only with the second button; the first says how many it would be."""
    form = forms.RuleForm(request.POST or None, initial=_rule_of(request.GET.get("subject", "")))
    count = None
    if form.is_valid():
        values = form.cleaned_data
        if "save" in request.POST:
            retention.put_rule(actor=request.actor, **values)
            return go_to(request, "processing", message=_("Saved."))
        count = retention.count_due(actor=request.actor, subject=values["subject"], months=values["months"], at=now())
    return _form_page(request, form, reverse("edit_rule"), _("Retention rule"), count=count, is_rule=True)


def _rule_of(subject: str) -> dict[str, object]:
    if subject not in RetentionRule.Subject.values:
        return {}
    names = ("subject", "months", "basis", "is_active")
    return RetentionRule.objects.filter(subject=subject).values(*names).first() or {}


def _form_page(request: ActorRequest, form: object, address: str, title: str, **more: object) -> HttpResponse:
    context = {"form": form, "address": address, "form_title": title, **more}
    return render_page(request, "privacy/form.html", {**context, "tabs": privacy_tabs("processing", request.actor)})
