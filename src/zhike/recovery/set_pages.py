"""The pages on which a whole set of changes is looked at and taken back."""

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from zhike.audit.models import Entry
from zhike.core.errors import DomainError
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.recovery import reverting
from zhike.recovery.models import Reversal

SHOWN = 50


@require_http_methods(["GET", "POST"])
def revert_changes(request: ActorRequest, entry: int) -> HttpResponse:
    """GET: what taking everything back that was done in one go with this entry would do; POST: begin."""
    reverting.may_revert(request.actor)
    plan, refusal = None, ""
    try:
        if request.method == "POST":
            reason = request.POST.get("reason", "")
            made = reverting.start_reversal(actor=request.actor, entry_id=entry, reason=reason, at=timezone.now())
            return go_to(request, reverse("show_reversal", args=[made.pk]))
        plan = reverting.plan_set(actor=request.actor, entry_id=entry)
    except Entry.DoesNotExist:
        raise Http404 from None
    except DomainError as error:
        refusal = str(error)
    context = {"plan": plan, "refusal": refusal, "shown": plan.records[:SHOWN] if plan else []}
    return render_page(request, "recovery/revert.html", context, status=422 if refusal else 200)


@require_GET
def show_reversal(request: ActorRequest, pk: int) -> HttpResponse:
    """How far it has come; asks again by itself until it is done."""
    try:
        made = reverting.get_reversal(actor=request.actor, reversal_id=pk)
    except Reversal.DoesNotExist:
        raise Http404 from None
    context = {"reversal": made, "left": reverting.list_left(actor=request.actor, reversal=made, most=SHOWN)}
    return render_page(request, "recovery/reversal.html", context, partial="progress")
