"""Consents: a panel of the customer's page, and the page on which a person takes one back without logging in."""

from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate, now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.customers.models import VIEW, Customer
from zhike.customers.selectors.record import may_edit
from zhike.privacy import forms
from zhike.privacy.models import Channel, Minor, Purpose
from zhike.privacy.permissions import HANDLE
from zhike.privacy.selectors import consents as selectors
from zhike.privacy.services import consents as services


@needs(VIEW)
@require_http_methods(["GET", "POST"])
def show_consents(request: ActorRequest, pk: int) -> HttpResponse:
    customer = _visible(request, pk)
    form = forms.NewConsent(request.POST or None, prefix="consent")
    if accepted(
        form,
        lambda: services.record_consent(actor=request.actor, customer_id=pk, at=now(), **form.cleaned_data),
    ):
        return go_to(request, f"/customers/{pk}/")
    minor = Minor.objects.filter(customer=pk).first()
    is_under = selectors.is_minor(customer, minor, today=localdate())
    first = {"is_under": is_under, "guardian": minor.guardian if minor else ""}
    context = {
        "customer_id": pk,
        "standing": selectors.list_standing(customer_id=pk),
        "form": form if may_edit(actor=request.actor, customer_id=pk) else None,
        "is_person": customer.kind == Customer.Kind.PERSON,
        "is_under": is_under,
        "minor": minor,
        "minor_form": forms.MinorForm(initial=first, prefix="minor"),
        "may_handle": request.actor.may(HANDLE),
    }
    return render_page(request, "privacy/consents.html", context, status=422 if form.is_bound else 200)


@needs(VIEW)
@require_POST
def mark_minor(request: ActorRequest, pk: int) -> HttpResponse:
    _visible(request, pk)
    form = forms.MinorForm(request.POST, prefix="minor")
    if form.is_valid():
        services.mark_minor(actor=request.actor, customer_id=pk, at=now(), **form.cleaned_data)
    return go_to(request, f"/customers/{pk}/")


# Mail programs follow the link by themselves (RFC 8058), without our cookies: the signed address is the proof.
@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def withdraw_consent(request: ActorRequest, token: str) -> HttpResponse:
    try:
        customer_id, purpose_id, channel = selectors.read_token(token)
    except BadSignature:
        raise Http404 from None
    is_done = request.method == "POST"
    if is_done:
        services.withdraw(customer_id=customer_id, purpose_id=purpose_id, channel=channel, at=now())
    purpose = Purpose.objects.filter(pk=purpose_id).first()
    context = {"is_done": is_done, "purpose": purpose.name if purpose else "", "channel": Channel(channel).label}
    return render(request, "privacy/withdraw.html", context)


def _visible(request: ActorRequest, pk: int) -> Customer:
    customer = Customer.objects.visible_to(request.actor).filter(pk=pk).first()
    if customer is None:
        raise Http404
    return customer
