"""Exports over the API: begin one, ask how far it is, fetch the file."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.timezone import now
from ninja import Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import After, Flag, Id, Input, Limit, Moment, Output, PageOf, Short, Text
from zhike.core.http import ActorRequest
from zhike.core.paging import Page
from zhike.exports import selectors
from zhike.exports.formats import FORMATS
from zhike.exports.handing_out import hand_out
from zhike.exports.services import keeping, starting

router = Router(tags=["exports"])

FILE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The file",
            "content": {one.media_type: {"schema": {"type": "string", "format": "binary"}} for one in FORMATS.values()},
        }
    }
}


class ExportIn(Input):
    """kind: what, for now "customers". list: the address of the list behind its "?", as a browser shows it: filter,
    search, order, columns. all_fields: every field that the key's owner may take along, not the list's columns. bom:
    CSV with the mark that Excel needs. reason: what for; asked for where sensitive fields leave in full."""

    kind: Short = "customers"
    format: Literal["csv", "xlsx", "parquet", "vcf"] = "csv"
    list: Annotated[Text, Field(max_length=8000)] = ""
    all_fields: Flag = False
    bom: Flag = False
    reason: Annotated[Text, Field(max_length=500)] = ""


class ExportOut(Output):
    """An export. status: the file is there where it is "done"; total is 0 until the list is read. filter: in words.
    code: stands in the file. shared_with: ids of colleagues who can take the file."""

    id: int
    code: str
    kind: str
    format: str
    status: Literal["waiting", "running", "done", "cancelled", "refused", "failed", "removed"]
    total: int
    done: int
    size: int
    filter: str
    columns: list[str]
    reason: str
    owner_id: int | None
    shared_with: list[int]
    error: str
    created_at: Moment
    finished_at: Moment | None
    expires_at: Moment | None


@router.get("/exports", response=PageOf[ExportOut], operation_id="list_exports", summary="List exports")
def list_exports(request: ActorRequest, limit: Limit = 50, after: After = "") -> HttpResponse:
    """One's own, those shared with one, and others' as far as the key's owner may see them; latest first."""
    found = selectors.list_exports(actor=request.actor, page=Page(size=limit, after=after))
    return answer_page([_row(one) for one in found.items], found.next_cursor)


@router.post("/exports", response={201: ExportOut}, operation_id="start_export", summary="Export a list")
@idempotent
def start_export(request: ActorRequest, wanted: ExportIn) -> HttpResponse:
    """A short list is done at once, a long one in the background: ask for the export until it is done."""
    made = starting.start_export(
        actor=request.actor,
        wanted=starting.Wanted(
            kind=wanted.kind,
            format=wanted.format,
            query=wanted.list,
            is_everything=wanted.all_fields,
            is_marked=wanted.bom,
            reason=wanted.reason,
        ),
        at=now(),
    )
    return answer(_of(request, made.pk), status=201, location=f"/api/v1/exports/{made.pk}")


@router.get("/exports/{export_id}", response=ExportOut, operation_id="get_export", summary="Get an export")
def get_export(request: ActorRequest, export_id: Id) -> HttpResponse:
    """How far it is, and what became of it."""
    return answer(_of(request, export_id))


@router.post(
    "/exports/{export_id}/cancel", response=ExportOut, operation_id="cancel_export", summary="Cancel an export"
)
@idempotent
def cancel_export(request: ActorRequest, export_id: Id) -> HttpResponse:
    """Stop one that is being made; nothing of it stays."""
    keeping.cancel_export(actor=request.actor, export_id=export_id, at=now())
    return answer(_of(request, export_id))


@router.get("/exports/{export_id}/file", operation_id="download_export", summary="Fetch the file", openapi_extra=FILE)
def download_export(request: ActorRequest, export_id: Id) -> HttpResponseBase:
    """Refused where the key's owner could not make it themselves any more."""
    return hand_out(keeping.take_file(actor=request.actor, export_id=export_id))


@router.delete(
    "/exports/{export_id}", response=ExportOut, operation_id="remove_export", summary="Remove the file of an export"
)
def remove_export(request: ActorRequest, export_id: Id) -> HttpResponse:
    """Before its days are over; that it was made stays known."""
    keeping.remove_export(actor=request.actor, export_id=export_id, at=now())
    return answer(_of(request, export_id))


def _of(request: ActorRequest, export_id: int) -> dict[str, Any]:
    found = selectors.get_export(actor=request.actor, export_id=export_id)
    return _row(selectors.Outline.of(found, actor=request.actor))


def _row(outline: selectors.Outline) -> dict[str, Any]:
    same = "id code kind format status total done size columns reason owner_id created_at finished_at expires_at"
    row = {name: getattr(outline.export, name) for name in same.split()}
    told = {"filter": outline.sentence, "error": outline.error}
    return {**row, **told, "shared_with": outline.export.shared_with if outline.is_mine else []}
