"""The request desk: what persons asked for, until when, and what came of it."""

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.core.fields import FieldsClosed
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.privacy import forms
from zhike.privacy.models import Proposal, Request
from zhike.privacy.permissions import HANDLE
from zhike.privacy.selectors import erasures, proposals, recipients
from zhike.privacy.selectors import requests as selectors
from zhike.privacy.services import correcting, handing_over, proposing
from zhike.privacy.services import requests as services
from zhike.privacy.views.tabs import privacy_tabs


@needs(HANDLE)
@require_http_methods(["GET", "POST"])
def show_desk(request: ActorRequest) -> HttpResponse:
    today = localdate()
    first = {"received_on": today, "customer_id": request.GET.get("customer", "")}
    form = forms.NewRequest(request.POST or None, initial=first)
    made: list[Request] = []
    if accepted(form, lambda: made.append(services.take_request(actor=request.actor, **form.cleaned_data))):
        return go_to(request, reverse("show_request", args=[made[0].pk]))
    rows = selectors.list_requests(actor=request.actor, today=today)
    context = {
        "rows": rows,
        "guessed": ", ".join(sorted({str(year) for row in rows for year in row.guessed_years})),
        "form": form,
        "tabs": privacy_tabs("privacy_desk", request.actor),
    }
    return render_page(request, "privacy/desk.html", context, status=422 if form.is_bound else 200)


@needs(HANDLE)
@require_GET
def show_request(request: ActorRequest, pk: int) -> HttpResponse:
    return _show(request, pk)


@needs(HANDLE)
@require_POST
def check_identity(request: ActorRequest, pk: int) -> HttpResponse:
    form = forms.Identity(request.POST)
    _get(request, pk)
    if accepted(
        form,
        lambda: services.note_identity(actor=request.actor, request_id=pk, identity=form.cleaned_data["identity"]),
    ):
        return go_to(request, reverse("show_request", args=[pk]), message=_("Saved."))
    return _show(request, pk, identity_form=form)


@needs(HANDLE)
@require_POST
def close_request(request: ActorRequest, pk: int) -> HttpResponse:
    form = forms.Answer(request.POST)
    _get(request, pk)
    if accepted(
        form, lambda: services.close_request(actor=request.actor, request_id=pk, at=now(), **form.cleaned_data)
    ):
        return go_to(request, "privacy_desk", message=_("Request closed."))
    return _show(request, pk, answer_form=form)


@needs(HANDLE)
@require_POST
def erase_person(request: ActorRequest, pk: int) -> HttpResponse:
    form = forms.Confirm(request.POST)
    _get(request, pk)
    if accepted(
        form,
        lambda: services.carry_out_erasure(
            actor=request.actor, request_id=pk, confirmed=form.cleaned_data["confirmed"], at=now()
        ),
    ):
        said = _("Erased. All files are searched now; the proof will stand here.")
        return go_to(request, reverse("show_request", args=[pk]), message=said)
    return _show(request, pk, confirm_form=form)


@needs(HANDLE)
@require_POST
def correct_person(request: ActorRequest, pk: int) -> HttpResponse:
    form = _correction(request, _get(request, pk).request, data=request.POST)
    if form is None:
        raise Http404
    if accepted(form, lambda: correcting.correct(actor=request.actor, request_id=pk, wanted=form.told, at=now())):
        return go_to(request, reverse("show_request", args=[pk]), message=_("Corrected."))
    return _show(request, pk, correction=form)


@needs(HANDLE)
@require_POST
def propose_correction(request: ActorRequest, pk: int) -> HttpResponse:
    """The same form, of which nothing is carried out yet."""
    form = _correction(request, _get(request, pk).request, data=request.POST)
    if form is None:
        raise Http404
    if accepted(form, lambda: proposing.propose(actor=request.actor, request_id=pk, wanted=form.told, at=now())):
        return go_to(request, reverse("show_request", args=[pk]), message=_("Noted."))
    return _show(request, pk, correction=form)


@needs(HANDLE)
@require_POST
def decide_correction(request: ActorRequest, pk: int, proposal: int) -> HttpResponse:
    form = forms.ProposalDecision(request.POST)
    if not Proposal.objects.filter(pk=proposal, request=_get(request, pk).request).exists():
        raise Http404
    if accepted(
        form,
        lambda: correcting.decide(
            actor=request.actor, request_id=pk, proposal_id=proposal, at=now(), **form.cleaned_data
        ),
    ):
        said = _("Refused.") if form.cleaned_data["is_refused"] else _("Corrected.")
        return go_to(request, reverse("show_request", args=[pk]), message=said)
    return _show(request, pk, decided=proposal, decision_form=form)


def _correction(request: ActorRequest, one: Request, *, data: Any = None) -> forms.Correction | None:
    if one.customer_id is None or one.state != Request.State.OPEN or one.kind != Request.Kind.CORRECT:
        return None
    offered = proposing.list_correctable(actor=request.actor, customer_id=one.customer_id)
    return forms.Correction(data, offered=offered)


@needs(HANDLE)
@require_POST
def download_copy(request: ActorRequest, pk: int) -> HttpResponse:
    if not handing_over.is_handed_over(_get(request, pk).request):
        raise Http404
    try:
        content = handing_over.hand_over(actor=request.actor, request_id=pk)
    except (FieldsClosed, services.RequestUnfit) as refusal:
        return _show(request, pk, status=refusal.status, copy_refusal=str(refusal))
    response = HttpResponse(content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="personal-data-{pk}.zip"'
    return response


def _get(request: ActorRequest, pk: int) -> selectors.Row:
    try:
        return selectors.get_request(actor=request.actor, request_id=pk, today=localdate())
    except Request.DoesNotExist:
        raise Http404 from None


def _show(request: ActorRequest, pk: int, *, status: int = 422, **bound: Any) -> HttpResponse:
    row = _get(request, pk)
    one = row.request
    is_explained = one.kind == Request.Kind.EXPLAIN and one.customer_id is not None
    context = {
        "row": row,
        "one": one,
        "is_open": one.state == Request.State.OPEN,
        "is_copied": handing_over.is_handed_over(one),
        "reasons": selectors.explain(actor=request.actor, customer_id=one.customer_id or 0) if is_explained else None,
        "erased": erasures.get_erasure(actor=request.actor, erasure_id=one.erasure_id) if one.erasure_id else None,
        "identity_form": forms.Identity(initial={"identity": one.identity}),
        "answer_form": forms.Answer(),
        "confirm_form": forms.Confirm(),
        "correction": _correction(request, one),
        "proposals": proposals.list_proposals(actor=request.actor, one=one),
        "changes": proposals.shown_changes(request.actor, one),
        "recipients": recipients.list_recipients(actor=request.actor, customer_id=one.customer_id)
        if one.customer_id is not None and (one.changes or one.kind == Request.Kind.ERASE)
        else None,
        "tabs": privacy_tabs("privacy_desk", request.actor),
        **bound,
    }
    return render_page(request, "privacy/request.html", context, status=status if bound else 200)
