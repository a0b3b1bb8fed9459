"""The pages of exports: what left and lies ready, one of them, and asking for another."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.core.access import require
from zhike.core.errors import DomainError
from zhike.core.forms import accepted
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import go_to, render_page
from zhike.core.paging import Page
from zhike.exports import forms, registry, selectors
from zhike.exports.handing_out import hand_out
from zhike.exports.models import Export
from zhike.exports.permissions import VIEW
from zhike.exports.services import keeping, starting
from zhike.ui.parts import Tab


@require_GET
def exports(request: ActorRequest) -> HttpResponse:
    if not selectors.may_see_any(request.actor):
        raise PermissionDenied(VIEW)
    traced = request.GET.get("q", "").strip()[:2_000]
    page = Page(after=request.GET.get("after", ""))
    found = selectors.list_exports(actor=request.actor, page=page, traced=traced)
    query = request.GET.copy()
    query["after"] = found.next_cursor
    context = {
        "rows": found.items,
        "more_url": f"{reverse('exports')}?{query.urlencode()}" if found.next_cursor else "",
        "traced": traced,
        "days": settings.EXPORTS_KEPT.days,
        "tabs": tabs("exports"),
        "offers": [(str(one.label), one.url) for one in registry.list_exportables(request.actor)],
    }
    return render_page(request, "exports/exports.html", context, partial="rows" if page.after else None)


@require_http_methods(["GET", "POST"])
def new_export(request: ActorRequest, kind: str) -> HttpResponse:
    """list: the address of the list, its filter, order and columns."""
    exportable = registry.find(kind)
    if exportable is None:
        raise Http404
    require(request.actor, exportable.permission)
    initial = initial_of(request)
    form = forms.NewExport(request.POST or None, initial=initial)
    wanted = wanted_of(request, kind)
    now = timezone.now()
    try:
        settled = starting.settle(actor=request.actor, wanted=wanted)
        sentence = starting.sentence_of(actor=request.actor, settled=settled, at=now)
    except DomainError as refusal:
        context: dict[str, Any] = {"refusal": str(refusal), "url": exportable.url, "what": exportable.label}
        return render_page(request, "exports/refused.html", context, status=refusal.status)
    made: list[Export] = []
    if accepted(form, lambda: made.append(starting.start_export(actor=request.actor, wanted=wanted, at=now))):
        return go_to(request, reverse("show_export", args=[made[0].pk]))
    context = {
        "form": form,
        "what": str(exportable.label),
        "sentence": sentence,
        "columns": [str(column.label) for column in settled.columns],
        "sensitive": settled.sensitive,
        "list_url": f"{exportable.url}?{wanted.query}" if wanted.query else exportable.url,
        "schedule_url": f"{reverse('create_schedule', args=[kind])}?{request.GET.urlencode()}",
        "days": settings.EXPORTS_KEPT.days,
    }
    return render_page(request, "exports/new.html", context, status=422 if form.is_bound else 200)


def initial_of(request: ActorRequest) -> dict[str, str]:
    return {"format": request.GET.get("format", Export.Format.XLSX)}


def wanted_of(request: ActorRequest, kind: str) -> starting.Wanted:
    """What the form and the address around it ask for, as far as it makes sense."""
    told = request.POST.dict() if request.method == "POST" else initial_of(request)
    format_ = told.get("format", "")
    return starting.Wanted(
        kind=kind,
        format=format_ if format_ in Export.Format.values else Export.Format.XLSX,
        query=request.GET.get("list", ""),
        is_everything=told.get("scope") == "all",
        is_marked=request.method != "POST" or "is_marked" in told,
        reason=told.get("reason", ""),
    )


@require_GET
def show_export(request: ActorRequest, pk: int) -> HttpResponse:
    """How far it has come, asking again by itself until it is done; then the file, and with whom it is shared."""
    export = _load(request, pk)
    outline = selectors.Outline.of(export, actor=request.actor)
    if not outline.is_open and wants_fragment(request):
        return go_to(request, reverse("show_export", args=[pk]))
    return _page(request, export)


@require_GET
def download_export(request: ActorRequest, pk: int) -> HttpResponseBase:
    try:
        return hand_out(keeping.take_file(actor=request.actor, export_id=pk))
    except Export.DoesNotExist as missing:
        raise Http404 from missing
    except DomainError as refusal:
        return _page(request, _load(request, pk), refusal=str(refusal), status=refusal.status)


@require_POST
def cancel_export(request: ActorRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    return _decided(
        request, pk, lambda: keeping.cancel_export(actor=request.actor, export_id=pk, at=now), said=_("Being stopped.")
    )


@require_POST
def remove_export(request: ActorRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    return _decided(
        request,
        pk,
        lambda: keeping.remove_export(actor=request.actor, export_id=pk, at=now),
        said=_("The file is gone."),
    )


@require_POST
def share_export(request: ActorRequest, pk: int) -> HttpResponse:
    export = _load(request, pk)
    form = forms.Share(request.POST, colleagues=selectors.list_colleagues(request.actor))

    def decide() -> None:
        colleague = selectors.find_actor(int(form.cleaned_data["colleague"]))
        if colleague is None:
            raise keeping.ShareRefused(_("This colleague cannot log in."))
        keeping.share_export(actor=request.actor, export_id=pk, colleague=colleague, at=timezone.now())

    if accepted(form, decide):
        return go_to(request, reverse("show_export", args=[pk]), message=_("Shared."))
    return _page(request, export, form=form, status=422)


@require_POST
def unshare_export(request: ActorRequest, pk: int, user: int) -> HttpResponse:
    return _decided(
        request,
        pk,
        lambda: keeping.unshare_export(actor=request.actor, export_id=pk, user_id=user),
        said=_("No longer shared."),
    )


def tabs(current: str) -> list[Tab]:
    """The two halves of the page."""
    return [
        Tab(label=_("Files"), url=reverse("exports"), is_current=current == "exports"),
        Tab(label=_("Scheduled"), url=reverse("export_schedules"), is_current=current == "export_schedules"),
    ]


def _load(request: ActorRequest, pk: int) -> Export:
    try:
        return selectors.get_export(actor=request.actor, export_id=pk)
    except Export.DoesNotExist as missing:
        raise Http404 from missing


def _decided(request: ActorRequest, pk: int, decide: Callable[[], object], *, said: str) -> HttpResponse:
    _load(request, pk)
    try:
        decide()
    except DomainError as refusal:
        return go_to(request, reverse("show_export", args=[pk]), message=str(refusal))
    return go_to(request, reverse("show_export", args=[pk]), message=said)


def _page(
    request: ActorRequest, export: Export, *, form: forms.Share | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    outline = selectors.Outline.of(export, actor=request.actor)
    exportable = registry.find(export.kind)
    may_share = outline.is_mine and outline.may_take
    context = {
        "outline": outline,
        "export": export,
        "refusal": refusal,
        "columns": selectors.list_labels(export),
        "list_url": f"{exportable.url}?{export.query}" if exportable and outline.is_mine else "",
        "shared_with": selectors.list_people(export.shared_with) if outline.is_mine else [],
        "form": (form or forms.Share(colleagues=selectors.list_colleagues(request.actor))) if may_share else None,
    }
    return render_page(request, "exports/export.html", context, partial="progress", status=status)
