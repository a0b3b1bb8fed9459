"""Files of a company's own fields: uploaded on the customer's page, shown by the browser, taken out with a way back."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_POST

from zhike.core import fields
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.customers.attached import opened
from zhike.customers.models import EDIT, VIEW
from zhike.customers.selectors import field_files as selectors
from zhike.customers.services import filling
from zhike.customers.services.attaching import AttachmentTooLarge, Given
from zhike.customers.services.people import Edit
from zhike.customers.views.editing import told
from zhike.customers.views.files import POLICY
from zhike.customers.views.record import load_visible, upload_of
from zhike.exchange import uploads
from zhike.exchange.files import thumbnails
from zhike.metadata.kinds import Known

SHUT = {"default-src": [CSP.NONE], "sandbox": ""}
# A picture that cannot be shown, in a grey that stands on light and on dark.
SIGN_TYPE = "image/svg+xml"
SIGN = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="144" height="144" viewBox="-6 -6 36 36" fill="none" '
    'stroke="#8a93a2" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M4 5a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z"/>'
    '<path d="m4 16 4.5-4.5a2 2 0 0 1 2.800 0L20 20M14 14l1.200-1.200a2 2 0 0 1 2.800 0l2 2M15 8h.01"/></svg>'
)


@needs(VIEW)
@require_GET
@xframe_options_sameorigin
@csp_override(POLICY)
def show_field_file(request: ActorRequest, pk: int, field: str, file_id: str) -> HttpResponseBase:
    """As its content says, to who reads the field. A file never changes, so a browser that has it keeps it; it asks
    each time whether it still may."""
    try:
        found = selectors.get_file(actor=request.actor, customer_id=pk, field=field, file_id=file_id)
        mark = f'"{found.id}"'
        if request.headers.get("If-None-Match") == mark:
            return _asked_each_time(HttpResponseNotModified(), mark)
        content = opened(found.path)
    except ObjectDoesNotExist:
        raise Http404 from None
    is_shown = found.form.look in {"picture", "page", "sound"} and "save" not in request.GET
    answer = FileResponse(
        content,  # which the answer closes
        as_attachment=not is_shown,
        filename=found.name,
        content_type=found.form.media_type,
    )
    return _asked_each_time(answer, mark)


@needs(VIEW)
@require_GET
@csp_override(SHUT)
def show_small_field_file(request: ActorRequest, pk: int, field: str, file_id: str) -> HttpResponseBase:
    """The thumbnail of a picture, to who reads the field; a sign in its place where there is nothing to see."""
    try:
        found = selectors.get_file(actor=request.actor, customer_id=pk, field=field, file_id=file_id)
        small = thumbnails.thumbnail_of(found.path, found.form)
        content: Any = opened(small) if small else SIGN.encode()
    except thumbnails.ThumbnailNotMade:
        return HttpResponse(SIGN, content_type=SIGN_TYPE, headers={"Cache-Control": "no-store"})
    except (ObjectDoesNotExist, FileNotFoundError):
        raise Http404 from None
    mark = f'"{found.id}-{"small" if small else "sign"}"'
    if request.headers.get("If-None-Match") == mark:
        if small:
            content.close()
        return _asked_each_time(HttpResponseNotModified(), mark)
    if small:
        return _asked_each_time(FileResponse(content, content_type=thumbnails.MEDIA_TYPE), mark)
    return _asked_each_time(HttpResponse(content, content_type=SIGN_TYPE), mark)


@needs(EDIT)
@require_POST
def add_field_file(request: ActorRequest, pk: int, field: str) -> HttpResponse:
    known = _load(request, pk, field)

    def put() -> Edit:
        if name := uploads.too_large(request):
            raise AttachmentTooLarge(name)
        upload = request.FILES.get("file")
        if upload is None:
            raise ValidationError(_("Choose a file."))
        given = Given(content=upload, name=upload.name or "")
        return filling.add_file(actor=request.actor, customer_id=pk, field=field, file=given, at=timezone.now())[0]

    return _done(request, pk, known, put, _("Saved: %(field)s") % {"field": known.named})


@needs(EDIT)
@require_POST
def remove_field_file(request: ActorRequest, pk: int, field: str, file_id: str) -> HttpResponse:
    known = _load(request, pk, field)

    def take() -> Edit:
        return filling.remove_file(actor=request.actor, customer_id=pk, field=field, file_id=file_id, at=timezone.now())

    return _done(request, pk, known, take, _("Removed from %(field)s") % {"field": known.named})


def _asked_each_time(answer: HttpResponseBase, mark: str) -> HttpResponseBase:
    answer.headers["ETag"], answer.headers["Cache-Control"] = mark, "private, no-cache"
    return answer


def _load(request: ActorRequest, pk: int, field: str) -> Known:
    """404 for what is not there or not theirs to see, 403 for what is not theirs to write."""
    load_visible(request, pk)
    try:
        known = selectors.find_field(request.actor, field)
    except selectors.FieldUnknown:
        raise Http404 from None
    fields.require_write(request.actor, known.path)
    return known


def _done(request: ActorRequest, pk: int, known: Known, act: Callable[[], Edit], said: str) -> HttpResponse:
    try:
        made = act()
    except selectors.FieldUnknown:
        raise Http404 from None
    except ValidationError as refusal:
        return _field(request, pk, known, problem=" ".join(refusal.messages))
    except DomainError as refusal:
        return _field(request, pk, known, problem=str(refusal))
    return told(_field(request, pk, known), made.change_id, said)


def _field(request: ActorRequest, pk: int, known: Known, *, problem: str = "") -> HttpResponse:
    files = selectors.list_files(actor=request.actor, customer_id=pk, field=known.name)
    context = {"files": files, "label": known.named, "upload": upload_of(known, pk), "problem": problem}
    return render_page(request, "customers/field_files.html", context, status=422 if problem else 200)
