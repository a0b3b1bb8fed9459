"""The list as groups with subtotals, as a board or as a chart: loaded by the page itself, so nobody waits for it."""

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from zhike.core import fields
from zhike.core.actor import Sight
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import registry
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.registry import Grouping
from zhike.core.lists.state import State, columns_of
from zhike.core.pages import render_page
from zhike.core.paging import Count
from zhike.customers import own_fields
from zhike.customers.cells import Style
from zhike.customers.guarded import key
from zhike.customers.kept_views import list_address
from zhike.customers.listing import KEY
from zhike.customers.selectors.groups import Groups, Stand, grouping_of, list_groups, narrowed
from zhike.customers.services.bin import DELETE
from zhike.customers.views.asking import asking_of, read_list, style_of
from zhike.customers.views.listing import VIEW, heads_of
from zhike.customers.views.record import EDIT
from zhike.ui import charts, formatting

MOST_BARS = 20
MOST_MONTHS = 24


@dataclass(frozen=True, kw_only=True)
class Part:
    """A group as it is drawn. url: the list of its customers; rows_url: what fills it; total: as text."""

    value: str
    label: str
    count: str
    total: str
    url: str
    rows_url: str

    @property
    def head_id(self) -> str:
        """Of the head of its lane, on one board."""
        return f"zk-lane-{sha256(self.value.encode()).hexdigest()[:16]}"


@needs(VIEW)
@require_GET
def show_groups(request: ActorRequest) -> HttpResponse:
    asking = asking_of(request)
    try:
        state = read_list(request.GET.dict())
        grouping = grouping_of(state, asking=asking)
        if grouping is None:
            raise Http404
        groups = list_groups(asking=asking, state=state, grouping=grouping, with_empty=state.shape == "board")
    except FilterInvalid as refusal:
        return render_page(request, "customers/groups_refused.html", {"refusal": refusal})
    style = style_of(asking)
    context: dict[str, Any] = {"groups": groups, "state": state}
    if state.shape == "chart":
        figure = _figure(groups, state)
        return render_page(request, "customers/chart.html", {"figure": figure, "spec": json.dumps(figure.spec)})
    context["parts"] = [part_of(stand, groups, state, style) for stand in groups.stands]
    others = context["others"] = _others(groups, state, style)
    context["said"] = _said_of_many(groups) if grouping.is_many else ""
    if state.shape == "board":
        context["move_to"] = grouping.edit if may_move(request, grouping) else ""
        return render_page(request, "customers/board.html", context)
    if others is not None:
        context["parts"].append(others)
    columns = columns_of(state, of=registry.get(KEY), actor=request.actor)
    can_choose = request.actor.may(DELETE) or request.actor.may(EDIT)
    context |= {
        "heads": heads_of(state, columns, request.actor),
        "can_choose": can_choose,
        "width": len(columns) + can_choose,
        "total_label": str(registry.get(KEY).fields[groups.total.key].label) if groups.total else "",
    }
    return render_page(request, "customers/groups.html", context)


def part_of(stand: Stand, groups: Groups, state: State, style: Style) -> Part:
    """A group of the list as it is drawn."""
    url = list_address(stand.state.query()) if stand.state else ""
    rows_url = f"{url}&part=rows" if url else ""
    if state.shape == "board" and url:
        lane = replace(state, group=groups.grouping.key).query(lane=stand.value)
        rows_url = f"{reverse('show_cards')}?{lane}"
    return Part(
        value=stand.value,
        label=stand.label or _("Nothing said"),
        count=f"{stand.count.value:,}{'+' if stand.count.is_capped else ''}",
        total=_total(stand.total, groups, style),
        url=url,
        rows_url=rows_url,
    )


def _others(groups: Groups, state: State, style: Style) -> Part | None:
    """Those in none of the groups that are shown, as rows of a table, whatever the shape."""
    if groups.others is None:
        return None
    number = groups.number - len(groups.stands)
    label = ngettext("%(count)s other group", "%(count)s other groups", number) % {"count": f"{number:,}"}
    return replace(part_of(groups.others, groups, replace(state, shape=""), style), label=label)


def _count_in_words(count: Count) -> str:
    number = f"{count.value:,}{'+' if count.is_capped else ''}"
    return ngettext("%(count)s customer", "%(count)s customers", count.value) % {"count": number}


def _said_of_many(groups: Groups) -> str:
    return _("%(customers)s in all; one can be in several groups, so the groups do not add up to that.") % {
        "customers": _count_in_words(groups.whole),
    }


def _total(total: Decimal | None, groups: Groups, style: Style) -> str:
    if total is None or groups.total is None:
        return ""
    is_money = groups.total.unit == "money"
    return style.money(total) if is_money else formatting.number(total, language=style.language)


def _figure(groups: Groups, state: State) -> charts.Figure:
    """Counted, or added up, with each bar leading to its customers; months in their order, also those of nobody."""
    is_monthly = groups.grouping.is_monthly
    stands = _in_months(groups, state) if is_monthly else _largest(groups.stands)
    is_sum = groups.total is not None
    label = str(registry.get(KEY).fields[groups.total.key].label) if groups.total else _("Customers")
    is_money = groups.total is not None and groups.total.unit == "money"
    unit = charts.Unit(kind="money", currency=settings.COMPANY_CURRENCY) if is_money else charts.NUMBER
    data = [
        charts.Datum(
            value=stand.total if is_sum else stand.count.value,
            href=list_address(stand.state.query()) if stand.state else "",
        )
        for stand in stands
    ]
    shown = sum(stand.count.value for stand in stands)
    whole = f"{groups.whole.value:,}{'+' if groups.whole.is_capped else ''}"
    said = _count_in_words(groups.whole)
    if groups.grouping.is_many:
        said = _said_of_many(groups)
        if len(stands) < groups.number:
            names = {"said": said, "bars": len(stands), "groups": f"{groups.number:,}"}
            said = _("%(said)s %(bars)s of %(groups)s groups are shown.") % names
    elif groups.whole.is_capped:
        said = _("%(count)s; groups of 10,000 and more are counted no further") % {"count": said}
    elif shown < groups.whole.value:
        said = _("%(shown)s of %(count)s customers, in %(bars)s of %(groups)s groups") % {
            "shown": f"{shown:,}",
            "count": whole,
            "bars": sum(bool(stand.count.value) for stand in stands),
            "groups": f"{groups.number:,}",
        }
    return charts.bar(
        title=_("%(figure)s by %(field)s") % {"figure": label, "field": groups.label},
        subtitle=said,
        columns=[stand.label or _("Nothing said") for stand in stands],
        column_title=groups.label,
        series=[charts.Series(name=label, data=data)],
        unit=unit,
        sideways=not is_monthly,
    )


def _largest(stands: list[Stand]) -> list[Stand]:
    """As many as there is room for, as they stand."""
    kept = sorted(stands, key=lambda one: (not one.value, -one.count.value))[:MOST_BARS]
    return [one for one in stands if one in kept]


def _in_months(groups: Groups, state: State) -> list[Stand]:
    """The last months, up to the latest that anybody is in."""
    known = {stand.value: stand for stand in groups.stands if stand.value}
    if not known:
        return []
    year, month = map(int, max(known).split("-"))
    latest = 12 * year + month - 1
    earliest = 12 * int(min(known)[:4]) + int(min(known)[5:]) - 1
    names = [f"{at // 12:04}-{at % 12 + 1:02}" for at in range(max(earliest, latest - MOST_MONTHS + 1), latest + 1)]
    nobody = Stand(value="", label="", count=Count(0, False), total=Decimal(0) if groups.total else None, state=None)
    return [
        known.get(name) or replace(nobody, value=name, label=name, state=narrowed(state, groups.grouping, name))
        for name in names
    ]


def may_move(request: ActorRequest, grouping: Grouping) -> bool:
    """Whether moving a card changes the record."""
    if not grouping.edit or not request.actor.may(EDIT):
        return False
    known = own_fields.known_of(grouping.edit) if own_fields.is_own(grouping.edit) else None
    path = known.path if known else key(grouping.edit)
    return fields.sight(request.actor, path) is Sight.WRITE
