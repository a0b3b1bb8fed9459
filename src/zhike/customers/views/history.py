"""Who changed what about a customer, and when."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from zhike.audit.views.history import latest_history, record_history
from zhike.core.access import require
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.customers.models import Customer
from zhike.customers.selectors import record
from zhike.customers.services.bin import CUSTOMERS
from zhike.customers.views.record import EDIT, VIEW, load, load_visible
from zhike.recovery.restore_page import Place, show_restore


@needs(VIEW)
@require_GET
def show_history(request: ActorRequest, pk: int) -> HttpResponse:
    customer = load(request, pk).customer
    address = reverse("show_customer_history", args=[pk])
    context = record_history(request, model=Customer, record_id=pk, address=address)
    template = "audit/entries.html" if request.GET.get("after") else "customers/show_history.html"
    return render_page(request, template, {**context, "customer": customer, **_restoring(request, pk)})


@needs(EDIT)
@require_http_methods(["GET", "POST"])
def restore_from_history(request: ActorRequest, pk: int, entry: int) -> HttpResponse:
    """Before and after of taking one change back, or all since; what was edited since is left alone unless chosen."""
    customer = load(request, pk).customer
    require(request.actor, EDIT, record=customer)
    return show_restore(
        request,
        kind=CUSTOMERS,
        record=Place(id=pk, name=customer.name, url=reverse("show_customer_history", args=[pk])),
        entry_id=entry,
    )


@needs(VIEW)
@require_GET
def show_panel(request: ActorRequest, pk: int) -> HttpResponse:
    """The last few changes, beside the record."""
    load_visible(request, pk)
    context = latest_history(request, model=Customer, record_id=pk)
    return render_page(request, "customers/history_panel.html", {**context, "customer_id": pk})


def _restoring(request: ActorRequest, pk: int) -> dict[str, object]:
    """What the entries need to lead to their way back."""
    if not record.may_edit(actor=request.actor, customer_id=pk):
        return {}
    return {"restore_at": reverse("show_customer_history", args=[pk]), "restorable": CUSTOMERS.restorable}
