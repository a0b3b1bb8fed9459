"""Writing a formula: what can be put into it, what is wrong with it, and what would come out."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from zhike.core.actor import Actor
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.metadata import registry
from zhike.metadata.formulas.offering import list_functions
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.permissions import MANAGE
from zhike.metadata.selectors import trying


@needs(MANAGE)
@require_POST
def check_formula(request: ActorRequest, record: str) -> HttpResponse:
    """What a formula that is being written means. Changes nothing."""
    if record not in {one.key for one in registry.list_kinds()}:
        raise Http404
    pk = request.POST.get("pk", "")
    definition = get_object_or_404(FieldDefinition, pk=pk, record=record, kind=Kind.FORMULA) if pk.isdecimal() else None
    context = formula_context(request.actor, record, request.POST.get("rule_formula", ""), definition)
    return render_page(request, "metadata/formula.html", context, partial="check")


def formula_context(actor: Actor, record: str, text: str, definition: FieldDefinition | None) -> dict[str, Any]:
    key = definition.key if definition else ""
    return {
        "sources": trying.list_offered(actor=actor, record=record, but=key),
        "functions": list_functions(),
        "example": trying.example(record),
        "trial": trying.try_formula(actor=actor, record=record, text=text, key=key) if text.strip() else None,
        "pk": definition.pk if definition else "",
    }
