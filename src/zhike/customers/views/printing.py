"""A customer as a sheet for paper or PDF, with no more on it than its reader sees on the screen."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.customers import timeline
from zhike.customers.models import EXPORT
from zhike.customers.services import printing
from zhike.customers.views.asking import asking_of, style_of
from zhike.customers.views.record import fields_context, header_context, load, panels_context

ENTRIES = 30


@needs(EXPORT)
@require_GET
def print_customer(request: ActorRequest, pk: int) -> HttpResponse:
    """Recorded as an export of one; sensitive fields are masked on it, whoever prints."""
    request.actor = printing.on_paper(request.actor)
    found = load(request, pk)
    line = timeline.list_time_line(actor=request.actor, customer_id=pk, size=ENTRIES)
    panels = [one for one in panels_context(request, pk)["panels"] if one.is_printed and not one.is_hidden]
    printing.note_print(
        actor=request.actor, found=found, has_entries=bool(line.entries), panels=[one.key for one in panels]
    )
    context = {
        **header_context(found, style_of(asking_of(request)), request.actor, may_delete=False),
        **fields_context(found, request, may_edit=False, has_tabs=False),
        "entries": line.entries,
        "has_more": bool(line.next_cursor),
        "panels": panels,
        "printed_at": timezone.now(),
        "printed_by": request.actor.name,
    }
    answer = render_page(request, "customers/print_customer.html", context)
    answer.headers["Cache-Control"] = "no-store"
    return answer
