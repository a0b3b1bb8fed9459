"""Files of a company's own fields: uploaded on the customer's page, shown by the browser, taken out with a way back."""

from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils import timezone
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
from zhike.customers.views.thumbnails import SHUT, answer_small, asked_each_time
from zhike.exchange import uploads
from zhike.metadata.kinds import Known


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
            return asked_each_time(HttpResponseNotModified(), mark)
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
    return asked_each_time(answer, mark)


@needs(VIEW)
@require_GET
@csp_override(SHUT)
def show_small_field_file(request: ActorRequest, pk: int, field: str, file_id: str) -> HttpResponseBase:
    """The thumbnail of a picture, to who reads the field."""
    try:
        found = selectors.get_file(actor=request.actor, customer_id=pk, field=field, file_id=file_id)
    except ObjectDoesNotExist:
        raise Http404 from None
    return answer_small(request, found.path, found.form)


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
