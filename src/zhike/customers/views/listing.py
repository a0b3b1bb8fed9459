"""The list of customers, its count and its saved views."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zhike.accounts.models import SavedView
from zhike.accounts.services import saved_views
from zhike.core.actor import Actor
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import actions, registry
from zhike.core.lists.conditions import Mended, describe, mend
from zhike.core.lists.grammar import EVERYTHING, FilterInvalid
from zhike.core.lists.patience import FilterTooDear
from zhike.core.lists.registry import Column, Grouping
from zhike.core.lists.state import COUNT, State, columns_of, order_of
from zhike.core.pages import go_to, render_page
from zhike.core.paging import Count, Page
from zhike.customers import selectors
from zhike.customers.cells import draw_rows
from zhike.customers.kept_views import ADDRESS, KeptView, know_view, know_views, list_address
from zhike.customers.listing import KEY
from zhike.customers.selectors.groups import grouping_of, label_of, total_of
from zhike.customers.services.bin import DELETE
from zhike.customers.views.asking import asking_of, read_list, style_of
from zhike.exchange.permissions import IMPORT_FILE
from zhike.ui.parts import Chip, Tab
from zhike.ui.templatetags.zhike import built

VIEW = "customers.view_customer"


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column's head. sort_url: the list ordered by it, or the other way round."""

    label: str
    is_numeric: bool
    sort_url: str
    direction: str  # "ascending", "descending" or empty


@needs(VIEW)
@require_GET
def list_customers(request: ActorRequest) -> HttpResponse:
    """The list as its address says; with nothing said, the view with which it opens for this person."""
    if "view" in request.GET:
        return _open_view(request)
    views: list[SavedView] | None = None
    unopened: KeptView | None = None
    if not request.META.get("QUERY_STRING"):
        views = saved_views.list_views(actor=request.actor, page=KEY)
        opening = saved_views.opening_of(views)
        if opening is not None:
            kept = know_view(actor=request.actor, view=opening)
            if kept.told.is_whole and not _mended(request, kept.told.state).refusals:
                return go_to(request, kept.url)
            unopened = kept
    asking = asking_of(request)
    spec = registry.get(KEY)
    try:
        state = read_list(request.GET.dict())
        clauses = describe(state.tree, of=spec, asking=asking)
        arranged = None if "part" in request.GET else grouping_of(state, asking=asking)
        page = selectors.list_customers(
            actor=request.actor,
            asking=asking,
            state=state,
            page=Page(after=request.GET.get("after", ""), size=1 if arranged else Page.size),
            style=style_of(asking),
        )
    except FilterInvalid as refusal:
        return _refused(request, refusal)
    can_choose = request.actor.may(DELETE) or request.actor.may("customers.edit_customer")
    rows = {
        "rows": draw_rows(
            page.columns,
            [(row.pk, row.cells) for row in page.rows],
            edit=f"{ADDRESS}{{pk}}/edit/{{field}}/?cell=1" if request.actor.may("customers.edit_customer") else "",
            act=_delete_button() if request.actor.may(DELETE) else "",
            can_choose=can_choose,
        ),
        "more_url": list_address(state.query(after=page.next_cursor)) if page.next_cursor else "",
        "column_count": len(page.columns) + can_choose,
    }
    if ("after" in request.GET or "part" in request.GET) and request.headers.get("HX-Request"):
        return render_page(request, "customers/list_customers.html", rows, partial="rows")
    chips = [
        Chip(label=clause.sentence, remove_url=list_address(state.with_tree(clause.rest).query())) for clause in clauses
    ]
    if state.search:
        found_by = _("Found by “%(search)s”") % {"search": state.search}
        chips.insert(0, Chip(label=found_by, remove_url=list_address(replace(state, search="").query())))
    context = {
        **_frame(request, state, views),
        **rows,
        "unopened": unopened,
        "heads": heads_of(state, page.columns, request.actor),
        "chips": chips,
        "clear_url": list_address(replace(state, search="", tree=EVERYTHING).query()),
        "groups_url": f"{reverse('show_groups')}?{query_of(state, arranged)}" if arranged else "",
    }
    return render_page(request, "customers/list_customers.html", context)


def query_of(state: State, grouping: Grouping | None) -> str:
    return replace(state, group=grouping.key if grouping else "").query()


def _refused(request: ActorRequest, refusal: FilterInvalid) -> HttpResponse:
    """Why the list cannot be shown, with the way to it without what is in the way; a saved view stays as it is."""
    spec = registry.get(KEY)
    state, refusals = State(), [str(refusal)]
    parameters = request.GET.dict()
    is_ordered = parameters.get("sort", "").removeprefix("-") in spec.sorts_for(request.actor)
    with suppress(FilterInvalid):
        state = read_list(parameters if is_ordered else {**parameters, "sort": ""})
        mended = _mended(request, state)
        refusals = list(mended.refusals) or refusals
        rest = replace(state, tree=mended.tree)
    is_mended = state != State() and (rest != state or not is_ordered)
    context = {
        **_frame(request, state),
        "refusals": refusals,
        "rest_url": list_address(rest.query()) if is_mended else "",
        "clear_url": list_address(""),
    }
    return render_page(request, "customers/list_customers.html", context, status=refusal.status)


def _mended(request: ActorRequest, state: State) -> Mended:
    return mend(state.tree, of=registry.get(KEY), asking=asking_of(request))


def read_number(text: str) -> int:
    """
    :raises Http404: it is no number of anything
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Http404
    return int(text)


def _open_view(request: ActorRequest) -> HttpResponse:
    """A view by its number: where its address would spell what whoever opens it does not read."""
    number = read_number(request.GET["view"])
    view = saved_views.visible_to(request.actor, page=KEY).filter(pk=number).first()
    if view is None:
        raise Http404
    kept = know_view(actor=request.actor, view=view)
    if kept.query is not None:
        return go_to(request, kept.url)
    refusal = _("“%(name)s” asks about something that you do not see.") % {"name": kept.name}
    context = {
        **_frame(request, kept.told.state, current=view),
        "refusals": [refusal],
        "rest_url": list_address(kept.told.state.query()) if kept.told.state.is_filtered else "",
        "clear_url": list_address(""),
    }
    return render_page(request, "customers/list_customers.html", context)


@needs(VIEW)
@require_GET
def count_customers(request: ActorRequest) -> HttpResponse:
    """How many the list holds: asked for by the page itself, so that nobody waits for it."""
    try:
        state = read_list(request.GET.dict())
        count: Count | None = selectors.count_customers(actor=request.actor, asking=asking_of(request), state=state)
    except FilterTooDear:
        count = None
    except FilterInvalid:
        return HttpResponse(status=400)
    return render_page(request, "customers/count.html", {"count": count})


def _frame(
    request: ActorRequest, state: State, views: list[SavedView] | None = None, *, current: SavedView | None = None
) -> dict[str, Any]:
    query = state.query()
    views = saved_views.list_views(actor=request.actor, page=KEY) if views is None else views
    kept = know_views(actor=request.actor, views=views)
    current = current or next((one.view for one in kept if one.query == query), None)
    tabs = [Tab(label=_("All"), url=list_address(""), is_current=not query and current is None)]
    tabs += [Tab(label=one.name, url=one.url, is_current=one.view == current) for one in kept]
    spec = registry.get(KEY)
    shown = [column.key for column in columns_of(state, of=spec, actor=request.actor)]
    offered = spec.columns_for(request.actor)
    # Those that are shown in their order, the others behind them.
    ordered = [*shown, *(key for key in offered if key not in shown)]
    return {
        "state": state,
        "query": query,
        "hidden": state_parts(state),
        "tabs": tabs,
        "current_view": current,
        "can_save": bool(query) and current is None,
        "count_url": f"{reverse('count_customers')}?{query}",
        "filter_url": f"{reverse('edit_filter')}?{query}",
        "can_create": request.actor.may("customers.create_customer"),
        "can_import": request.actor.may(IMPORT_FILE),
        "can_delete": request.actor.may(DELETE),
        "can_choose": request.actor.may(DELETE) or request.actor.may("customers.edit_customer"),
        "actions": actions.list_actions(name=KEY, actor=request.actor),
        "can_export": request.actor.may("customers.export_customer"),
        "columns": [(key, str(offered[key].label), key in shown) for key in ordered if key != "name"],
        "audiences": saved_views.audiences_of(request.actor),
        "own_views": [(one.view.pk, one.name) for one in kept if one.is_own],
        "groupings": [(key, label_of(one)) for key, one in spec.groupings_for(request.actor).items()],
        "summed": getattr(total_of(state, asking=asking_of(request)), "key", COUNT),
        "sums": [(key, str(spec.fields[key].label)) for key in spec.sums_for(request.actor)],
    }


def _delete_button() -> str:
    """At the end of a row's name; {pk} is filled in for each."""
    label = escape(_("Move to the recycle bin"))
    icon = f'<svg class="icon" aria-hidden="true"><use href="{built("icons.svg")}#trash"></use></svg>'
    return (
        f'<button class="zk-row-act" type="button" data-post="{ADDRESS}{{pk}}/delete/" aria-label="{label}"'
        f' title="{label}">{icon}</button>'
    )


def state_parts(state: State) -> list[tuple[str, str]]:
    """The state as hidden fields."""
    return parse_qsl(state.query())


def heads_of(state: State, columns: list[Column], actor: Actor) -> list[Head]:
    sort, is_descending = order_of(state, of=registry.get(KEY), actor=actor)
    return [_head(state, column, sort.key, is_descending) for column in columns]


def _head(state: State, column: Column, sorted_by: str, is_descending: bool) -> Head:
    if not column.sort:
        return Head(label=str(column.label), is_numeric=column.numeric, sort_url="", direction="")
    is_current = column.sort == sorted_by
    descends_next = not is_descending if is_current else registry.get(KEY).sorts[column.sort].first_descending
    return Head(
        label=str(column.label),
        is_numeric=column.numeric,
        sort_url=list_address(replace(state, sort=column.sort, is_descending=descends_next).query()),
        direction=("descending" if is_descending else "ascending") if is_current else "",
    )
