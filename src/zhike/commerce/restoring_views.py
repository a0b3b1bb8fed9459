"""Orders deleted into the recycle bin, their history, and what is put back from it."""

import json

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.audit.views.history import record_history
from zhike.commerce import customer_orders
from zhike.commerce.customer_orders import OrderPage
from zhike.commerce.models import Order, OrderQuerySet
from zhike.commerce.services.bin import CODE, DELETE
from zhike.commerce.services.restoring import EDIT, ORDERS
from zhike.core.access import require
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, page_around
from zhike.core.pages import go_to, render_page, toast
from zhike.recovery import services as recovery
from zhike.recovery.restore_page import Place, show_restore

VIEW = OrderQuerySet.view_permission
CHANGED = "recordsChanged"


@needs(DELETE)
@require_POST
def delete_order(request: ActorRequest, pk: int) -> HttpResponse:
    """With its lines and its refund; from its page to the customer, elsewhere the place stays."""
    page = _load(request, pk)
    try:
        moved = recovery.bin_records(actor=request.actor, kind=CODE, record_ids=[pk], at=timezone.now())
    except DomainError as refusal:
        return toast(HttpResponse(status=refusal.status), str(refusal))
    except Order.DoesNotExist:
        raise Http404 from None
    count = len(moved.ids) - 1
    message = ngettext(
        "The order is in the recycle bin, with its refund",
        "The order is in the recycle bin, with %(count)s refunds",
        count,
    )
    message = message % {"count": count} if count else _("The order is in the recycle bin")
    undo_url = reverse("restore_batch", args=[moved.batch])
    address = reverse("show_order", args=[pk])
    if page_around(request, otherwise=address).path == address:
        target = reverse("show_customer", args=[page.customer_id]) if page.customer_id else "bin"
        return go_to(request, target, message=message, undo_url=undo_url)
    response = toast(HttpResponse(status=204), message, undo_url=undo_url)
    told = {**json.loads(response.headers["HX-Trigger"]), "panelClose": True, CHANGED: True}
    response.headers["HX-Trigger"] = json.dumps(told)
    return response


@needs(VIEW)
@require_GET
def show_history(request: ActorRequest, pk: int) -> HttpResponse:
    page = _load(request, pk)
    address = reverse("show_order_history", args=[pk])
    context = record_history(request, model=Order, record_id=pk, address=address)
    if page.may_edit:
        context |= {"restore_at": address, "restorable": ORDERS.restorable}
    template = "audit/entries.html" if request.GET.get("after") else "commerce/show_history.html"
    return render_page(request, template, {**context, "page": page, "order": page.order})


@needs(EDIT)
@require_http_methods(["GET", "POST"])
def restore_order(request: ActorRequest, pk: int, entry: int) -> HttpResponse:
    """Before and after of taking one change back, or all since; what was changed since is left alone unless chosen."""
    page = _load(request, pk)
    require(request.actor, EDIT, record=page.order)
    place = Place(id=pk, name=str(page.order), url=reverse("show_order_history", args=[pk]))
    return show_restore(request, kind=ORDERS, record=place, entry_id=entry)


def _load(request: ActorRequest, pk: int) -> OrderPage:
    try:
        return customer_orders.get_order(actor=request.actor, order_id=pk)
    except Order.DoesNotExist:
        raise Http404 from None
