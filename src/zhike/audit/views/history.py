"""The history of everything, and what record pages share to show theirs."""

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from zhike.audit import forms, permissions
from zhike.audit.models import Entry
from zhike.audit.selectors import entries, history
from zhike.audit.selectors.reading import Shown
from zhike.audit.services import record
from zhike.core.csv_files import Cell, csv_chunks
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.core.paging import Page

SIZE = 30
PANEL_SIZE = 5
MOST_EXPORTED = 200_000
EXPORT = "audit.export_history"


@needs(permissions.VIEW)
@require_GET
def show_history(request: ActorRequest) -> HttpResponse:
    form = forms.Narrow(request.GET, is_wide=True)
    asked = form.asked()
    page = Page(size=SIZE, after=request.GET.get("after", ""))
    rows = history.list_history(actor=request.actor, page=page, asked=asked)
    names = entries.name_records(actor=request.actor, entries=rows.items)
    context = {
        "form": form,
        "entries": [(one, names.get(one.number)) for one in rows.items],
        "export_url": f"{reverse('export_history')}?{request.GET.urlencode()}",
        "more_url": _more(request, reverse("history"), rows.next_cursor),
    }
    partial = "rows" if request.GET.get("after") else "history"
    return render_page(request, "audit/show_history.html", context, partial=partial)


@needs(permissions.VIEW)
@require_GET
def show_entry(request: ActorRequest, pk: int) -> HttpResponse:
    """One entry with what it contains, where it is sealed, and its proof."""
    try:
        page = entries.get_entry(actor=request.actor, entry_id=pk)
    except Entry.DoesNotExist:
        raise Http404 from None
    named = entries.name_records(actor=request.actor, entries=[page.entry]).get(pk)
    return render_page(request, "audit/show_entry.html", {"page": page, "entry": page.entry, "record": named})


@needs(permissions.VIEW)
@require_GET
def export_history(request: ActorRequest) -> HttpResponseBase:
    """What the page lists as CSV, up to `MOST_EXPORTED` entries; that it was taken out is an entry itself."""
    form = forms.Narrow(request.GET, is_wide=True)
    found = history.iter_history(actor=request.actor, asked=form.asked(), most=MOST_EXPORTED)
    record(action=EXPORT, query=request.GET.urlencode())
    zone = ZoneInfo(request.actor.zone)
    header = [
        *(pgettext("history", "Entry"), _("When"), _("User number"), pgettext("history", "Who")),
        *(pgettext("history", "What happened"), pgettext("history", "To what"), _("Record numbers"), _("Rows")),
        *(pgettext("history", "From where"), _("Request")),
    ]
    chunks = csv_chunks(header, _rows(found, translation.get_language()), zone=zone)
    answer = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    name = f"{_('Change history')}-{datetime.now(zone):%Y%m%d-%H%M}.csv"
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    return answer


def _rows(found: Iterator[Shown], language: str | None) -> Iterator[list[Cell]]:
    """The server reads the rows after the view, and its language, are gone."""
    with translation.override(language):
        for count, one in enumerate(found, 1):
            records = " ".join(map(str, one.record_ids)) + (" …" if one.row_count > len(one.record_ids) else "")
            yield [
                *(one.number, one.at, one.actor_id, one.doer, one.action, one.what, records, one.row_count),
                *(one.origin, one.request),
            ]
            if count == MOST_EXPORTED:
                yield [_("Only the latest %(count)s entries; narrow the history for the rest.") % {"count": count}]


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
