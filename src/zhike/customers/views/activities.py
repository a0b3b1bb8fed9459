"""Writing into the time line."""

import json

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from zhike.core.errors import DomainError
from zhike.core.fields import require_write
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page, toast
from zhike.customers.forms import NewActivity
from zhike.customers.guarded import ACTIVITY
from zhike.customers.models import Activity
from zhike.customers.selectors import activities as selectors
from zhike.customers.services import activities, attaching, mentioning
from zhike.customers.services.attaching import AttachmentTooLarge, Given
from zhike.customers.views.record import EDIT, load_visible, new_activity, time_line_context
from zhike.exchange import uploads

WRITTEN = "timeLineWritten"  # what depends on the last follow-up shows itself anew


@needs(EDIT)
@require_POST
def add_activity(request: ActorRequest, pk: int) -> HttpResponse:
    load_visible(request, pk)
    # Who may not write here has no form on which a refusal could stand.
    require_write(request.actor, ACTIVITY)
    form = NewActivity(request.POST, request.FILES)
    written: list[Activity] = []
    if not accepted(form, lambda: written.append(_written(request, pk, form))):
        return _time_line(request, pk, composer=form, status=422)
    added = written[0]
    undo_url = reverse("remove_activity", args=[added.pk])
    said = " · ".join([_("Written into the time line"), *_heard(request, added)])
    response = toast(_time_line(request, pk), said, undo_url=undo_url)
    response.headers["HX-Trigger"] = json.dumps({**json.loads(response.headers["HX-Trigger"]), WRITTEN: True})
    return response


@needs(EDIT)
@require_POST
def remove_activity(request: ActorRequest, pk: int) -> HttpResponse:
    activity = _load(request, pk)
    try:
        activities.remove_activity(actor=request.actor, activity_id=pk, at=timezone.now())
    except DomainError as refusal:
        return toast(HttpResponse(status=409), str(refusal))
    return _time_line(request, activity.customer_id)


@needs(EDIT)
@require_POST
def pin_activity(request: ActorRequest, pk: int) -> HttpResponse:
    activity = _load(request, pk)
    activities.pin_activity(actor=request.actor, activity_id=pk, is_pinned=not activity.is_pinned)
    return _time_line(request, activity.customer_id)


def _written(request: ActorRequest, pk: int, form: NewActivity) -> Activity:
    upload = form.cleaned_data.pop("file")
    if name := uploads.too_large(request):
        raise AttachmentTooLarge(name)
    said = {"actor": request.actor, "customer_id": pk, "at": timezone.now(), **form.cleaned_data}
    if upload is None:
        return activities.add_activity(**said)
    return attaching.add_with_file(**said, file=Given(content=upload, name=upload.name))


def _heard(request: ActorRequest, added: Activity) -> list[str]:
    """Who of those whom the text names hears of it, and who does not."""
    if "@" not in added.text:
        return []
    called = mentioning.find_called(actor=request.actor, customer_id=added.customer_id, text=added.text)
    told, deaf = (_(", ").join(map(str, users)) for users in (called.told, called.deaf))
    return [
        sentence
        for names, sentence in (
            (told, _("Told: %(names)s.") % {"names": told}),
            (deaf, _("Not told, because they may not see this customer: %(names)s.") % {"names": deaf}),
            (
                called.unclear,
                _("Several colleagues are called %(names)s: write their user name instead.")
                % {"names": _(", ").join(called.unclear)},
            ),
        )
        if names
    ]


def _load(request: ActorRequest, pk: int) -> Activity:
    activity = Activity.objects.visible_to(request.actor).filter(pk=pk).first()
    if activity is None:
        raise Http404
    return activity


def _time_line(
    request: ActorRequest, pk: int, *, composer: NewActivity | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "customer": {"pk": pk},
        "may_edit": True,
        "composer": composer or new_activity(request.actor),
        "pinned": selectors.list_pinned(actor=request.actor, customer_id=pk),
        **time_line_context(request, pk),
    }
    return render_page(request, "customers/time_line.html", context, status=status)
