"""The work list, and the findings of one rule."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import go_to, render_page
from zhike.core.paging import Page
from zhike.quality import fixes
from zhike.quality.models import Finding
from zhike.quality.permissions import FIX, MANAGE
from zhike.quality.selectors import figures, findings
from zhike.quality.services import fixing, running
from zhike.quality.views.frame import frame, progress_of

FIXES_SHOWN = timedelta(days=1)


@needs(FIX)
@require_GET
def quality(request: ActorRequest) -> HttpResponse:
    """What there is to do, what matters most first."""
    context = frame(request.actor, "quality")
    context["tasks"] = findings.list_tasks(actor=request.actor)
    context["is_scoped"] = not request.actor.reach_of("customers.view_customer").is_all
    context["fixes"] = fixing.list_fixes(actor=request.actor, since=timezone.now() - FIXES_SHOWN)
    return render_page(request, "quality/work.html", context)


@needs(FIX)
@require_GET
def list_findings(request: ActorRequest, rule: str) -> HttpResponse:
    actor = request.actor
    check = findings.find_check(actor=actor, rule=rule)
    if check is None:
        raise Http404
    state = request.GET.get("state", Finding.State.OPEN)
    state = state if state in Finding.State.values else Finding.State.OPEN
    page = Page(after=request.GET.get("after", ""))
    found = findings.list_findings(actor=actor, check=check, page=page, state=state)
    query = request.GET.copy()
    query["after"] = found.next_cursor
    context: dict[str, Any] = {
        "check": check,
        "rows": found.items,
        "state": state,
        "more_url": f"{reverse('list_findings', args=[rule])}?{query.urlencode()}" if found.next_cursor else "",
    }
    if not page.after:
        items, customers, right = findings.count_findings(actor=actor, check=check)
        sees_all = actor.reach_of("customers.view_customer").is_all
        context |= {
            "count": items,
            "customer_count": customers,
            "right_count": right,
            "customers_url": findings.customers_url(check),
            "fix": fixes.get(check.fix),
            "fixable_count": fixing.fixable(actor=actor, check=check).count() if fixing.may_fix(actor, check) else 0,
            "fix_most": fixing.MOST,
            "trend": figures.tallies_over_time([rule]).get(rule, []) if sees_all else [],
            "is_scoped": not sees_all,
        }
    return render_page(request, "quality/findings.html", context, partial="rows" if page.after else None)


@needs(MANAGE)
@require_POST
def start_quality_run(request: ActorRequest) -> HttpResponse:
    try:
        running.start_run(actor=request.actor, at=timezone.now())
    except DomainError as refusal:
        return go_to(request, reverse("quality"), message=str(refusal))
    return go_to(request, reverse("quality"), message=_("Everything is being checked; this page follows."))


@needs(FIX)
@require_GET
def quality_progress(request: ActorRequest) -> HttpResponse:
    """Asked for by the page while a run is under way; then the page comes anew."""
    run = figures.latest_run()
    if run is None or (run.finished_at and wants_fragment(request)):
        return go_to(request, reverse("quality"))
    return render_page(request, "quality/progress.html", {"latest": run, **progress_of(run)})
