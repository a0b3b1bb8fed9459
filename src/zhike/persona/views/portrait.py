"""The page of portraits."""

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists.operators import Asking
from zhike.core.pages import render_page
from zhike.customers.models import VIEW
from zhike.customers.permissions import MANAGE_TAGS
from zhike.persona import groups, selectors
from zhike.persona.forms import KeepAsTag
from zhike.persona.measures import FEWEST
from zhike.persona.views.tabs import tabs


@needs(VIEW)
@require_GET
def persona(request: ActorRequest) -> HttpResponse:
    """a: the list whose customers it is about; b: those it is compared with, all others without it."""
    first, second = request.GET.get("a", "")[:8_000], request.GET.get("b", "")[:8_000]
    asking = Asking(actor=request.actor, now=timezone.now(), zone=timezone.get_current_timezone())
    choices = groups.list_groups(actor=request.actor)
    known = {query for query, _name in choices}
    context: dict[str, object] = {
        "a": first,
        "b": second,
        "groups": choices,
        "is_own_a": bool(first) and first not in known,
        "is_own_b": bool(second) and second not in known,
        "fewest": FEWEST,
        "tabs": tabs(request.actor, "persona"),
        "keeping": KeepAsTag(initial={"query": first}) if first and request.actor.may(MANAGE_TAGS) else None,
    }
    status = 200
    if first or second:
        try:
            context["portrait"] = selectors.draw_portrait(
                asking=asking,
                first=first,
                second=second,
                currency=settings.COMPANY_CURRENCY,
                language=translation.get_language() or "zh-hans",
            )
        except (selectors.GroupTooSmall, selectors.GroupsAreOne) as remark:
            # The question was right, there is only nothing to draw.
            context["remark"] = str(remark)
        except DomainError as refusal:
            context["refusal"], status = str(refusal), refusal.status
    return render_page(request, "persona/persona.html", context, status=status)
