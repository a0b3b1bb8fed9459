"""Groups of customers: the address of a list, its filter in words, and those to choose from."""

from urllib.parse import parse_qsl

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhike.accounts.models import SavedView
from zhike.core.actor import Actor
from zhike.core.lists import registry
from zhike.core.lists.conditions import describe
from zhike.core.lists.grammar import FilterInvalid, Group
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import read_state
from zhike.core.text import joining
from zhike.customers.listing import KEY
from zhike.persona import features


def read_group(query: str) -> Group:
    """The filter of a list's address.

    :raises FilterInvalid: it makes no sense, or searches by words
    """
    state = read_state(dict(parse_qsl(query, keep_blank_values=True)), of=registry.get(KEY))
    if state.search:
        raise FilterInvalid(gettext_lazy("A group is made by a filter, not by words that are searched for."))
    return state.tree


def say_group(tree: Group, asking: Asking) -> str:
    clauses = describe(tree, of=registry.get(KEY), asking=asking)
    return joining.clauses(clause.sentence for clause in clauses) or _("All customers")


def list_groups(*, actor: Actor) -> list[tuple[str, str]]:
    """Groups to choose from, as (list's address, name): one's saved views, and what every company has."""
    known = registry.get(KEY).fields_for(actor)
    found = []
    for view in SavedView.objects.filter(user_id=actor.user_id or 0, page=KEY).order_by("position", "pk"):
        found.append((view.query, view.name))
    for key in ("grade", "stage", "tag"):
        if key in known:
            choices = list(known[key].choices(actor))[:50]
            found += [(f"f={key}:is:{value}", features.name_value(known[key], label)) for value, label in choices]
    return found
