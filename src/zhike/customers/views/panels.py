"""The panels beside a customer, as somebody arranges them for themselves."""

from datetime import date

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import advice
from zhike.core.pages import render_page, toast
from zhike.customers.models import VIEW
from zhike.customers.services import arranging
from zhike.customers.views.asking import asking_of
from zhike.customers.views.record import load_visible, panels_context

MOST = 4


@needs(VIEW)
@require_POST
def arrange_panels(request: ActorRequest, pk: int) -> HttpResponse:
    """Keep the order and what is left out; without an order, as the page is by itself."""
    load_visible(request, pk)
    order = request.POST.getlist("key")
    if order:
        shown = request.POST.getlist("shown")
        arranging.arrange_panels(actor=request.actor, page="customer", order=order, shown=shown)
    else:
        arranging.reset_panels(actor=request.actor, page="customer")
    context = {"customer": {"pk": pk}, **panels_context(request, pk)}
    return toast(render_page(request, "customers/panels.html", context), _("Panels arranged"))


@needs(VIEW)
@require_GET
def show_next_steps(request: ActorRequest, pk: int) -> HttpResponse:
    """What to do next, each with its reason."""
    load_visible(request, pk)
    found = advice.list_advice(page="customer", record_id=pk, actor=request.actor, today=_today(request))
    return render_page(request, "customers/next_steps.html", {"pk": pk, "advice": found[:MOST]})


def _today(request: ActorRequest) -> date:
    asking = asking_of(request)
    return asking.now.astimezone(asking.zone).date()
