"""Entries of time lines that name the reader, and finding colleagues to name."""

import re

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.core.paging import Page
from zhike.customers.models import VIEW
from zhike.customers.selectors import mentions
from zhike.customers.services import mentioning
from zhike.customers.views.record import load_visible

SIZE = 30


@needs(VIEW)
@require_GET
def list_mentions(request: ActorRequest) -> HttpResponse:
    found, cursor = mentions.list_mentions(
        actor=request.actor, page=Page(size=SIZE, after=request.GET.get("after", ""))
    )
    context = {"mentions": found, "cursor": cursor, "has_news": any(one.is_new for one in found)}
    return render_page(request, "customers/list_mentions.html", context)


@needs(VIEW)
@require_GET
def count_mentions(request: ActorRequest) -> HttpResponse:
    """For the bell."""
    count = mentions.count_new(actor=request.actor)
    context = {"count": count, "is_more": count > mentions.MOST_COUNTED}
    return render_page(request, "customers/count_mentions.html", context)


@needs(VIEW)
@require_POST
def see_mentions(request: ActorRequest) -> HttpResponse:
    """Those that stood on the page, and no others: neither what came meanwhile nor what stands on the next one."""
    shown = [int(pk) for pk in request.POST.getlist("id")[:SIZE] if re.fullmatch(r"\d{1,18}", pk)]
    mentioning.see_mentions(actor=request.actor, mention_ids=shown, at=timezone.now())
    return HttpResponse(status=204, headers={"HX-Trigger": "mentionsSeen"})


@needs(VIEW)
@require_POST
def find_colleagues(request: ActorRequest, pk: int) -> HttpResponse:
    """Colleagues by what is typed behind an @, each with whether they would hear of it."""
    load_visible(request, pk)
    typed = request.POST.get("typed", "").replace("\0", "").strip()[:40]
    found = mentioning.list_colleagues(actor=request.actor, customer_id=pk, typed=typed)
    return render_page(request, "customers/colleagues.html", {"found": found})
