"""Erasures: how far each is, and what has to be done about the files of the database."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.privacy.models import Erasure
from zhike.privacy.permissions import HANDLE
from zhike.privacy.selectors import erasures as selectors
from zhike.privacy.views.tabs import privacy_tabs


@needs(HANDLE)
@require_GET
def show_erasures(request: ActorRequest) -> HttpResponse:
    context = {
        "rows": selectors.list_erasures(actor=request.actor),
        "files": selectors.get_files(actor=request.actor),
        "tabs": privacy_tabs("erasures", request.actor),
    }
    return render_page(request, "privacy/erasures.html", context)


@needs(HANDLE)
@require_GET
def show_erasure(request: ActorRequest, pk: int) -> HttpResponse:
    context = {"row": _get(request, pk), "tabs": privacy_tabs("erasures", request.actor)}
    return render_page(request, "privacy/erasure.html", context)


@needs(HANDLE)
@require_GET
def erasure_progress(request: ActorRequest, pk: int) -> HttpResponse:
    """The bar's successor; once everything was searched, the page is loaded anew."""
    row = _get(request, pk)
    if not row.is_running:
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render_page(request, "privacy/erasure_progress.html", {"erased": row})


def _get(request: ActorRequest, pk: int) -> selectors.Row:
    try:
        return selectors.get_erasure(actor=request.actor, erasure_id=pk)
    except Erasure.DoesNotExist:
        raise Http404 from None
