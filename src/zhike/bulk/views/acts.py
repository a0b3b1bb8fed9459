"""What was done to many customers: how far it has come, what became of each, and the way back."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhike.bulk import saying, selectors
from zhike.bulk.models import Act
from zhike.bulk.services import carrying, undoing
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import go_to, render_page
from zhike.core.paging import Page
from zhike.customers.models import EDIT, VIEW
from zhike.customers.services.bin import DELETE
from zhike.customers.views.asking import asking_of


@needs(VIEW)
@require_GET
def list_acts(request: ActorRequest) -> HttpResponse:
    page = Page(size=25, after=request.GET.get("after", ""))
    found = selectors.page_acts(actor=request.actor, page=page)
    asking = asking_of(request)
    context = {
        "rows": [
            {
                "act": act,
                "title": saying.title_of(act.verb),
                "said": saying.say_change(request.actor, act.change),
                "chosen": saying.say_chosen(act, asking),
            }
            for act in found.items
        ],
        "more_url": f"{reverse('list_acts')}?after={found.next_cursor}" if found.next_cursor else "",
    }
    return render_page(request, "bulk/list_acts.html", context, partial="rows" if page.after else None)


@needs(VIEW)
@require_GET
def show_act(request: ActorRequest, pk: int) -> HttpResponse:
    """How far it has come, asking again by itself until it is done; then what became of whom."""
    act = _load(request, pk)
    if not act.is_open and request.headers.get("HX-Target") == "zk-act" and wants_fragment(request):
        return go_to(request, reverse("show_act", args=[pk]))
    context: dict[str, object] = {
        "act": act,
        "title": saying.title_of(act.verb),
        "said": saying.say_change(request.actor, act.change),
        "chosen": saying.say_chosen(act, asking_of(request)),
    }
    if act.is_open:
        return render_page(request, "bulk/show_act.html", context, partial="progress")
    counts = selectors.count_outcomes(act=act)
    present = [code for code, _label, _count in counts]
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in present else next(iter(present), "")
    page = Page(after=request.GET.get("after", ""))
    found = selectors.page_records(actor=request.actor, act=act, outcome=outcome, page=page)
    query = request.GET.copy()
    query["outcome"], query["after"] = outcome, found.next_cursor
    context |= {
        "counts": counts,
        "outcome": outcome,
        "rows": found.items,
        "more_url": f"{reverse('show_act', args=[pk])}?{query.urlencode()}" if found.next_cursor else "",
        "may_undo": undoing.is_possible(act, at=timezone.now())
        and request.actor.may(DELETE if act.verb == "delete" else EDIT),
    }
    return render_page(request, "bulk/show_act.html", context, partial="rows" if page.after else None)


@needs(VIEW)
@require_POST
def cancel_act(request: ActorRequest, pk: int) -> HttpResponse:
    _load(request, pk)
    here = reverse("show_act", args=[pk])
    try:
        carrying.cancel_act(actor=request.actor, act_id=pk, at=timezone.now())
    except Act.DoesNotExist:
        raise Http404 from None
    except DomainError as refusal:
        return go_to(request, here, message=str(refusal))
    return go_to(request, here, message=_("Cancelled. What was done already can be taken back."))


@needs(VIEW)
@require_POST
def undo_act(request: ActorRequest, pk: int) -> HttpResponse:
    _load(request, pk)
    here = reverse("show_act", args=[pk])
    try:
        undoing.start_undo(actor=request.actor, act_id=pk, at=timezone.now())
    except (DomainError, ValidationError) as refusal:
        said = " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
        return go_to(request, here, message=said)
    return go_to(request, here)


def _load(request: ActorRequest, pk: int) -> Act:
    try:
        return selectors.get_act(actor=request.actor, act_id=pk)
    except Act.DoesNotExist:
        raise Http404 from None
