"""The filtered list as a file: a short one at once, for a long one the page that makes it in the background."""

from django.http import Http404
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.customers.listing import KEY
from zhike.customers.models import EXPORT
from zhike.exports.handing_out import hand_out
from zhike.exports.models import Export
from zhike.exports.services import keeping, starting


@needs(EXPORT)
@require_GET
def export_customers(request: ActorRequest, kind: str) -> HttpResponseBase:
    if kind not in Export.Format.values:
        raise Http404
    wanted = starting.Wanted(kind=KEY, format=kind, query=request.GET.urlencode())
    now = timezone.now()
    try:
        settled = starting.settle(actor=request.actor, wanted=wanted)
        # Following a link takes no other file away, nor does it begin what takes long.
        is_simple = not settled.sensitive and keeping.has_room(request.actor)
        if not is_simple or not starting.is_small(actor=request.actor, settled=settled, at=now):
            asked = urlencode({"format": kind, "list": settled.state.query()})
            return go_to(request, f"{reverse('new_export', args=[KEY])}?{asked}")
        made = starting.start_export(actor=request.actor, wanted=wanted, at=now)
        keeping.require_made(made)
        answer = hand_out(made)
    except DomainError as refusal:
        return render_page(request, "customers/export_refused.html", {"refusal": refusal}, status=refusal.status)
    keeping.note_taken(export=made, actor=request.actor)
    return answer
