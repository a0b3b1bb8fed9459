"""From the rows chosen in the list to what is done to them: enter it, look at what it does, begin."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.bulk import forms, saying, selectors
from zhike.bulk.models import Selection, Verb
from zhike.bulk.services import carrying, choosing
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.pages import go_to, render_page, toast
from zhike.customers.models import VIEW
from zhike.customers.views.asking import asking_of


@needs(VIEW)
@require_POST
def choose_customers(request: ActorRequest) -> HttpResponse:
    """Keep the choice: those ticked, or with `all` whatever the list shows with its query."""
    try:
        verb = Verb(request.POST.get("verb", ""))
    except ValueError:
        raise Http404 from None
    ids = [int(value) for value in request.POST.getlist("id") if value.isdecimal() and len(value) < 19]
    query = choosing.parameters_of(request.POST.get("query", "")) if request.POST.get("all") else None
    try:
        chosen = choosing.choose(actor=request.actor, verb=verb, at=timezone.now(), query=query, ids=ids)
    except (DomainError, FilterInvalid) as refusal:
        return toast(HttpResponse(status=refusal.status), str(refusal))
    return go_to(request, reverse("prepare_act", args=[chosen.pk]))


@needs(VIEW)
@require_http_methods(["GET", "POST"])
def prepare_act(request: ActorRequest, pk: int) -> HttpResponse:
    """GET: what is to be done, with `field` its control; POST: keep it, and look at what it would do."""
    selection = _load(request, pk)
    form = _form(request, selection)
    is_entered = bool(selection.change) and request.method == "GET" and "field" not in request.GET
    if form is not None and form.is_bound and form.is_valid():
        try:
            selection = choosing.enter_change(
                actor=request.actor, selection_id=pk, change=form.change(), at=timezone.now()
            )
        except ValidationError as refusal:
            for name, messages in refusal.message_dict.items():
                form.add_error(name if name in form.fields else "value" if "value" in form.fields else None, messages)
        else:
            return go_to(request, reverse("prepare_act", args=[pk]))
    context: dict[str, Any] = {
        "selection": selection,
        "title": saying.title_of(selection.verb),
        "chosen": saying.say_chosen(selection, asking_of(request)),
        "form": form,
        "is_entered": is_entered or selection.verb == Verb.DELETE,
        "said": saying.say_change(request.actor, selection.change),
    }
    return render_page(
        request,
        "bulk/prepare_act.html",
        context,
        partial="form",
        status=422 if form is not None and form.errors else 200,
    )


@needs(VIEW)
@require_GET
def count_chosen(request: ActorRequest, pk: int) -> HttpResponse:
    """How many that are: asked for by the page itself, so that nobody waits for it."""
    try:
        count = selectors.count_chosen(actor=request.actor, selection=_load(request, pk), at=timezone.now())
    except FilterInvalid:
        return HttpResponse(status=400)
    return render_page(request, "customers/count.html", {"count": count})


@needs(VIEW)
@require_GET
def preview_act(request: ActorRequest, pk: int) -> HttpResponse:
    """How many of them change, how many do not and why, and what a few would look like."""
    selection = _load(request, pk)
    context: dict[str, Any] = {"selection": selection}
    try:
        context["preview"] = selectors.preview_act(actor=request.actor, selection=selection, at=timezone.now())
    except (FilterInvalid, ValidationError, DomainError) as refusal:
        context["refusal"] = " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
    return render_page(request, "bulk/preview.html", context)


@needs(VIEW)
@require_POST
def start_act(request: ActorRequest, pk: int) -> HttpResponse:
    _load(request, pk)
    try:
        act = carrying.start_act(actor=request.actor, selection_id=pk, at=timezone.now())
    except (DomainError, ValidationError) as refusal:
        said = " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
        return go_to(request, reverse("prepare_act", args=[pk]), message=said)
    return go_to(request, reverse("show_act", args=[act.pk]))


def _form(request: ActorRequest, selection: Selection) -> Any:
    data, entered = request.POST if request.method == "POST" else None, selection.change.get("fields") or {}
    match Verb(selection.verb):
        case Verb.EDIT:
            chosen = (data or request.GET).get("field", next(iter(entered), ""))
            return forms.EditField(data, actor=request.actor, chosen=chosen, value=entered.get(chosen))
        case Verb.ASSIGN:
            return forms.Assign(data, actor=request.actor, entered=entered)
        case Verb.TAG:
            return forms.Tagging(data, change=selection.change)
    return None


def _load(request: ActorRequest, pk: int) -> Selection:
    try:
        return selectors.get_selection(actor=request.actor, selection_id=pk)
    except Selection.DoesNotExist:
        raise Http404 from None
