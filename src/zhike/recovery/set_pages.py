"""The pages on which a whole set of changes is looked at and taken back."""

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.audit.models import Entry
from zhike.core.errors import DomainError
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import go_to, render_page
from zhike.core.paging import Page
from zhike.recovery import reverting, sets
from zhike.recovery.models import Reversal, ReversedRecord

SHOWN = 50
MOST_CONFLICTS = 200
COMMONEST = 12
# In the order in which people want to know.
STATES = ("edited", "refused", "closed", "erased", "waiting", "done", "same")
LABELS = dict(ReversedRecord.State.choices)


@require_http_methods(["GET", "POST"])
def revert_changes(request: ActorRequest, entry: int) -> HttpResponse:
    """GET: what taking everything back that was done in one go with this entry would do; POST: begin."""
    plan, refusal = None, ""
    try:
        if request.method == "POST":
            made = reverting.start_reversal(
                actor=request.actor,
                entry_id=entry,
                reason=request.POST.get("reason", ""),
                agreed=request.POST.getlist("agreed"),
                at=timezone.now(),
            )
            return go_to(request, reverse("show_reversal", args=[made.pk]))
        plan = sets.plan_set(actor=request.actor, entry_id=entry)
    except Entry.DoesNotExist:
        raise Http404 from None
    except DomainError as error:
        refusal = str(error)
    context: dict[str, object] = {"plan": plan, "refusal": refusal}
    if plan:
        context |= {
            "conflicts": plan.conflicts[:MOST_CONFLICTS],
            "shown": plan.plain[:SHOWN],
            "unshown_count": max(0, len(plan.plain) - SHOWN),
            "unshown_conflicts": max(0, len(plan.conflicts) - MOST_CONFLICTS),
            "summary": plan.summary(COMMONEST) if len(plan.plain) > SHOWN else [],
        }
    return render_page(request, "recovery/revert.html", context, status=422 if refusal else 200)


@require_GET
def show_reversal(request: ActorRequest, pk: int) -> HttpResponse:
    """How far it has come, asking again by itself until it is done; then what became of which record."""
    made = _load(request, pk)
    if made.finished_at and wants_fragment(request) and "after" not in request.GET:
        return go_to(request, reverse("show_reversal", args=[pk]))
    context: dict[str, object] = {"reversal": made}
    template, partial = "recovery/reversal.html", "progress"
    if made.finished_at:
        counts = reverting.count_states(made)
        present = [state for state in STATES if state in counts]
        state = request.GET.get("state", "")
        state = state if state in present else next(iter(present), "")
        page = Page(size=SHOWN, after=request.GET.get("after", ""))
        found = reverting.list_reverted(actor=request.actor, reversal=made, page=page, state=state)
        query = request.GET.copy()
        query["state"], query["after"] = state, found.next_cursor
        context |= {
            "counts": [(one, LABELS[one], counts[one]) for one in present],
            "state": state,
            "rows": found.items,
            "left_count": sum(counts.get(one, 0) for one in ("edited", "refused", "closed", "erased", "waiting")),
            "more_url": f"{reverse('show_reversal', args=[pk])}?{query.urlencode()}" if found.next_cursor else "",
        }
        partial = "rows" if page.after else "progress"
    return render_page(request, template, context, partial=partial)


@require_POST
def cancel_reversal(request: ActorRequest, pk: int) -> HttpResponse:
    _load(request, pk)
    try:
        reverting.cancel_reversal(actor=request.actor, reversal_id=pk, at=timezone.now())
    except DomainError as refusal:
        return go_to(request, reverse("show_reversal", args=[pk]), message=str(refusal))
    return go_to(request, reverse("show_reversal", args=[pk]))


def _load(request: ActorRequest, pk: int) -> Reversal:
    try:
        return reverting.get_reversal(actor=request.actor, reversal_id=pk)
    except Reversal.DoesNotExist:
        raise Http404 from None
