"""The filtered list as a file: written while it is read, so that its size does not matter."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.http import FileResponse, Http404, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zhike.audit.services import record
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import registry
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.state import columns_of, read_state
from zhike.core.pages import render_page
from zhike.customers import selectors
from zhike.customers.listing import KEY
from zhike.customers.models import EXPORT, Customer
from zhike.customers.permissions import CONTAINED
from zhike.customers.views.asking import asking_of
from zhike.exchange.files.export import csv_chunks, write_xlsx

MOST_SHEET_ROWS = 100_000


@needs(EXPORT)
@require_GET
def export_customers(request: ActorRequest, kind: str) -> HttpResponseBase:
    """CSV streams whatever its length; a workbook is made first, so its length is bounded."""
    if kind not in ("csv", "xlsx"):
        raise Http404
    asking = asking_of(request)
    spec = registry.get(KEY)
    try:
        state = read_state(request.GET.dict(), of=spec)
        if kind == "xlsx":
            count = selectors.count_exported(actor=request.actor, asking=asking, state=state, ceiling=MOST_SHEET_ROWS)
            if count.is_capped:
                raise FilterInvalid(
                    _("A workbook holds at most %(limit)s customers here. Filter the list, or export it as CSV.")
                    % {"limit": f"{MOST_SHEET_ROWS:,}"}
                )
        columns = columns_of(state, of=spec, actor=request.actor)
        told: dict[str, Any] = {"format": kind, "columns": [column.key for column in columns]}
        rows = selectors.iter_customers(
            actor=request.actor, asking=asking, state=state, columns=columns, note=partial(_note_contained, told)
        )
    except FilterInvalid as refusal:
        return render_page(request, "customers/export_refused.html", {"refusal": refusal}, status=refusal.status)
    record(action=EXPORT, query=request.GET.urlencode(), **told)
    names = [str(column.label) for column in columns]
    filename = f"{_('Customers')}-{asking.today:%Y%m%d}.{kind}"
    if kind == "csv":
        chunks = csv_chunks(names, _in_language(rows, translation.get_language()), zone=asking.zone)
        answer = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = content_disposition_header(True, filename) or ""
        return answer
    # Closing the response closes the file, which deletes it.
    file = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115
    write_xlsx(Path(file.name), names, rows, zone=asking.zone)
    return FileResponse(file, as_attachment=True, filename=filename)


def _note_contained(told: dict[str, Any], ids: list[int]) -> None:
    """So that one can tell later who has whose data."""
    record(action=CONTAINED, subject=Customer._meta.db_table, ids=ids, **told)


def _in_language(rows: Iterator[list[Any]], language: str | None) -> Iterator[list[Any]]:
    """The server reads the rows after the view, and its language, are gone."""
    with translation.override(language):
        yield from rows
