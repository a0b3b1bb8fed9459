"""Who asks for which list, and how they read figures."""

from collections.abc import Mapping
from dataclasses import replace

from django.conf import settings
from django.utils import timezone, translation

from zhike.core.http import ActorRequest
from zhike.core.lists import registry
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State, read_state
from zhike.customers.cells import Style
from zhike.customers.listing import KEY

FIRST = "name"  # a row without it would say of nobody what it says


def asking_of(request: ActorRequest) -> Asking:
    return Asking(actor=request.actor, now=timezone.now(), zone=timezone.get_current_timezone())


def read_list(parameters: Mapping[str, str]) -> State:
    """The state that an address of the list spells, with the name as the first of its columns.

    :raises zhike.core.lists.grammar.FilterInvalid: as for `read_state`
    """
    state = read_state(parameters, of=registry.get(KEY))
    return replace(state, columns=tuple(dict.fromkeys([FIRST, *state.columns]))) if state.columns else state


def style_of(asking: Asking) -> Style:
    return Style(
        language=translation.get_language() or "zh-hans",
        zone=asking.zone,
        now=asking.now,
        currency=settings.COMPANY_CURRENCY,
    )
