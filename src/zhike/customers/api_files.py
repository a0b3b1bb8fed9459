"""Files of customers over the API: in own fields, and beside entries of the time line."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.utils.timezone import now
from django.utils.translation import gettext as _
from ninja import Path, Router

from zhike.accounts import idempotency
from zhike.core.api.responses import answer
from zhike.core.api.schemas import Id, Output
from zhike.core.http import ActorRequest
from zhike.customers.api_activities import ActivityOut
from zhike.customers.attached import FileGone, opened
from zhike.customers.own_fields import PREFIX
from zhike.customers.selectors import activities, field_files, records
from zhike.customers.services import entry_files, filling
from zhike.customers.services.attaching import MOST_BYTES, AttachmentTooLarge, Given
from zhike.customers.shelf import KeptFile
from zhike.exchange import uploads
from zhike.exchange.files import thumbnails

router = Router(tags=["files"])

FieldKey = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$", description="The field's key, as in `custom`.")]
FileId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
UPLOAD: dict[str, Any] = {
    "parameters": [idempotency.PARAMETER],
    "requestBody": {
        "required": True,
        "description": f"A form with one field `file`, of at most {MOST_BYTES >> 20} MB: pictures, PDF, Office without "
        "macros, text and sound, by what the content says.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            }
        },
    },
}
CONTENT: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The file, of the media type that its content has",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}

SMALL: dict[str, Any] = {
    "responses": {
        200: {
            "description": f"A WebP of at most {thumbnails.EDGE} × {thumbnails.EDGE} pixels",
            "content": {thumbnails.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        202: {
            "description": "It is being made: ask again",
            "headers": {"Retry-After": {"description": "After so many seconds", "schema": {"type": "integer"}}},
        },
    }
}


class NothingToShow(ObjectDoesNotExist):
    """The file is no picture, or none that can be read."""


class FieldFileOut(Output):
    """size: in bytes; null once the file is no longer kept."""

    id: str
    name: str
    media_type: str
    size: int | None


class FieldFilesOut(Output):
    items: list[FieldFileOut]


@router.get(
    "/customers/{customer_id}/files/{field}",
    response=FieldFilesOut,
    operation_id="list_field_files",
    summary="List the files in a field",
)
def list_field_files(request: ActorRequest, customer_id: Id, field: FieldKey) -> HttpResponse:
    """Files of one of the company's own fields. A field that the key's owner does not read is not there."""
    found = field_files.list_files(actor=request.actor, customer_id=customer_id, field=f"{PREFIX}{field}")
    return answer({"items": [_row(one) for one in found]})


@router.post(
    "/customers/{customer_id}/files/{field}",
    response={201: FieldFileOut},
    operation_id="add_field_file",
    summary="Put a file into a field",
    openapi_extra=UPLOAD,
)
def add_field_file(request: ActorRequest, customer_id: Id, field: FieldKey) -> HttpResponse:
    """Add a file to a field of the kind file or image; where there can be one only, it takes the place of the other."""

    def add(file: Given) -> HttpResponse:
        name = f"{PREFIX}{field}"
        file_id = filling.add_file(actor=request.actor, customer_id=customer_id, field=name, file=file, at=now())[1]
        found = field_files.get_file(actor=request.actor, customer_id=customer_id, field=name, file_id=file_id)
        place = f"/api/v1/customers/{customer_id}/files/{field}/{file_id}"
        return answer(_row(found), status=201, location=place)

    return _once(request, add)


@router.get(
    "/customers/{customer_id}/files/{field}/{file_id}",
    operation_id="download_field_file",
    summary="Fetch a file of a field",
    openapi_extra=CONTENT,
)
def download_field_file(request: ActorRequest, customer_id: Id, field: FieldKey, file_id: FileId) -> HttpResponseBase:
    """The file as it was sent."""
    found = field_files.get_file(
        actor=request.actor, customer_id=customer_id, field=f"{PREFIX}{field}", file_id=file_id
    )
    return _handed_out(opened(found.path), found.name, found.form.media_type)


@router.get(
    "/customers/{customer_id}/files/{field}/{file_id}/small",
    operation_id="download_small_field_file",
    summary="Fetch a small picture of a file of a field",
    openapi_extra=SMALL,
)
def download_small_field_file(
    request: ActorRequest, customer_id: Id, field: FieldKey, file_id: FileId
) -> HttpResponseBase:
    """Of a PNG, JPEG, GIF or WebP that can be read. It is made when it is first asked for: until then the answer is
    empty and says when to ask again.
    """
    found = field_files.get_file(
        actor=request.actor, customer_id=customer_id, field=f"{PREFIX}{field}", file_id=file_id
    )
    try:
        small = thumbnails.thumbnail_of(found.path, found.form)
    except thumbnails.ThumbnailNotMade:
        return HttpResponse(status=202, headers={"Cache-Control": "no-store", "Retry-After": str(thumbnails.AGAIN_S)})
    except FileNotFoundError:
        raise FileGone from None
    if small is None:
        raise NothingToShow
    return _handed_out(opened(small), f"{file_id}.webp", thumbnails.MEDIA_TYPE)


@router.delete(
    "/customers/{customer_id}/files/{field}/{file_id}",
    response={204: None},
    operation_id="remove_field_file",
    summary="Take a file out of a field",
)
def remove_field_file(request: ActorRequest, customer_id: Id, field: FieldKey, file_id: FileId) -> HttpResponse:
    """The time line remembers it, and it can be put back for 30 days."""
    filling.remove_file(
        actor=request.actor, customer_id=customer_id, field=f"{PREFIX}{field}", file_id=file_id, at=now()
    )
    return HttpResponse(status=204)


@router.post(
    "/customers/{customer_id}/activities/{activity_id}/file",
    response={201: ActivityOut},
    operation_id="put_activity_file",
    summary="Put a file beside an activity",
    openapi_extra=UPLOAD,
)
def put_activity_file(request: ActorRequest, customer_id: Id, activity_id: Id) -> HttpResponse:
    """One file for each activity; by who wrote it, within a day."""

    def put(file: Given) -> HttpResponse:
        entry_files.put_file(actor=request.actor, customer_id=customer_id, activity_id=activity_id, file=file, at=now())
        return answer(records.get_activity(actor=request.actor, activity_id=activity_id), status=201)

    return _once(request, put)


@router.get(
    "/customers/{customer_id}/activities/{activity_id}/file",
    operation_id="download_activity_file",
    summary="Fetch the file beside an activity",
    openapi_extra=CONTENT,
)
def download_activity_file(request: ActorRequest, customer_id: Id, activity_id: Id) -> HttpResponseBase:
    """It opens to its author, and to who reads phone numbers and e-mail addresses in full."""
    path, found = activities.get_file(actor=request.actor, activity_id=activity_id, customer_id=customer_id)
    return _handed_out(opened(path), found.name, found.form.media_type)


@router.delete(
    "/customers/{customer_id}/activities/{activity_id}/file",
    response={204: None},
    operation_id="take_activity_file",
    summary="Take the file away from an activity",
)
def take_activity_file(request: ActorRequest, customer_id: Id, activity_id: Id) -> HttpResponse:
    """By who wrote it, within a day."""
    entry_files.take_file(actor=request.actor, customer_id=customer_id, activity_id=activity_id, at=now())
    return HttpResponse(status=204)


def _once(request: ActorRequest, act: Callable[[Given], HttpResponse]) -> HttpResponse:
    """Act on the file of the form; with an Idempotency-Key once, told by its name and content.

    :raises ValidationError: there is none
    """
    upload: Any = request.FILES.get("file") if request.content_type == "multipart/form-data" else None
    if request.content_type == "multipart/form-data" and (name := uploads.too_large(request)):
        raise AttachmentTooLarge(name)
    if not isinstance(upload, UploadedFile):
        raise ValidationError({"file": [_("Choose a file.")]})
    file = Given(content=upload, name=upload.name or "")
    key = idempotency.key_of(request)
    if not key:
        return act(file)
    digest = hashlib.sha256(file.name.encode())
    for piece in upload.chunks():
        digest.update(piece)
    upload.seek(0)
    said = idempotency.digests_of(request, digest.digest())
    return idempotency.run_once(request, key=key, digests=said, run=lambda: act(file))


def _handed_out(content: Any, name: str, media_type: str) -> FileResponse:
    """To be saved, never shown; the answer closes it."""
    given = FileResponse(content, as_attachment=True, filename=name, content_type=media_type)
    given.headers["Cache-Control"] = "no-store"
    return given


def _row(found: KeptFile) -> dict[str, Any]:
    return {"id": found.id, "name": found.name, "media_type": found.form.media_type, "size": found.size}
