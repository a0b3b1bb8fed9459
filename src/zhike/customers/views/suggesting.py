"""Words that are there already, for fields that take words."""

from django.http import Http404, JsonResponse
from django.views.decorators.http import require_GET

from zhike.core import fields
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.customers.guarded import key
from zhike.customers.models import VIEW
from zhike.customers.selectors.tagging import suggest_tags as list_suggested


@needs(VIEW)
@require_GET
def suggest_tags(request: ActorRequest) -> JsonResponse:
    """A few tags that begin with what is typed, then those that hold it."""
    if not fields.reads(request.actor, [key("tags")]):
        raise Http404
    return JsonResponse({"words": list_suggested(typed=request.GET.get("q", ""))})
