"""What one can do with the rows chosen in a list; apps above the list's own add theirs."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise

from zhike.core.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Action:
    """A button beside the chosen rows that leads to a page with their ids ("id", several times).

    list: which list, for example "customers". icon: written as `icon="..."`. permission: asked of the actor.
    takes_all: also does it to all that the list shows, whom no ids name: the choice is posted, as ids or as the list's
    query, with the key as "verb".
    """

    list: str
    key: str
    label: str | Promise
    icon: str
    url_name: str
    permission: str
    order: int
    takes_all: bool = False


@dataclass(frozen=True, kw_only=True)
class ActionPlace:
    """An action for one person."""

    key: str
    url: str
    label: str
    icon: str
    takes_all: bool


_actions: dict[tuple[str, str], Action] = {}


def register(action: Action) -> None:
    """Called in an app's `ready`."""
    _actions[action.list, action.key] = action


def list_actions(*, name: str, actor: Actor) -> list[ActionPlace]:
    """What the actor may do with rows of the list."""
    shown = sorted((one for one in _actions.values() if one.list == name), key=lambda one: one.order)
    return [
        ActionPlace(
            key=one.key, url=reverse(one.url_name), label=str(one.label), icon=one.icon, takes_all=one.takes_all
        )
        for one in shown
        if actor.may(one.permission)
    ]
