"""The company's working days, for administrators."""

from django.http import HttpResponse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from zhike.accounts.permissions import MANAGE
from zhike.accounts.views.tabs import settings_tabs
from zhike.calendars import forms, selectors, services
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def working_days(request: ActorRequest) -> HttpResponse:
    form = forms.Days(request.POST or None)
    if accepted(form, lambda: services.put_days(actor=request.actor, **form.cleaned_data)):
        return go_to(request, "working_days", message=_("Saved."))
    year = localdate().year
    known = selectors.get_working_days()
    context = {
        "form": form,
        "special": selectors.list_special(),
        "years": [{"year": one, "days": selectors.list_holidays(one)} for one in (year, year + 1)],
        "has_holidays": known.has_holidays,
        "last_announced": selectors.last_announced(),
        "tabs": settings_tabs("working_days"),
    }
    return render_page(request, "calendars/working_days.html", context, status=422 if form.is_bound else 200)


@needs(MANAGE)
@require_POST
def remove_day(request: ActorRequest, pk: int) -> HttpResponse:
    services.remove_day(actor=request.actor, day_id=pk)
    return go_to(request, "working_days", message=_("Removed."))
