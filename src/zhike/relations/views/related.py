"""Who belongs to a customer: beside its page, and on a page of its own with the picture."""

from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.audit.models import Entry
from zhike.core import fields, masking
from zhike.core.actor import Sight
from zhike.core.errors import DomainError
from zhike.core.finder import Asked
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.customers import findable
from zhike.customers.models import EDIT, VIEW, Customer
from zhike.customers.selectors.record import may_edit
from zhike.customers.services.printing import note_others
from zhike.customers.views.record import load_visible
from zhike.relations.forms import Details, NewRelation
from zhike.relations.guarded import RELATION
from zhike.relations.models import Relation
from zhike.relations.selectors import graph, related
from zhike.relations.selectors.related import Related
from zhike.relations.services import relating, restoring

OF_PANEL, OF_PAGE = 8, 24
GONE = (Relation.DoesNotExist, Customer.DoesNotExist, Entry.DoesNotExist)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The same picture for a wide page and for a phone; the style sheet shows one of them."""

    wide: graph.Picture
    narrow: graph.Picture


@needs(VIEW)
@require_GET
def show_relations_panel(request: ActorRequest, pk: int) -> HttpResponse:
    load_visible(request, pk)
    found = related.list_related(actor=request.actor, customer_id=pk)
    shown = found[:OF_PANEL]
    context = {
        "customer_id": pk,
        "related": _on_paper(request, shown) if "paper" in request.GET else shown,
        "more": max(0, len(found) - OF_PANEL),
        "may_add": _may_add(request, pk),
        "is_open": fields.reads(request.actor, [RELATION]),
    }
    return render_page(request, "relations/panel.html", context)


@needs(VIEW)
@require_http_methods(["GET", "POST"])
def show_relations(request: ActorRequest, pk: int) -> HttpResponse:
    """The picture, the list, and a form for another one."""
    load_visible(request, pk)
    aspect = request.GET.get("only", "")
    found = graph.read_graph(actor=request.actor, customer_id=pk, aspect=aspect)
    form = None
    if request.method == "POST" or _may_add(request, pk):
        form = NewRelation(request.POST or None, kind=found.middle.who.kind)
        made: list[int] = []
        if accepted(form, lambda: made.append(relating.last_entry(_add(request, pk, form))), is_beside=True):
            # The form stands at a place of its own, where a browser would end again; the new relation is in the list.
            return _go_back(request, pk, _("Relation added"), made[0], place="#zk-related-title")
    every = related.list_related(actor=request.actor, customer_id=pk)
    rows = [one for one in every if not aspect or one.aspect == aspect]
    context = {
        "who": found.middle.who,
        "related": rows if "every" in request.GET else rows[:OF_PAGE],
        "more": 0 if "every" in request.GET else max(0, len(rows) - OF_PAGE),
        "pictures": Pictures(wide=graph.draw(found, graph.WIDE), narrow=graph.draw(found, graph.NARROW)),
        "graph": found,
        "only": aspect,
        "form": form,
        "is_adding": "add" in request.GET,
        "is_open": fields.reads(request.actor, [RELATION]),
    }
    status = 422 if form is not None and form.is_bound else 200
    return render_page(request, "relations/show_relations.html", context, status=status)


@needs(EDIT)
@require_http_methods(["GET", "POST"])
def edit_relation(request: ActorRequest, pk: int, relation: int) -> HttpResponse:
    load_visible(request, pk)
    try:
        shown = related.get_related(actor=request.actor, customer_id=pk, relation_id=relation)
        row = Relation.objects.visible_to(request.actor).get(pk=relation)
    except Relation.DoesNotExist:
        raise Http404 from None
    if not shown.may_change:
        raise PermissionDenied(EDIT)
    form = Details(request.POST or None, initial={name: getattr(row, name) for name in relating.DETAILS})
    entries: list[int | None] = []

    def edit() -> None:
        details = form.cleaned_data
        entries.append(relating.edit_relation(actor=request.actor, relation_id=relation, details=details, at=now()))

    if accepted(form, edit, is_beside=True):
        [entry] = entries
        return _go_back(request, pk, _("Relation changed") if entry else _("Nothing was changed"), entry)
    context = {"customer_id": pk, "one": shown, "form": form}
    status = 422 if form.is_bound else 200
    return render_page(request, "relations/edit_relation.html", context, status=status)


@needs(EDIT)
@require_POST
def remove_relation(request: ActorRequest, pk: int, relation: int) -> HttpResponse:
    load_visible(request, pk)
    try:
        related.get_related(actor=request.actor, customer_id=pk, relation_id=relation)
        row = relating.remove_relation(actor=request.actor, relation_id=relation)
    except GONE:
        raise Http404 from None
    return _go_back(request, pk, _("Relation removed"), relating.last_entry(row))


@needs(EDIT)
@require_POST
def undo_relation(request: ActorRequest, pk: int, entry: int) -> HttpResponse:
    """Take back what was just done."""
    load_visible(request, pk)
    try:
        restoring.undo_entry(actor=request.actor, entry_id=entry, at=now())
    except GONE:
        raise Http404 from None
    except (DomainError, ValidationError) as refusal:
        said = " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
        return go_to(request, reverse("show_relations", args=[pk]), message=said)
    return go_to(request, reverse("show_relations", args=[pk]), message=_("Taken back"))


@needs(EDIT)
@require_POST
def seek_related(request: ActorRequest, pk: int) -> HttpResponse:
    """Customers by what is typed, to choose one of."""
    load_visible(request, pk)
    if not _may_add(request, pk):
        raise PermissionDenied(EDIT)
    typed = request.POST.get("sought", "").replace("\0", "").strip()[:100]
    found = findable.find(Asked(actor=request.actor, typed=typed)) if typed else []
    shown = [one for one in found if one.record_id not in (None, pk)][:6]
    return render_page(request, "relations/found.html", {"found": shown, "typed": typed})


def _on_paper(request: ActorRequest, rows: list[Related]) -> list[Related]:
    """Those whom the reader may not export stand on a sheet under a masked name; of the others it is recorded."""
    taken = note_others(actor=request.actor, customer_ids=[one.other.pk for one in rows if not one.other.is_masked])
    return [
        one if one.other.pk in taken else replace(one, other=replace(one.other, name=masking.name(one.other.name)))
        for one in rows
    ]


def _may_add(request: ActorRequest, pk: int) -> bool:
    return fields.sight(request.actor, RELATION) is Sight.WRITE and may_edit(actor=request.actor, customer_id=pk)


def _add(request: ActorRequest, pk: int, form: Any) -> Relation:
    data = form.cleaned_data
    try:
        return relating.add_relation(
            actor=request.actor,
            customer_id=pk,
            other_id=data["other"],
            aspect=data["aspect"],
            details={name: data[name] for name in relating.DETAILS},
            at=now(),
        )
    except Customer.DoesNotExist:
        raise relating.RelationUnfit(_("There is no such customer, as far as you may see.")) from None


def _go_back(request: ActorRequest, pk: int, said: str, entry_id: int | None, *, place: str = "") -> HttpResponse:
    undo_url = reverse("undo_relation", args=[pk, entry_id]) if entry_id else ""
    return go_to(request, f"{reverse('show_relations', args=[pk])}{place}", message=said, undo_url=undo_url)
