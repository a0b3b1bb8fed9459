"""The history of everything, and what record pages share to show theirs."""

import dataclasses
from typing import Any

from django.db import models
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhike.audit import forms, permissions
from zhike.audit.selectors import history
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.core.paging import Page

SIZE = 30
PANEL_SIZE = 5


@needs(permissions.VIEW)
@require_GET
def show_history(request: ActorRequest) -> HttpResponse:
    form = forms.Narrow(request.GET, is_wide=True)
    asked = form.asked()
    page = Page(size=SIZE, after=request.GET.get("after", ""))
    rows = history.list_history(actor=request.actor, page=page, asked=asked)
    context = {"form": form, "entries": rows.items, "more_url": _more(request, reverse("history"), rows.next_cursor)}
    partial = "rows" if request.GET.get("after") else "history"
    return render_page(request, "audit/show_history.html", context, partial=partial)


def record_history(request: ActorRequest, *, model: type[models.Model], record_id: int, address: str) -> dict[str, Any]:
    """The context of `audit/entries.html` for a record's page of history.

    :raises CursorInvalid: the cursor does not fit
    """
    form = forms.Narrow(request.GET, is_wide=False)
    rows = history.list_record_history(
        actor=request.actor,
        model=model,
        record_id=record_id,
        page=Page(size=SIZE, after=request.GET.get("after", "")),
        asked=form.asked(),
    )
    return {"form": form, "entries": rows.items, "more_url": _more(request, address, rows.next_cursor)}


def latest_history(request: ActorRequest, *, model: type[models.Model], record_id: int) -> dict[str, Any]:
    """The context of `audit/entries.html` for a panel: the last few, without a way to more."""
    rows = history.list_record_history(
        actor=request.actor, model=model, record_id=record_id, page=Page(size=PANEL_SIZE), asked=history.Asked()
    )
    # Beside a record there is room for what changed; what it began with stands in the record.
    brief = [dataclasses.replace(entry, changes=[]) if entry.kind == "insert" else entry for entry in rows.items]
    return {"entries": brief}


def _more(request: ActorRequest, address: str, cursor: str) -> str:
    if not cursor:
        return ""
    query = request.GET.copy()
    query["after"] = cursor
    return f"{address}?{query.urlencode()}"
