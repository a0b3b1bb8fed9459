"""Which data there is about people, column by column."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.exchange.files.export import csv_chunks
from zhike.privacy.permissions import VIEW
from zhike.privacy.selectors import inventory
from zhike.privacy.views.tabs import privacy_tabs


@needs(VIEW)
@require_GET
def show_inventory(request: ActorRequest) -> HttpResponse:
    tables = inventory.list_inventory(actor=request.actor)
    is_whole = request.GET.get("all") == "1"
    context = {
        "tables": [table for table in tables if is_whole or table.is_personal],
        "is_whole": is_whole,
        "table_count": len(tables),
        "column_count": sum(len(table.columns) for table in tables),
        "tabs": privacy_tabs("data_inventory", request.actor),
    }
    return render_page(request, "privacy/inventory.html", context)


@needs(VIEW)
@require_GET
def download_inventory(request: ActorRequest) -> HttpResponseBase:
    header = [
        _("Area"),
        _("Table"),
        _("What it holds"),
        _("Column"),
        _("Meaning"),
        _("Type"),
        _("Class"),
        _("On erasure"),
    ]
    # Written out while the language is still the reader's.
    response = StreamingHttpResponse(
        csv_chunks(header, list(inventory.csv_rows(actor=request.actor))), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="data-inventory.csv"'
    return response
