"""Deleting customers: into the recycle bin, with the way back in the notice instead of a question before."""

import json
from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, page_around
from zhike.core.pages import go_to, toast
from zhike.customers.models import Customer
from zhike.customers.services.bin import CODE, DELETE
from zhike.customers.views.record import load_visible
from zhike.recovery import services as recovery

CHANGED = "recordsChanged"


@needs(DELETE)
@require_POST
def delete_customer(request: ActorRequest, pk: int) -> HttpResponse:
    """One customer: from its page to the list, elsewhere the place stays."""
    load_visible(request, pk)
    return _delete(request, [pk], page=reverse("show_customer", args=[pk]))


@needs(DELETE)
@require_POST
def delete_customers(request: ActorRequest) -> HttpResponse:
    """Those chosen in the list."""
    ids = [int(value) for value in request.POST.getlist("id") if value.isdecimal() and len(value) < 19]
    if not ids:
        return toast(HttpResponse(status=422), _("Choose at least one customer."))
    return _delete(request, ids)


def _delete(request: ActorRequest, ids: Sequence[int], *, page: str = "") -> HttpResponse:
    try:
        moved = recovery.bin_records(actor=request.actor, kind=CODE, record_ids=ids, at=timezone.now())
    except DomainError as refusal:
        return toast(HttpResponse(status=refusal.status), str(refusal))
    except Customer.DoesNotExist:
        raise Http404 from None
    count = len(moved.ids)
    message = ngettext("%(count)s customer in the recycle bin", "%(count)s customers in the recycle bin", count)
    message %= {"count": count}
    if moved.refused_count:
        refused = ngettext(
            "%(count)s may not be deleted by you.", "%(count)s may not be deleted by you.", moved.refused_count
        )
        message = f"{message}; {refused % {'count': moved.refused_count}}"
    undo_url = reverse("restore_batch", args=[moved.batch])
    is_page = page_around(request, otherwise=page).path == page
    if is_page and page:
        return go_to(request, "list_customers", message=message, undo_url=undo_url)
    response = toast(HttpResponse(status=204), message, undo_url=undo_url)
    # In this order: the panel of a record that is gone would ask for it anew.
    told = {**json.loads(response.headers["HX-Trigger"]), **({"panelClose": True} if page else {}), CHANGED: True}
    response.headers["HX-Trigger"] = json.dumps(told)
    return response
