"""What somebody means to do to many customers, before it is done."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from zhike.bulk.models import Act, Selection, Verb
from zhike.bulk.plans import kept_change, make_plan
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.lists import registry
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State, read_state
from zhike.customers.listing import KEY
from zhike.customers.models import EDIT, Customer, CustomerQuerySet
from zhike.customers.selectors.listing import choose_customers
from zhike.customers.services.bin import DELETE

MOST_PICKED = 5_000
KEPT = timedelta(days=1)


class NobodyChosen(DomainError):
    code = "nobody_chosen"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Choose at least one customer."))


class TooManyPicked(DomainError):
    code = "too_many_picked"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _("At most %(limit)s customers one by one. Filter the list, and choose all that match.")
            % {"limit": f"{MOST_PICKED:,}"}
        )


@transaction.atomic
def choose(
    *, actor: Actor, verb: Verb, at: datetime, query: Mapping[str, str] | None = None, ids: Sequence[int] = ()
) -> Selection:
    """Keep what was chosen: all that the list shows with this query, or the customers with these ids.

    :raises PermissionDenied: the actor may do it to nobody
    :raises NobodyChosen, TooManyPicked: no ids, or more than can be ticked
    :raises zhike.core.lists.grammar.FilterInvalid: the query asks for what does not exist, or is closed to the actor
    """
    require(actor, DELETE if verb is Verb.DELETE else EDIT)
    own_selections(actor).filter(made_at__lt=at - KEPT).delete()
    if query is not None:
        state = read_state(query, of=registry.get(KEY))
        rows_of_query(actor=actor, state=state, at=at)
        text = State(search=state.search, tree=state.tree).query()
        return Selection.objects.create(user_id=actor.user_id, verb=verb, query=text, made_at=at)
    wanted = sorted(set(ids))
    if not wanted:
        raise NobodyChosen
    if len(wanted) > MOST_PICKED:
        raise TooManyPicked
    return Selection.objects.create(user_id=actor.user_id, verb=verb, ids=wanted, made_at=at)


@transaction.atomic
def enter_change(*, actor: Actor, selection_id: int, change: Mapping[str, Any], at: datetime) -> Selection:
    """Say what is to be done.

    :raises Selection.DoesNotExist: there is none, or it is somebody else's
    :raises PermissionDenied, ValidationError: as for `make_plan`
    """
    selection = own_selections(actor).select_for_update().get(pk=selection_id)
    selection.change = kept_change(make_plan(actor=actor, verb=Verb(selection.verb), change=change, at=at))
    selection.save(update_fields=["change"])
    return selection


def own_selections(actor: Actor) -> "QuerySet[Selection]":
    rows = Selection.objects.all()
    return rows.filter(user=None) if actor.user_id is None else rows.filter(user_id=actor.user_id)


def rows_of(
    *, actor: Actor, chosen: Selection | Act, at: datetime, ids: Sequence[int] | None = None
) -> CustomerQuerySet:
    """The customers that are meant, as far as the actor sees them. ids: those ticked one by one."""
    picked = chosen.ids if isinstance(chosen, Selection) else ids
    if picked is not None:
        return Customer.objects.visible_to(actor).filter(pk__in=picked)
    parameters = parameters_of(chosen.query)
    return rows_of_query(actor=actor, state=read_state(parameters, of=registry.get(KEY)), at=at)


def rows_of_query(*, actor: Actor, state: State, at: datetime) -> CustomerQuerySet:
    asking = Asking(actor=actor, now=at, zone=ZoneInfo(actor.zone))
    return choose_customers(actor=actor, asking=asking, state=state)


def parameters_of(query: str) -> dict[str, str]:
    return dict(parse_qsl(query))
