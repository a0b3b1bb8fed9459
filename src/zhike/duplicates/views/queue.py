"""The queue of possible duplicates: one pair at a time, by keyboard, and what is set for all of them."""

from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.core.errors import DomainError
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import go_to, render_page
from zhike.core.paging import Page
from zhike.duplicates.forms import MergeRules
from zhike.duplicates.models import Pair, Scan
from zhike.duplicates.permissions import MERGE, SCAN
from zhike.duplicates.rules import get_rules
from zhike.duplicates.selectors import pairs
from zhike.duplicates.selectors.comparing import compare
from zhike.duplicates.services import deciding, merging, scanning
from zhike.duplicates.views.comparing import LONGEST_ID, choices_of, ids_of
from zhike.exchange.models import Import

FEW = 5
NEVER = datetime.max.replace(tzinfo=UTC)


@needs(MERGE)
@require_GET
def duplicates(request: ActorRequest) -> HttpResponse:
    """The list of pairs, and what the last scan found out."""
    actor = request.actor
    page = Page(after=request.GET.get("after", ""))
    of_import = _import_of(request, request.GET.get("import", ""))
    found = pairs.list_pairs(actor=actor, page=page, of_import=of_import)
    query = request.GET.copy()
    query["after"] = found.next_cursor
    context: dict[str, Any] = {
        "rows": found.items,
        "more_url": f"{reverse('duplicates')}?{query.urlencode()}" if found.next_cursor else "",
    }
    if not page.after:
        done = pairs.latest_worths()
        context |= {
            "count": pairs.count_pairs(actor=actor, of_import=of_import),
            "of_import": of_import,
            "scan": pairs.latest_scan(),
            "done": done,
            "worths": _worths(done),
            "may_scan": actor.may(SCAN),
        }
    return render_page(request, "duplicates/queue.html", context, partial="rows" if page.after else None)


@needs(MERGE)
@require_http_methods(["GET", "POST"])
def review_pair(request: ActorRequest, pk: int) -> HttpResponse:
    """GET: the two side by side; POST: merge them, or tell them apart, and go on with the next."""
    try:
        pair = pairs.get_pair(actor=request.actor, pair_id=pk)
    except Pair.DoesNotExist:
        first = pairs.first_pair(actor=request.actor)
        if request.method == "GET" and first is not None:
            return go_to(request, reverse("review_pair", args=[first.pk]), message=_("This pair is done with already."))
        raise Http404 from None
    refusal, status = "", 200
    if request.method == "POST":
        behind = pairs.around(actor=request.actor, pair=pair).behind
        try:
            message, undo_url = _decide(request, pair)
        except DomainError as error:
            refusal, status = str(error), 422
        else:
            return go_to(request, _next(request, behind), message=message, undo_url=undo_url)
    survivor_id = next(iter(ids_of(request.GET, "survivor")), None)
    comparison = compare(actor=request.actor, customer_ids=[pair.first_id, pair.second_id], survivor_id=survivor_id)
    here = reverse("review_pair", args=[pk])
    place = pairs.around(actor=request.actor, pair=pair)
    context = {
        "pair": pairs.show_pairs(request.actor, [pair])[0],
        "comparison": comparison,
        "others": [(side, f"{here}?survivor={side.customer.pk}") for side in comparison.sides],
        "before_url": reverse("review_pair", args=[place.before]) if place.before else "",
        "behind_url": reverse("review_pair", args=[place.behind]) if place.behind else "",
        "refusal": refusal,
    }
    return render_page(request, "duplicates/review.html", context, status=status)


@needs(MERGE)
@require_POST
def open_pair(request: ActorRequest, pk: int) -> HttpResponse:
    """The undo of "not a duplicate"."""
    try:
        deciding.open_again(actor=request.actor, pair_id=pk, at=timezone.now())
    except Pair.DoesNotExist:
        raise Http404 from None
    return go_to(request, reverse("review_pair", args=[pk]))


@needs(MERGE)
@require_GET
def show_import_duplicates(request: ActorRequest, pk: int) -> HttpResponse:
    """On the page of an import: whom it brought that may be there already."""
    job = _import_of(request, str(pk))
    if job is None:
        raise Http404
    scan = pairs.latest_scan()
    context = {
        "job": job,
        "rows": pairs.list_pairs(actor=request.actor, page=Page(size=FEW), of_import=job).items,
        "count": pairs.count_pairs(actor=request.actor, of_import=job),
        "is_compared": scan is not None
        and scan.finished_at is not None
        and scan.started_at > (job.applied_at or NEVER),
        "scans_itself": get_rules().scans_itself,
    }
    return render_page(request, "duplicates/import_panel.html", context)


@needs(SCAN)
@require_POST
def start_scan(request: ActorRequest) -> HttpResponse:
    try:
        scanning.start_scan(actor=request.actor, at=timezone.now())
    except DomainError as refusal:
        return go_to(request, reverse("duplicates"), message=str(refusal))
    return go_to(request, reverse("duplicates"))


@needs(MERGE)
@require_GET
def scan_progress(request: ActorRequest) -> HttpResponse:
    """Asked for by the page while a scan is under way; then the page comes anew."""
    scan = pairs.latest_scan()
    if scan is None or (scan.finished_at and wants_fragment(request)):
        return go_to(request, reverse("duplicates"))
    return render_page(request, "duplicates/progress.html", {"scan": scan, "steps": Scan.Step})


@needs(SCAN)
@require_http_methods(["GET", "POST"])
def merge_rules(request: ActorRequest) -> HttpResponse:
    form = MergeRules(request.POST or None, rules=get_rules())
    if accepted(form, lambda: deciding.put_settings(actor=request.actor, **form.chosen())):
        return go_to(request, reverse("duplicates"), message=_("Saved."))
    context = {"form": form, "worths": _worths(pairs.latest_worths())}
    return render_page(request, "duplicates/rules.html", context, status=422 if form.is_bound else 200)


def _import_of(request: ActorRequest, number: str) -> Import | None:
    given = number if number.isdecimal() and len(number) <= LONGEST_ID else "0"
    return Import.objects.visible_to(request.actor).filter(pk=int(given), kind="customers").first()


def _decide(request: ActorRequest, pair: Pair) -> tuple[str, str]:
    """What is said about it, and where it is undone."""
    now = timezone.now()
    if request.POST.get("decision") == "distinct":
        deciding.tell_apart(actor=request.actor, pair_id=pair.pk, at=now)
        return _("Told apart; later scans remember it."), reverse("open_pair", args=[pair.pk])
    survivor_id = next(iter(ids_of(request.POST, "survivor")), pair.first_id)
    merge = merging.merge_customers(
        actor=request.actor,
        survivor_id=survivor_id,
        record_ids=[one for one in (pair.first_id, pair.second_id) if one != survivor_id],
        choices=choices_of(request.POST),
        at=now,
    )
    return _("Merged."), reverse("undo_merge", args=[merge.pk])


def _next(request: ActorRequest, behind: int | None) -> str:
    if behind is not None and Pair.objects.visible_to(request.actor).filter(pk=behind).exists():
        return reverse("review_pair", args=[behind])
    first = pairs.first_pair(actor=request.actor)
    return reverse("review_pair", args=[first.pk]) if first else reverse("duplicates")


def _worths(scan: Scan | None) -> list[dict[str, Any]]:
    """What each threshold is worth, as the last scan has found out."""
    return [
        {
            "least": pairs.percent_of(one["from"]),
            "pairs": one["pairs"],
            "precision": pairs.percent_of(one["precision"]),
        }
        for one in (scan.worths if scan else ())
    ]
