"""Pages and commands as things to be found: by their names in both languages, by reading and by initials."""

from collections.abc import Iterator
from functools import cache

from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.accounts.permissions import MANAGE, USE_API
from zhike.accounts.views import tabs
from zhike.core.actor import Actor
from zhike.core.finder import Asked, Found, Kind, Place, Rank, list_places
from zhike.core.named import rank_names
from zhike.ui.navigation import list_items

SETTINGS = _("Settings")
LANGUAGES = ("zh-hans", "en")


def find(asked: Asked) -> list[Found]:
    name = asked.folded
    if not name:
        return []
    found = []
    for place in _places():
        if place.permission and not asked.actor.may(place.permission):
            continue
        rank = rank_names(name, _names(place))
        if rank is not None:
            found.append(_found(place, rank))
    return found


def list_commands(actor: Actor) -> list[Found]:
    """What one may begin, for the empty box."""
    return [
        _found(place, Rank.WITHIN)
        for place in _places()
        if place.is_command and (not place.permission or actor.may(place.permission))
    ]


def _found(place: Place, rank: Rank) -> Found:
    address = reverse(place.url_name)
    url = f"{address}?{place.query}" if place.query else address
    return Found(title=str(place.label), detail=str(place.within), url=url, rank=rank, icon=place.icon)


@cache
def _places() -> tuple[Place, ...]:
    """Everything that apps have registered, when they all have."""
    known: dict[tuple[str, str], Place] = {}
    for place in _gathered():
        known.setdefault((place.url_name, place.query), place)
    return tuple(known.values())


def _gathered() -> Iterator[Place]:
    yield from list_places()
    for item in list_items():
        yield Place(
            url_name=item.url_name,
            label=item.label,
            icon=item.icon,
            permission=item.permission,
            words=item.words,
            is_command=item.section == "create",
        )
    for name, label in tabs.SETTINGS.items():
        yield Place(url_name=name, label=label, icon="settings", permission=MANAGE, within=SETTINGS)
    for name, label in tabs.MINE.items():
        permission = USE_API if name == "my_keys" else ""
        yield Place(url_name=name, label=label, icon="user-cog", permission=permission, within=_("My settings"))


@cache
def _names(place: Place) -> tuple[str, ...]:
    """What it is called, in every language."""
    labels = (place.label, *place.words)
    return tuple(dict.fromkeys(_in(language, label) for language in LANGUAGES for label in labels))


def _in(language: str, label: str | Promise) -> str:
    with translation.override(language):
        return str(label)


KIND = Kind(key="page", label=_("Pages and commands"), icon="layout-sidebar", order=10, find=find)
