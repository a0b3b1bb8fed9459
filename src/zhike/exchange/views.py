"""The import wizard: choose a file, say what its columns mean, see what would happen, apply, take back."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhike.core.errors import DomainError
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import panels
from zhike.core.pages import render_page
from zhike.core.paging import Page
from zhike.exchange import forms, mappings, selectors, services, uploads, wizard
from zhike.exchange.models import Import
from zhike.exchange.permissions import IMPORT_FILE, VIEW_IMPORT

ACCEPTED = ".csv,.tsv,.txt,.xlsx,.xls,.parquet,.jsonl,.ndjson"


@require_GET
@needs(VIEW_IMPORT)
def imports(request: ActorRequest) -> HttpResponse:
    rows = selectors.list_imports(actor=request.actor, page=Page(after=request.GET.get("after", "")))
    context = {
        "jobs": [wizard.Outline.of(job) for job in rows.items],
        "next_cursor": rows.next_cursor,
        "form": forms.Upload(initial={"kind": request.GET.get("kind", "")}),
        "accepted": ACCEPTED,
        "limit": settings.UPLOAD_MAX_BYTES,
        "may_import": request.actor.may(IMPORT_FILE),
    }
    return render_page(request, "exchange/imports.html", context, partial="rows")


@require_POST
@needs(IMPORT_FILE)
def start_import(request: ActorRequest) -> HttpResponse:
    form = forms.Upload(request.POST, request.FILES)
    try:
        uploads.check_size(request)
        if not form.is_valid():
            return HttpResponse(str(_("Choose a file.")), status=422, content_type="text/plain; charset=utf-8")
        upload = form.cleaned_data["file"]
        job = services.start_import(
            actor=request.actor,
            file=upload,
            name=upload.name,
            kind=form.cleaned_data["kind"],
            is_looked_at=True,
            at=now(),
        )
    except DomainError as refusal:
        return HttpResponse(str(refusal), status=refusal.status, content_type="text/plain; charset=utf-8")
    return redirect("show_import", job.pk)


@require_GET
@needs(VIEW_IMPORT)
def show_import(request: ActorRequest, pk: int) -> HttpResponse:
    return _page(request, _job(request, pk))


@require_POST
@needs(IMPORT_FILE)
def put_mapping(request: ActorRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    form = _columns(request, job, data=request.POST)

    def decide() -> None:
        services.put_mapping(
            actor=request.actor,
            import_id=pk,
            mapping=form.mapping,
            source=form.cleaned_data["source"],
            currency=form.cleaned_data["currency"],
            name=form.cleaned_data["name"],
            at=now(),
        )
        services.request_preview(actor=request.actor, import_id=pk)

    if accepted(form, decide):
        return redirect("show_import", pk)
    return _page(request, job, form=form, status=422)


@require_GET
@needs(VIEW_IMPORT)
def import_progress(request: ActorRequest, pk: int) -> HttpResponse:
    """The bar's successor; once the work is over, the browser is sent to its result."""
    job = _job(request, pk)
    if not wizard.is_running(job):
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render_page(request, "exchange/import.html", _context(job), partial="progress")


@require_POST
@needs(IMPORT_FILE)
def apply_import(request: ActorRequest, pk: int) -> HttpResponse:
    return _decided(request, pk, lambda: services.request_apply(actor=request.actor, import_id=pk))


@require_POST
@needs(IMPORT_FILE)
def cancel_import(request: ActorRequest, pk: int) -> HttpResponse:
    return _decided(request, pk, lambda: services.cancel_import(actor=request.actor, import_id=pk, at=now()))


@require_POST
@needs(IMPORT_FILE)
def undo_import(request: ActorRequest, pk: int) -> HttpResponse:
    return _decided(request, pk, lambda: services.request_undo(actor=request.actor, import_id=pk))


@require_GET
@needs(VIEW_IMPORT)
def download_refused(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The refused rows as they came, each with its reason."""
    job = _job(request, pk)
    try:
        file = selectors.get_refused_file(actor=request.actor, job=job)
    except Import.DoesNotExist as missing:
        raise Http404 from missing
    return FileResponse(
        file.open("rb"),
        as_attachment=True,
        filename=_("refused rows") + f" {job.name}",
        content_type="application/octet-stream",  # whatever the name says
    )


def _job(request: ActorRequest, pk: int) -> Import:
    try:
        return selectors.get_import(actor=request.actor, import_id=pk)
    except Import.DoesNotExist as missing:
        raise Http404 from missing


def _decided(request: ActorRequest, pk: int, decide: Callable[[], object]) -> HttpResponseRedirect:
    job = _job(request, pk)
    try:
        decide()
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("show_import", job.pk)


def _page(request: ActorRequest, job: Import, *, form: forms.Columns | None = None, status: int = 200) -> HttpResponse:
    context = _context(job)
    is_open = selectors.shows_contents(actor=request.actor, job=job)
    context |= {"shows_contents": is_open, "kept": selectors.list_kept(actor=request.actor, job=job)}
    if wizard.is_open(job):
        context["form"] = form or _columns(request, job)
        context["read_like"] = mappings.get_mapping_of(job, before=job.created_at)
    if job.status in {Import.Status.PREVIEWED, Import.Status.APPLIED}:
        context["refused"] = wizard.list_refused(job, is_open=is_open)
    if job.status == Import.Status.APPLIED:
        context["panels"] = panels.list_panels(page=f"import of {job.kind}", record_id=job.pk, actor=request.actor)
    context["may_import"] = request.actor.may(IMPORT_FILE)
    return render_page(request, "exchange/import.html", context, status=status)


def _columns(request: ActorRequest, job: Import, *, data: QueryDict | None = None) -> forms.Columns:
    used = mappings.get_mapping_of(job)
    sources = mappings.list_sources(actor=request.actor, kind=job.kind)
    return forms.Columns(data, actor=request.actor, job=job, name=used.name if used else "", sources=sources)


def _context(job: Import) -> dict[str, object]:
    return {
        "job": job,
        "outline": wizard.Outline.of(job),
        "steps": wizard.wizard_steps(job),
        "is_running": wizard.is_running(job),
        "phase": wizard.phase_label(job),
        "detail": wizard.progress_detail(job),
        "made": wizard.list_made(job),
    }
