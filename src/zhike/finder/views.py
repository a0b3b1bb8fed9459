"""The search box: what it shows while somebody types, and the same as a page."""

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from zhike.core.finder import Asked, list_kinds
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


@never_cache
@require_POST
def find_words(request: ActorRequest) -> JsonResponse:
    """Records of one kind by number and name, as fields take them that link to one."""
    typed = selectors.clean(request.POST.get("q", ""))
    kind = next((one for one in list_kinds(request.actor) if one.key == request.POST.get("kind")), None)
    if kind is None:
        raise Http404
    asked = Asked(actor=request.actor, typed=typed, limit=IN_THE_BOX)
    found = kind.find(asked)[:IN_THE_BOX] if typed and not selectors.is_private(typed) else ()
    return JsonResponse({"words": [f"#{one.record_id} {one.title}" for one in found if one.record_id is not None]})
