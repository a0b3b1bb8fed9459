"""The search box: what it shows while somebody types, and the same as a page."""

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import render_page
from zhike.finder import places, selectors

IN_THE_BOX, ON_A_PAGE = 6, 20


@never_cache
@require_http_methods(["GET", "POST"])
def find(request: ActorRequest) -> HttpResponse:
    """POST, so that what is typed stands in no address and no log; GET, where the words may be kept and passed on."""
    typed = selectors.clean((request.POST if request.method == "POST" else request.GET).get("q", ""))
    if request.method == "GET" and selectors.is_private(typed):
        raise BadRequest(_("ID numbers stand in no address. Type it into the search box."))
    limit = IN_THE_BOX if wants_fragment(request) else ON_A_PAGE
    context: dict[str, object] = {
        "typed": typed,
        "is_private": selectors.is_private(typed),
        "as_options": wants_fragment(request),
    }
    if typed:
        context["groups"] = selectors.find(actor=request.actor, typed=typed, at=now(), limit=limit)
    else:
        context |= {
            "recent": selectors.list_recent(actor=request.actor),
            "commands": places.list_commands(request.actor),
        }
    return render_page(request, "finder/find.html", context, partial="results")
