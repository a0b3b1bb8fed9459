"""The pages of exports that come again by themselves."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.core.access import require
from zhike.core.errors import DomainError
from zhike.core.forms import accepted
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.exports import forms, registry, schedules, selectors
from zhike.exports.models import Schedule
from zhike.exports.permissions import VIEW
from zhike.exports.services import scheduling, starting
from zhike.exports.views import initial_of, tabs, wanted_of


@require_GET
def export_schedules(request: ActorRequest) -> HttpResponse:
    if not selectors.may_see_any(request.actor):
        raise PermissionDenied(VIEW)
    context = {
        "rows": schedules.list_schedules(actor=request.actor),
        "tabs": tabs("export_schedules"),
        "offers": [
            (str(one.label), reverse("create_schedule", args=[one.key]))
            for one in registry.list_exportables(request.actor)
        ],
    }
    return render_page(request, "exports/schedules.html", context)


@require_http_methods(["GET", "POST"])
def create_schedule(request: ActorRequest, kind: str) -> HttpResponse:
    """list: the address of the list, as for an export."""
    exportable = registry.find(kind)
    if exportable is None:
        raise Http404
    require(request.actor, exportable.permission)
    form = forms.NewSchedule(
        request.POST or None,
        initial=initial_of(request),
        views=schedules.list_views(actor=request.actor, kind=kind),
        colleagues=selectors.list_colleagues(request.actor),
        zone=request.actor.zone,
    )
    wanted = wanted_of(request, kind)
    now = timezone.now()
    try:
        settled = starting.settle(actor=request.actor, wanted=wanted)
        sentence = starting.sentence_of(actor=request.actor, settled=settled, at=now)
    except DomainError as refusal:
        refused = {"refusal": str(refusal), "url": exportable.url, "what": exportable.label}
        return render_page(request, "exports/refused.html", refused, status=refusal.status)
    if accepted(form, lambda: scheduling.create_schedule(actor=request.actor, draft=form.draft(wanted), at=now)):
        return go_to(request, reverse("export_schedules"), message=_("Scheduled."))
    context = {"form": form, "sentence": sentence, "sensitive": settled.sensitive}
    return render_page(request, "exports/new_schedule.html", context, status=422 if form.is_bound else 200)


@require_POST
def pause_schedule(request: ActorRequest, pk: int) -> HttpResponse:
    return _decided(request, lambda: scheduling.pause_schedule(actor=request.actor, schedule_id=pk), said=_("Paused."))


@require_POST
def resume_schedule(request: ActorRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    return _decided(
        request, lambda: scheduling.resume_schedule(actor=request.actor, schedule_id=pk, at=now), said=_("Goes on.")
    )


@require_POST
def delete_schedule(request: ActorRequest, pk: int) -> HttpResponse:
    return _decided(
        request,
        lambda: scheduling.delete_schedule(actor=request.actor, schedule_id=pk),
        said=_("Removed; what it made stays."),
    )


def _decided(request: ActorRequest, decide: Callable[[], object], *, said: str) -> HttpResponse:
    try:
        decide()
    except Schedule.DoesNotExist as missing:
        raise Http404 from missing
    except DomainError as refusal:
        said = str(refusal)
    return go_to(request, reverse("export_schedules"), message=said)
