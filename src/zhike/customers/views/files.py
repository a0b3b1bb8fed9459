"""The file beside an entry of the time line: shown by the browser, looked into on the page, or taken away."""

from itertools import islice
from pathlib import Path

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.customers.attached import Attached, FileGone, opened
from zhike.customers.models import VIEW, Activity
from zhike.customers.selectors import activities
from zhike.customers.views.thumbnails import SHUT, answer_small
from zhike.exchange.files import open_file
from zhike.exchange.files.contents import read_beginning
from zhike.exchange.files.table import Limits
from zhike.exchange.reasons import FileProblem

LETTERS, ROWS, COLUMNS, CELL = 4000, 12, 12, 60
TABLES = (".csv", ".tsv")
# A page of ours may show a PDF within itself; what the file brings along runs nothing and asks nobody.
POLICY = {
    "default-src": [CSP.NONE],
    "img-src": [CSP.SELF],
    "media-src": [CSP.SELF],
    "style-src": [CSP.UNSAFE_INLINE],
    "object-src": [CSP.SELF],
    "frame-ancestors": [CSP.SELF],
}


@needs(VIEW)
@require_GET
@xframe_options_sameorigin
@csp_override(POLICY)
def show_file(request: ActorRequest, pk: int) -> FileResponse:
    """As its content says, never as its sender did; what browsers do not show themselves is saved."""
    path, found = _load(request, pk)
    try:
        content = opened(path)
    except FileGone:
        raise Http404 from None
    is_shown = found.form.look in {"picture", "page", "sound"} and "save" not in request.GET
    # The answer closes the file.
    return FileResponse(
        content,
        as_attachment=not is_shown,
        filename=found.name,
        content_type=found.form.media_type,
    )


@needs(VIEW)
@require_GET
@csp_override(SHUT)
def show_small_file(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The thumbnail of a picture, to who may open it."""
    path, found = _load(request, pk)
    return answer_small(request, path, found.form)


@needs(VIEW)
@require_GET
def look_into_file(request: ActorRequest, pk: int) -> HttpResponse:
    """The beginning of a text or table, or the frame in which a browser shows a PDF."""
    path, found = _load(request, pk)
    context: dict[str, object] = {"file": found}
    try:
        if found.form.look == "table" or found.name.lower().endswith(TABLES):
            context |= _table(path, found)
        elif found.form.look == "text":
            context["text"] = read_beginning(path, name=found.name, most=LETTERS)
    except FileNotFoundError:
        raise Http404 from None
    return render_page(request, "customers/look_into_file.html", context)


def _table(path: Path, found: Attached) -> dict[str, object]:
    try:
        table = open_file(path, name=found.name, limits=Limits(max_sheet_memory=1 << 30))
        rows = table.sample(ROWS)
    except FileProblem as problem:
        return {"problem": str(problem)}
    names = table.columns[:COLUMNS]
    return {
        "columns": names,
        "rows": [
            [str(cell or "")[:CELL] for cell in islice(row, len(names))] for row in rows.select(names).iter_rows()
        ],
        "more_columns": max(0, len(table.columns) - COLUMNS),
        "has_more": rows.height >= ROWS,
    }


def _load(request: ActorRequest, pk: int) -> tuple[Path, Attached]:
    """404 for what is not there, not theirs to see, or not theirs to look into."""
    try:
        return activities.get_file(actor=request.actor, activity_id=pk)
    except Activity.DoesNotExist:
        raise Http404 from None
