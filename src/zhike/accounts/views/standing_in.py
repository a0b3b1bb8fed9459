"""Standing in for colleagues, and handing a leaver's records over."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from zhike.accounts import forms, selectors, services
from zhike.accounts.models import Delegation, Reassignment, User
from zhike.accounts.permissions import MANAGE
from zhike.accounts.views.tabs import my_tabs, settings_tabs
from zhike.core.errors import DomainError
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page


@require_http_methods(["GET", "POST"])
def my_delegations(request: ActorRequest) -> HttpResponse:
    """Who stands in for me and for whom I do; a new one, and an early end."""
    at = now()
    today = at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    form = forms.NewDelegation(request.POST or None, but=request.actor.user_id, initial={"starts_on": today})
    me = get_object_or_404(User, pk=request.actor.user_id or 0)
    if accepted(
        form,
        lambda: services.delegate(actor=request.actor, from_user=me, today=today, at=at, **form.cleaned_data),
    ):
        return go_to(request, "my_delegations", message=_("Saved. Your colleague sees it here as well."))
    context = {
        "form": form,
        "delegations": selectors.list_delegations(actor=request.actor, today=today),
        "today": today,
        "tabs": my_tabs("my_delegations", request.actor),
    }
    return render_page(request, "accounts/my_delegations.html", context)


@require_POST
def end_delegation(request: ActorRequest, pk: int) -> HttpResponse:
    today = now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    try:
        services.end_delegation(actor=request.actor, delegation_id=pk, today=today)
    except (Delegation.DoesNotExist, PermissionDenied):
        raise Http404 from None  # whose there are is nobody else's business
    messages.success(request, _("Ended."))
    return redirect("my_delegations")


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def reassign_records(request: ActorRequest, pk: int) -> HttpResponse:
    """What belongs to somebody, who is to have it, and what was handed over before."""
    user = get_object_or_404(User, pk=pk)
    form = forms.Reassign(request.POST or None, but=user.pk)
    if accepted(
        form,
        lambda: services.reassign_records(
            actor=request.actor, user=user, to_users=form.cleaned_data["to_users"], at=now()
        ),
    ):
        return go_to(request, reverse("reassign_records", args=[user.pk]), message=_("Handed over."))
    context = {
        "user": user,
        "form": form,
        "counts": services.count_records(actor=request.actor, user=user),
        "reassignments": selectors.list_reassignments(actor=request.actor, user=user),
        "tabs": settings_tabs("users"),
    }
    return render_page(request, "accounts/reassign_records.html", context)


@needs(MANAGE)
@require_POST
def undo_reassignment(request: ActorRequest, pk: int) -> HttpResponse:
    made = get_object_or_404(Reassignment, pk=pk)
    try:
        services.undo_reassignment(actor=request.actor, reassignment_id=made.pk, at=now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Given back, except for records that have found another owner since."))
    return redirect("reassign_records", made.from_user_id)
