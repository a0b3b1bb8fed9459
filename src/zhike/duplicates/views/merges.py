"""One merge: what moved, what was edited since, and the way back."""

import json

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from zhike.audit import wording
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, page_around, wants_fragment
from zhike.core.pages import go_to, render_page, toast
from zhike.core.text import joining
from zhike.customers.models import VIEW
from zhike.duplicates.models import Merge
from zhike.duplicates.permissions import MERGE
from zhike.duplicates.selectors import merges
from zhike.duplicates.selectors.pairs import pair_among
from zhike.duplicates.services import undoing

CHANGED = "recordsChanged"


@needs(VIEW)
@require_GET
def show_merge(request: ActorRequest, pk: int) -> HttpResponse:
    return _page(request, pk)


@needs(MERGE)
@require_POST
def undo_merge(request: ActorRequest, pk: int) -> HttpResponse:
    """From the merge's page, or from the notice after the merge."""
    is_page = page_around(request).path == reverse("show_merge", args=[pk]) or not wants_fragment(request)
    try:
        undone = undoing.undo_merge(actor=request.actor, merge_id=pk, at=timezone.now())
    except Merge.DoesNotExist:
        raise Http404 from None
    except DomainError as refusal:
        if is_page:
            return _page(request, pk, refusal=str(refusal))
        return toast(HttpResponse(status=refusal.status), str(refusal))
    message = undone_message(undone)
    if is_page:
        return go_to(request, reverse("show_merge", args=[pk]), message=message)
    if page_around(request).path.startswith(reverse("duplicates")):
        pair = pair_among(actor=request.actor, customer_ids=[undone.merge.survivor_id, *undone.record_ids])
        if pair is not None:
            return go_to(request, reverse("review_pair", args=[pair]), message=message)
    response = toast(HttpResponse(status=204), message)
    told = {**json.loads(response.headers["HX-Trigger"]), CHANGED: True, "customerChanged": True}
    response.headers["HX-Trigger"] = json.dumps(told)
    return response


def undone_message(undone: undoing.Undone) -> str:
    count = len(undone.record_ids)
    said = ngettext("%(count)s customer is separate again.", "%(count)s customers are separate again.", count)
    parts = [said % {"count": count}]
    if undone.kept:
        names = joining.things(wording.field_label(merges.TABLE, column) for column in undone.kept)
        parts.append(_("Edited since, so it stays: %(fields)s.") % {"fields": names})
    return " ".join([*parts, *undone.left])


def _page(request: ActorRequest, pk: int, *, refusal: str = "") -> HttpResponse:
    try:
        page = merges.get_merge(actor=request.actor, merge_id=pk)
    except Merge.DoesNotExist:
        raise Http404 from None
    context = {"page": page, "merge": page.merge, "refusal": refusal}
    return render_page(request, "duplicates/merge.html", context, status=409 if refusal else 200)
