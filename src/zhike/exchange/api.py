"""Imports over the API: send a file, say what its columns mean, check it, apply it, take it back."""

import io
import zoneinfo
from typing import IO, Annotated, Any, cast

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.timezone import now
from ninja import Query, Router
from pydantic import AfterValidator, Field

from zhike.accounts import idempotency
from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import After, Exact, Id, Input, Limit, Moment, Output, PageOf, Short, Text
from zhike.core.http import ActorRequest
from zhike.core.money import plain
from zhike.core.paging import Page
from zhike.exchange import selectors, services, uploads
from zhike.exchange.models import Import
from zhike.exchange.registry import list_importables

router = Router(tags=["imports"])

UPLOAD = {
    "requestBody": {
        "required": True,
        "description": "The file itself, as it is. CSV, TSV, XLSX, Parquet or JSON Lines; a form with one field `file` "
        "is taken as well.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
REFUSED_FILE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The refused rows, in the format of the original, with a column that says why",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


def _known_zone(name: str) -> str:
    if name and name not in zoneinfo.available_timezones():
        raise ValueError("must be a time zone such as Asia/Shanghai")
    return name


class ProgressOut(Output):
    """done of total in this phase; total is 0 where nobody knows it."""

    phase: str
    done: int
    total: int


class ImportOut(Output):
    """An import. row_count is the sum of new, updated, unchanged and refused rows once the file was checked.

    amount: of the file's rows; null where it has none, or where it holds fields that the key's owner does not read.
    mapping: column to field code. created: records made, by table. kept: what an undo left alone, and why.
    """

    id: int
    kind: str
    name: str
    size: int
    format: str
    encoding: str
    delimiter: str
    columns: list[str]
    mapping: dict[str, str]
    warnings: list[Any]
    source: str
    currency: str
    zone: str
    status: str
    progress: ProgressOut
    row_count: int
    new_count: int
    updated_count: int
    unchanged_count: int
    refused_count: int
    amount: Exact | None
    created: dict[str, int]
    kept: list[Any]
    kept_count: int
    has_refused_file: bool
    error: str
    created_at: Moment
    applied_at: Moment | None
    undone_at: Moment | None


class UploadIn(Input):
    """kind: customers or orders, else guessed from the columns. source: the system that the file's ids belong to."""

    name: Annotated[Text, Field(min_length=1, max_length=255)] = "upload"
    kind: Short = ""
    source: Short = ""
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    mapping_name: Annotated[Text, Field(max_length=60)] = ""


class MappingIn(Input):
    """mapping: column to field code; columns left out are not imported.

    name: what to remember the mapping as; kept as it is if left out, taken away if empty.
    """

    mapping: dict[Text, Text]
    source: Short = ""
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    zone: Annotated[Text, Field(max_length=50), AfterValidator(_known_zone)] = ""
    name: Annotated[Text, Field(max_length=60)] | None = None


class FieldOut(Output):
    code: str
    label: str
    type: str
    is_required: bool


class KindOut(Output):
    kind: str
    label: str
    fields: list[FieldOut]


class KindsOut(Output):
    items: list[KindOut]


@router.get("/import-kinds", response=KindsOut, operation_id="list_import_kinds", summary="List what can be imported")
def list_import_kinds(request: ActorRequest) -> HttpResponse:
    """The kinds of records that files can bring, and what their columns can mean."""
    kinds = [
        {
            "kind": one.kind,
            "label": str(one.label),
            "fields": [
                {"code": field.code, "label": str(field.label), "type": field.type, "is_required": field.required}
                for field in one.fields_for(request.actor)
            ],
        }
        for one in list_importables()
        if all(request.actor.may(permission) for permission in one.permissions)
    ]
    return answer({"items": kinds})


@router.get("/imports", response=PageOf[ImportOut], operation_id="list_imports", summary="List imports")
def list_imports(request: ActorRequest, limit: Limit = 50, after: After = "") -> HttpResponse:
    """Imports that the key may see, latest first."""
    page = selectors.list_imports(actor=request.actor, page=Page(size=limit, after=after))
    return answer_page([_row(request, job) for job in page.items], page.next_cursor)


@router.post(
    "/imports",
    response={201: ImportOut},
    operation_id="start_import",
    summary="Send a file",
    openapi_extra={**UPLOAD, "parameters": [idempotency.PARAMETER]},
)
def start_import(request: ActorRequest, upload: Query[UploadIn]) -> HttpResponse:
    """Take a file in and recognise its columns. Nothing is imported until it is applied."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > settings.UPLOAD_MAX_BYTES:
        raise uploads.FileTooLarge(upload.name)
    key = idempotency.key_of(request)
    file, name = _file_of(request, upload.name)
    job = services.start_import(actor=request.actor, file=file, at=now(), **{**dict(upload), "name": name})
    made = answer(_row(request, job), status=201, location=f"/api/v1/imports/{job.pk}")
    if not key:
        return made
    # A file is too large to be read twice, so it is taken in first and let go if the request was a repetition.
    digests = idempotency.digests_of(request, job.sha256.encode())
    try:
        response = idempotency.run_once(request, key=key, digests=digests, run=lambda: made)
    except idempotency.KeyReused:
        services.cancel_import(actor=request.actor, import_id=job.pk, at=now())
        raise
    if response is not made:
        services.cancel_import(actor=request.actor, import_id=job.pk, at=now())
    return response


@router.get("/imports/{import_id}", response=ImportOut, operation_id="get_import", summary="Get an import")
def get_import(request: ActorRequest, import_id: Id) -> HttpResponse:
    """State, progress and counts of one import."""
    return answer(_row(request, selectors.get_import(actor=request.actor, import_id=import_id)))


@router.put(
    "/imports/{import_id}/mapping", response=ImportOut, operation_id="put_mapping", summary="Say what the columns mean"
)
def put_mapping(request: ActorRequest, import_id: Id, wanted: MappingIn) -> HttpResponse:
    """Correct the mapping; it is remembered for files with the same columns."""
    return answer(
        _row(request, services.put_mapping(actor=request.actor, import_id=import_id, at=now(), **dict(wanted)))
    )


@router.post(
    "/imports/{import_id}/preview", response={202: ImportOut}, operation_id="preview_import", summary="Check the file"
)
@idempotent
def preview_import(request: ActorRequest, import_id: Id) -> HttpResponse:
    """Count in the background what the import would do; nothing is written. Ask for the import to see how far it is."""
    return answer(_row(request, services.request_preview(actor=request.actor, import_id=import_id)), status=202)


@router.post(
    "/imports/{import_id}/apply", response={202: ImportOut}, operation_id="apply_import", summary="Apply the import"
)
@idempotent
def apply_import(request: ActorRequest, import_id: Id) -> HttpResponse:
    """Write the records in the background, all or nothing."""
    return answer(_row(request, services.request_apply(actor=request.actor, import_id=import_id)), status=202)


@router.post(
    "/imports/{import_id}/cancel", response=ImportOut, operation_id="cancel_import", summary="Cancel the import"
)
@idempotent
def cancel_import(request: ActorRequest, import_id: Id) -> HttpResponse:
    """Stop an import that is not applied yet; nothing of it stays."""
    return answer(_row(request, services.cancel_import(actor=request.actor, import_id=import_id, at=now())))


@router.post(
    "/imports/{import_id}/undo", response={202: ImportOut}, operation_id="undo_import", summary="Undo the import"
)
@idempotent
def undo_import(request: ActorRequest, import_id: Id) -> HttpResponse:
    """Delete in the background what the import made and restore what it changed; later edits are kept and listed."""
    return answer(_row(request, services.request_undo(actor=request.actor, import_id=import_id)), status=202)


@router.get(
    "/imports/{import_id}/refused",
    operation_id="get_refused_rows",
    summary="Download the refused rows",
    openapi_extra=REFUSED_FILE,
)
def get_refused_rows(request: ActorRequest, import_id: Id) -> HttpResponseBase:
    """The refused rows, to be mended and imported again."""
    job = selectors.get_import(actor=request.actor, import_id=import_id)
    file = selectors.get_refused_file(actor=request.actor, job=job)
    name = f"refused-{job.pk}{file.suffix}"
    return FileResponse(file.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream")


class _Body(io.RawIOBase):
    """The body of a request as a file that is read piece by piece."""

    def __init__(self, request: HttpRequest, name: str) -> None:
        self._request, self._name = request, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._request.META.get(uploads.CUT):
            raise uploads.FileTooLarge(self._name)
        piece = self._request.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _file_of(request: HttpRequest, name: str) -> tuple[IO[bytes], str]:
    if request.content_type == "multipart/form-data":
        uploads.check_size(request)
    if request.content_type == "multipart/form-data" and (form_file := request.FILES.get("file")):
        return cast(IO[bytes], form_file), name if name != "upload" else form_file.name or name
    return cast(IO[bytes], _Body(request, name)), name


def _row(request: ActorRequest, job: Import) -> dict[str, Any]:
    same = (
        "id kind name size format encoding delimiter columns mapping warnings source currency zone status row_count "
        "new_count updated_count unchanged_count refused_count created kept kept_count error created_at applied_at "
        "undone_at"
    )
    row = {name: getattr(job, name) for name in same.split()}
    row["progress"] = {"phase": job.phase, "done": job.done, "total": job.total}
    is_open = selectors.shows_contents(actor=request.actor, job=job)
    row["amount"] = plain(job.amount) if is_open and job.amount is not None else None
    row["kept"] = selectors.list_kept(actor=request.actor, job=job)
    row["has_refused_file"] = bool(job.refused_path)
    return row
