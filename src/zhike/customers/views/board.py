"""The cards of a board, and what moving one changes: the customer, and what its two lanes count and add up."""

from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhike.core.access import require_hold
from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import registry
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.patience import FilterTooDear
from zhike.core.lists.registry import Grouping
from zhike.core.pages import render_page, toast
from zhike.core.paging import Page
from zhike.customers import own_fields, selectors
from zhike.customers.listing import KEY
from zhike.customers.models import Customer
from zhike.customers.selectors.groups import grouping_of, list_lanes, narrowed
from zhike.customers.selectors.record import Record
from zhike.customers.services import people, several, tags
from zhike.customers.views.asking import asking_of, read_list, style_of
from zhike.customers.views.editing import told
from zhike.customers.views.grouping import may_move, part_of
from zhike.customers.views.listing import VIEW, read_number
from zhike.customers.views.record import EDIT, OF_HOLDERS, load

CARD_FACTS = 3
CARDS = 25


@needs(VIEW)
@require_GET
def show_cards(request: ActorRequest) -> HttpResponse:
    """The cards of one lane of the board, or the next of them."""
    asking = asking_of(request)
    try:
        state = read_list(request.GET.dict())
        grouping = grouping_of(state, asking=asking)
        value = request.GET.get("lane", "")
        one = narrowed(state, grouping, value) if grouping else None
        if grouping is None or one is None:
            raise Http404
        page = selectors.list_customers(
            actor=request.actor,
            asking=asking,
            state=one,
            page=Page(after=request.GET.get("after", ""), size=CARDS),
            style=style_of(asking),
        )
    except FilterInvalid as refusal:
        return render_page(request, "customers/groups_refused.html", {"refusal": refusal})
    shown = [place for place, column in enumerate(page.columns) if place and column.key != grouping.key][:CARD_FACTS]
    cards = [
        (row.pk, row.cells[0], [(page.columns[place].label, row.cells[place]) for place in shown]) for row in page.rows
    ]
    more = state.query(lane=value, after=page.next_cursor)
    context = {
        "cards": cards,
        "move_to": grouping.edit if may_move(request, grouping) else "",
        "more_url": f"{reverse('show_cards')}?{more}" if page.next_cursor else "",
    }
    return render_page(request, "customers/cards.html", context)


@needs(EDIT)
@require_POST
def move_card(request: ActorRequest, pk: int, field: str) -> HttpResponse:
    """Put a customer into another lane: an edit like any other, refused where it stands elsewhere by now.

    The answer has the heads of both lanes as they are then, of the board whose query is sent along as `list`.
    """
    found = load(request, pk)
    spec = registry.get(KEY)
    grouping = next((one for one in spec.groupings_for(request.actor).values() if one.edit == field), None)
    if grouping is None or not may_move(request, grouping):
        raise Http404
    if field in OF_HOLDERS:
        require_hold(request.actor, EDIT, record=found.customer)
    left, entered = request.POST.get("from", ""), request.POST.get("value", "")
    stands = Customer.objects.visible_to(request.actor).filter(pk=pk).values_list(_lane_of(grouping), flat=True)
    if left not in ["" if stood is None else str(stood) for stood in stands]:
        message = _("%(name)s stands elsewhere by now; load the board again.") % {"name": found.customer.name}
        return toast(HttpResponse(status=409), message)
    try:
        change_id = _exchange(request, found, grouping, left, entered, at=timezone.now())
    except ValidationError as refusal:
        return toast(HttpResponse(status=409), " ".join(refusal.messages))
    except DomainError as refusal:
        return toast(HttpResponse(status=409), str(refusal))
    response = _heads(request, grouping, [left, entered])
    return told(response, change_id, _("Saved: %(field)s") % {"field": str(spec.fields[grouping.key].label)})


def _exchange(
    request: ActorRequest, found: Record, grouping: Grouping, left: str, entered: str, *, at: datetime
) -> int | None:
    actor, pk = request.actor, found.customer.pk
    own = own_fields.known_of(grouping.edit)
    if grouping.is_many and own is not None:
        return several.exchange_choice(actor=actor, customer_id=pk, field=own, taken=left, given=entered, at=at)
    if grouping.is_many:
        taken, given = int(left) if left else None, read_number(entered) if entered else None
        return tags.exchange_tag(actor=actor, customer_id=pk, taken=taken, given=given, at=at)
    field = grouping.edit
    was = {field: people.written(found.customer, field)}
    return people.edit_customer(actor=actor, customer_id=pk, changes={field: entered}, was=was, at=at).change_id


def _heads(request: ActorRequest, grouping: Grouping, values: list[str]) -> HttpResponse:
    """What the lanes count and add up to now; nothing where that takes too long, or nobody looks at a board."""
    asking, groups = asking_of(request), None
    parameters: dict[str, Any] = dict(parse_qsl(request.POST.get("list", ""), keep_blank_values=True))
    with suppress(FilterInvalid, FilterTooDear):
        state = read_list(parameters)
        if state.shape == "board" and grouping_of(state, asking=asking) == grouping:
            groups = list_lanes(asking=asking, state=state, grouping=grouping, values=values)
    if groups is None:
        return HttpResponse(status=204)
    style = style_of(asking)
    parts = [part_of(stand, groups, state, style) for stand in groups.stands]
    return render_page(request, "customers/lane_heads.html", {"parts": parts})


def _lane_of(grouping: Grouping) -> Any:
    return F(grouping.of) if isinstance(grouping.of, str) else grouping.of
