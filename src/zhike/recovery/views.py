"""The recycle bin: look, search, restore, delete for good."""

import json
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from zhike.core.errors import DomainError
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page, toast
from zhike.core.paging import Page
from zhike.recovery import kinds, reverting, selectors, services
from zhike.recovery.permissions import PURGE

CHANGED = "recordsChanged"
REMEMBERED = timedelta(days=7)


@require_GET
def show_bin(request: ActorRequest) -> HttpResponse:
    _open(request)
    search = request.GET.get("q", "").replace("\0", "").strip()[:100]
    page = Page(after=request.GET.get("after", ""))
    found = selectors.list_binned(actor=request.actor, page=page, search=search, at=timezone.now())
    query = request.GET.copy()
    query["after"] = found.next_cursor
    context = {
        "rows": found.items,
        "search": search,
        "days": settings.BIN_DAYS,
        "reversals": [] if page.after else reverting.list_own(actor=request.actor, since=timezone.now() - REMEMBERED),
        "may_purge": request.actor.may(PURGE),
        "more_url": f"{reverse('bin')}?{query.urlencode()}" if found.next_cursor else "",
    }
    return render_page(request, "recovery/bin.html", context, partial="rows" if page.after else None)


@require_POST
def restore_records(request: ActorRequest) -> HttpResponse:
    """Restore what was chosen; 409 with what is in the way, and the choice to leave that out."""
    _open(request)
    ids, leave_out = _chosen(request), request.POST.get("leave_out") == "1"
    try:
        restored = services.restore_records(actor=request.actor, binned_ids=ids, leave_out=leave_out)
    except services.RestoreCollides as refusal:
        context = {"collisions": refusal.collisions, "ids": ids, "may_leave_out": refusal.may_leave_out}
        return render_page(request, "recovery/collides.html", context, status=422)
    except DomainError as refusal:
        return _told(HttpResponse(status=409), str(refusal))
    return _told(HttpResponse(status=200), services.restored_message(restored))


@require_POST
def purge_records(request: ActorRequest) -> HttpResponse:
    _open(request)
    try:
        count = services.purge_records(actor=request.actor, binned_ids=_chosen(request))
    except DomainError as refusal:
        return _told(HttpResponse(status=409), str(refusal))
    said = ngettext("%(count)s record deleted for good", "%(count)s records deleted for good", count)
    return _told(HttpResponse(status=200), said % {"count": count})


@require_POST
def restore_batch(request: ActorRequest, batch: uuid.UUID) -> HttpResponse:
    """The undo of a deletion."""
    _open(request)
    try:
        restored = services.restore_batch(actor=request.actor, batch=batch)
    except services.RestoreCollides as refusal:
        return _told(
            HttpResponse(status=409), _("%(reason)s You can restore the rest in the recycle bin.") % {"reason": refusal}
        )
    except DomainError as refusal:
        return _told(HttpResponse(status=409), str(refusal))
    return _told(HttpResponse(status=204), services.restored_message(restored))


def _open(request: ActorRequest) -> None:
    if not kinds.may_use_bin(request.actor):
        raise PermissionDenied


def _chosen(request: ActorRequest) -> list[int]:
    return [int(value) for value in request.POST.getlist("id") if value.isdecimal() and len(value) < 19]


def _told(response: HttpResponse, message: str) -> HttpResponse:
    toast(response, message)
    response.headers["HX-Trigger"] = json.dumps({**json.loads(response.headers["HX-Trigger"]), CHANGED: True})
    return response
