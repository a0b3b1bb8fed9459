"""Who changed what about a customer, and when."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhike.audit.views import latest_history, record_history
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.core.paging import CursorInvalid
from zhike.customers.models import Customer
from zhike.customers.views.record import VIEW, load, load_visible


@needs(VIEW)
@require_GET
def show_history(request: ActorRequest, pk: int) -> HttpResponse:
    customer = load(request, pk).customer
    address = reverse("show_customer_history", args=[pk])
    try:
        context = record_history(request, model=Customer, record_id=pk, address=address)
    except CursorInvalid:
        return go_to(request, address)
    template = "audit/entries.html" if request.GET.get("after") else "customers/show_history.html"
    return render_page(request, template, {**context, "customer": customer})


@needs(VIEW)
@require_GET
def show_panel(request: ActorRequest, pk: int) -> HttpResponse:
    """The last few changes, beside the record."""
    load_visible(request, pk)
    context = latest_history(request, model=Customer, record_id=pk)
    return render_page(request, "customers/history_panel.html", {**context, "customer_id": pk})
