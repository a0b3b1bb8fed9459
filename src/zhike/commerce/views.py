"""Orders: the panel on a customer's page, an order with its lines, and a product."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from zhike.commerce import customer_orders, guarded
from zhike.commerce.models import Order, Product
from zhike.commerce.services import reveals
from zhike.commerce.services.reveals import RevealedOrder
from zhike.core import fields
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.core.paging import Page
from zhike.customers import guarded as of_customers
from zhike.customers.models import Customer
from zhike.customers.permissions import REVEAL
from zhike.customers.views.revealing import answer_why

VIEW = "commerce.view_order"
PANEL_SIZE, PAPER_SIZE = 5, 50


@needs(VIEW)
@require_GET
def show_panel(request: ActorRequest, pk: int) -> HttpResponse:
    """A customer's orders: sums, and the newest ones."""
    if not Customer.objects.visible_to(request.actor).filter(pk=pk).exists():
        raise Http404
    after = request.GET.get("after", "")
    is_paper = "paper" in request.GET
    page = Page(size=PAPER_SIZE if is_paper else PANEL_SIZE, after=after)
    orders = customer_orders.list_orders(actor=request.actor, customer_id=pk, page=page)
    address = reverse("show_orders_panel", args=[pk])
    context: dict[str, object] = {
        "orders": orders.items,
        "address": address,
        "more_url": f"{address}?after={orders.next_cursor}" if orders.next_cursor and not is_paper else "",
        "is_latest": is_paper and bool(orders.next_cursor),
        "company_currency": settings.COMPANY_CURRENCY,
    }
    if not after:
        context["shows_count"] = fields.reads(request.actor, [of_customers.key("order_count")])
        context["totals"] = customer_orders.sum_orders(actor=request.actor, customer_id=pk)
        return render_page(request, "commerce/panel.html", context)
    return render_page(request, "commerce/panel.html", context, partial="rows")


@needs(VIEW)
@require_GET
def show_order(request: ActorRequest, pk: int) -> HttpResponse:
    try:
        found = customer_orders.get_order(actor=request.actor, order_id=pk)
    except Order.DoesNotExist:
        raise Http404 from None
    return render_page(request, "commerce/show_order.html", {"page": found, "order": found.order}, partial="order")


@needs(VIEW)
@require_GET
def show_product(request: ActorRequest, pk: int) -> HttpResponse:
    if not fields.reads(request.actor, [guarded.PRODUCT]):
        raise Http404
    product = get_object_or_404(Product, pk=pk)
    return render_page(request, "commerce/show_product.html", {"item": product}, partial="product")


@needs(REVEAL)
@never_cache
@require_http_methods(["GET", "POST"])
def reveal_order_field(request: ActorRequest, pk: int, field: str) -> HttpResponse:
    """GET: the question why; with `shown` nothing any more; POST: the value."""
    if field not in reveals.KEYS or not Order.objects.visible_to(request.actor).filter(pk=pk).exists():
        raise Http404
    if "shown" in request.GET:
        return HttpResponse()

    def ask(reason: str) -> RevealedOrder:
        try:
            return reveals.reveal_order_field(actor=request.actor, order_id=pk, name=field, reason=reason, at=now())
        except Order.DoesNotExist:
            raise Http404 from None

    url = reverse("reveal_order_field", args=[pk, field])
    label = str(fields.get(reveals.KEYS[field]).label)
    return answer_why(
        request,
        ask=ask,
        url=url,
        cancel_url=f"{url}?shown=1",
        label=label,
        beside=lambda found: _with_prices(request, pk, found),
    )


def _with_prices(request: ActorRequest, pk: int, found: RevealedOrder) -> dict[str, Any]:
    """What the page shows anew: the lines with their prices, where these were revealed with the total."""
    if not found.lines:
        return {}
    prices = {line.line_id: line for line in found.lines}
    page = customer_orders.get_order(actor=request.actor, order_id=pk)
    lines = []
    for line in page.lines:
        told = prices.get(line.id)
        lines.append(replace(line, unit_price=told.unit_price, amount=told.amount) if told else line)
    page = replace(page, lines=lines)
    return {"beside": "commerce/lines.html", "page": page, "order": page.order, "is_swapped": True}
