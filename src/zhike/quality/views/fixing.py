"""Findings that are right so, and findings fixed in bulk."""

from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import go_to, render_page
from zhike.quality import catalogue
from zhike.quality.models import Fix
from zhike.quality.permissions import FIX
from zhike.quality.services import deciding, fixing


@needs(FIX)
@require_POST
def say_findings_right(request: ActorRequest, rule: str) -> HttpResponse:
    """What was chosen is right so; with `again` it is to be looked at once more."""
    ids, back = _ids(request.POST), reverse("list_findings", args=[rule])
    if "again" in request.POST:
        deciding.open_again(actor=request.actor, finding_ids=ids, at=timezone.now())
        return go_to(request, back)
    count = len(deciding.say_right(actor=request.actor, finding_ids=ids, at=timezone.now()))
    said = ngettext("%(count)s is right so.", "%(count)s are right so.", count) % {"count": count}
    return go_to(request, back, message=f"{said} {_('It is asked again once the value is another one.')}")


@needs(FIX)
@require_POST
def start_fix(request: ActorRequest, rule: str) -> HttpResponse:
    """All of a rule, or what was chosen."""
    try:
        made = fixing.start_fix(actor=request.actor, rule=rule, at=timezone.now(), finding_ids=_ids(request.POST))
    except DomainError as refusal:
        return go_to(request, reverse("list_findings", args=[rule]), message=str(refusal))
    return go_to(request, reverse("show_fix", args=[made.pk]))


@needs(FIX)
@require_GET
def show_fix(request: ActorRequest, pk: int) -> HttpResponse:
    """How far it has come, asking again by itself until it is done."""
    made = _load(request, pk)
    if made.finished_at and wants_fragment(request):
        return go_to(request, reverse("show_fix", args=[pk]))
    context = {"fix": made, "check": catalogue.checks_by_key().get(made.rule)}
    return render_page(request, "quality/fix.html", context, partial="progress")


@needs(FIX)
@require_POST
def cancel_fix(request: ActorRequest, pk: int) -> HttpResponse:
    _load(request, pk)
    fixing.cancel_fix(actor=request.actor, fix_id=pk, at=timezone.now())
    return go_to(request, reverse("show_fix", args=[pk]))


def _ids(data: QueryDict) -> list[int]:
    return [int(text) for text in data.getlist("id") if text.isascii() and text.isdecimal() and len(text) < 19]


def _load(request: ActorRequest, pk: int) -> Fix:
    try:
        return fixing.get_fix(actor=request.actor, fix_id=pk)
    except Fix.DoesNotExist:
        raise Http404 from None
