"""Where a field is given another kind."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from zhike.accounts.views.tabs import settings_tabs
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.metadata.kinds import Known
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.permissions import MANAGE
from zhike.metadata.selectors import designing, forget
from zhike.metadata.services import converting


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def change_kind(request: ActorRequest, pk: int) -> HttpResponse:
    """GET: which kinds it can have, or with `to` what that one would do to the values; POST: do it."""
    definition = get_object_or_404(FieldDefinition, pk=pk)
    wanted = request.POST.get("to", "") or request.GET.get("to", "")
    kinds = [(one.value, str(one.label)) for one in converting.CONVERTIBLE if one != definition.kind]
    kind = Kind(wanted) if wanted in dict(kinds) else None
    refusal, plan = "", None
    if kind is not None:
        try:
            if request.method == "POST":
                converting.convert_field(
                    actor=request.actor, pk=pk, kind=kind, drops_misfits="drops_misfits" in request.POST
                )
                message = _("“%(name)s” is now of the kind %(kind)s.") % {"name": definition.label, "kind": kind.label}
                return go_to(request, reverse("edit_own_field", args=[pk]), message=message)
            plan = converting.plan_conversion(actor=request.actor, pk=pk, kind=kind)
        except ValidationError as wrong:
            refusal = " ".join(wrong.messages)
        except DomainError as wrong:
            refusal = str(wrong)
            forget()
            plan = converting.plan_conversion(actor=request.actor, pk=pk, kind=kind)
    context = {
        "definition": definition,
        "kinds": kinds,
        "kind": kind,
        "plan": plan,
        "misfits": designing.name_misfits(actor=request.actor, field=Known.of(definition), plan=plan) if plan else [],
        "problem": refusal,
        "tabs": settings_tabs("design_fields"),
    }
    return render_page(request, "metadata/change_kind.html", context, status=422 if refusal else 200)
