"""The page about backups, for administrators."""

from django.http import HttpResponse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from zhike.accounts.permissions import MANAGE
from zhike.accounts.views.tabs import settings_tabs
from zhike.backup import selectors
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page


@needs(MANAGE)
@require_GET
def backups(request: ActorRequest) -> HttpResponse:
    context = {"overview": selectors.get_overview(actor=request.actor, at=now()), "tabs": settings_tabs("backups")}
    return render_page(request, "backup/backups.html", context)
