"""Customers side by side, and merging them."""

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import go_to, render_page
from zhike.customers.models import VIEW, Customer
from zhike.customers.views.record import load_visible
from zhike.duplicates.permissions import MERGE
from zhike.duplicates.selectors import merges
from zhike.duplicates.selectors.comparing import compare
from zhike.duplicates.selectors.pairs import list_pairs_of
from zhike.duplicates.services import merging
from zhike.duplicates.survivorship import UNITS

LONGEST_ID = 18


@needs(MERGE)
@require_http_methods(["GET", "POST"])
def compare_customers(request: ActorRequest) -> HttpResponse:
    """GET: what would stay of each field; POST: merge."""
    given = request.POST if request.method == "POST" else request.GET
    ids = ids_of(given, "id")
    refusal, status = "", 200
    if request.method == "GET" and wants_fragment(request):
        return go_to(request, compare_url(ids))  # from the list, with what was chosen there
    if request.method == "POST":
        survivor_id = next(iter(ids_of(given, "survivor")), 0)
        try:
            merge = merging.merge_customers(
                actor=request.actor,
                survivor_id=survivor_id,
                record_ids=[one for one in ids if one != survivor_id],
                choices=choices_of(given),
                at=timezone.now(),
            )
        except (DomainError, ValidationError) as error:
            refusal, status = " ".join(error.messages) if isinstance(error, ValidationError) else str(error), 422
        except PermissionDenied:
            refusal, status = _("You may not merge all of these, or not choose one of these values."), 403
        else:
            count = merge.records.count()
            said = ngettext(
                "%(count)s customer merged into this one", "%(count)s customers merged into this one", count
            )
            return go_to(
                request,
                reverse("show_customer", args=[merge.survivor_id]),
                message=said % {"count": count},
                undo_url=reverse("undo_merge", args=[merge.pk]),
            )
    comparison = compare(actor=request.actor, customer_ids=ids, survivor_id=next(iter(ids_of(given, "survivor")), None))
    if not comparison.sides and ids:
        raise Http404
    context = {
        "comparison": comparison,
        "refusal": refusal,
        "missing": len(set(ids)) - len(comparison.sides),
        "others": [(side, compare_url(ids, side.customer.pk)) for side in comparison.sides],
    }
    return render_page(request, "duplicates/compare.html", context, status=status)


@needs(VIEW)
@require_GET
def show_duplicates_panel(request: ActorRequest, pk: int) -> HttpResponse:
    """On a customer's page: what was merged into it, and a way to merge it with another one."""
    load_visible(request, pk)
    context = {
        "customer_id": pk,
        "pairs": list_pairs_of(actor=request.actor, customer_id=pk),
        "merges": merges.list_merges(actor=request.actor, customer_id=pk),
        "may_merge": may_merge(request, pk),
    }
    return render_page(request, "duplicates/panel.html", context)


@needs(MERGE)
@require_GET
def choose_other(request: ActorRequest, pk: int) -> HttpResponse:
    """From a customer's page with the number of the other one to the comparison."""
    load_visible(request, pk)
    return redirect(compare_url([pk, *ids_of(request.GET, "other")], pk))


def may_merge(request: ActorRequest, pk: int) -> bool:
    actor = request.actor
    return actor.may(MERGE) and Customer.objects.within(actor, MERGE).filter(pk=pk).exists()


def compare_url(ids: list[int], survivor_id: int | None = None) -> str:
    query = urlencode([*(("id", one) for one in ids), *([("survivor", survivor_id)] if survivor_id else [])])
    return f"{reverse('compare_customers')}?{query}"


def ids_of(given: QueryDict, name: str) -> list[int]:
    """Each once: in a list in groups by tag somebody stands in several."""
    named = [int(value) for value in given.getlist(name) if value.isdecimal() and len(value) <= LONGEST_ID]
    return list(dict.fromkeys(named))


def choices_of(given: QueryDict) -> dict[str, int]:
    """Those made by hand; the others are left to the rules."""
    chosen = {unit: ids_of(given, f"choose-{unit}") for unit in UNITS}
    return {unit: ids[0] for unit, ids in chosen.items() if ids}
