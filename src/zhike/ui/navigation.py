"""The shell's places: apps add themselves when they are ready; people see what they may use."""

from dataclasses import dataclass
from typing import Literal

from django.urls import reverse
from django.utils.functional import Promise

from zhike.core.actor import Actor

Section = Literal["rail", "create", "person"]
Route = Literal["home", "finder", "customers", "mentions", "mentions_count", "preferences", "log_out"]


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """One link of the shell.

    url_name: what `reverse` knows. icon: a Tabler icon's name, written as `icon="..."` so that the build finds it.
    order: ascending; 900 and above stand at the rail's end. permission: asked of the actor; empty for everybody.
    key: keyboard shortcut, for example "g c". section: the rail, the create menu, or the person menu. words: what else
    people call it, for the search box.
    """

    url_name: str
    label: str | Promise
    icon: str
    order: int
    permission: str = ""
    key: str = ""
    section: Section = "rail"
    words: tuple[str | Promise, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Link:
    """An item as one person sees it on one page."""

    url: str
    label: str
    icon: str
    key: str
    is_current: bool
    is_last: bool


_items: dict[tuple[str, str], NavItem] = {}
_routes: dict[str, tuple[str, str]] = {}


def register(item: NavItem) -> None:
    """Add a link; called in an app's `ready`."""
    _items[item.section, item.url_name] = item


def use_route(route: Route, url_name: str, *, permission: str = "") -> None:
    """Tell the shell where one of its own controls leads. permission: asked of the actor; empty for everybody.

    finder: POST with `q` for what is found, GET for the same as a page. customers: the list of all. mentions: what
    colleagues call the person to; mentions_count: how much of it is new, for the bell. preferences: POST with `theme`
    or `locale`, and `next`; open to guests (language only). log_out: POST.
    """
    _routes[route] = url_name, permission


def route(name: Route, actor: Actor | None = None) -> str:
    """The address of a control, empty where no app has taken it on, or where it is not for the actor."""
    url_name, permission = _routes.get(name, ("", ""))
    is_open = not permission or (actor is not None and actor.may(permission))
    return reverse(url_name) if url_name and is_open else ""


def list_items() -> list[NavItem]:
    """Every link of every section, whoever may see it."""
    return sorted(_items.values(), key=lambda item: item.order)


def list_links(*, section: Section, actor: Actor, path: str) -> list[Link]:
    """The links of a section that the actor may see, the one that `path` lies under marked as current."""
    allowed = [
        (item, reverse(item.url_name))
        for item in sorted(_items.values(), key=lambda item: item.order)
        if item.section == section and (not item.permission or actor.may(item.permission))
    ]
    under = [url for _item, url in allowed if path == url or (url != "/" and path.startswith(url))]
    current = max(under, key=len, default="")
    return [
        Link(
            url=url,
            label=str(item.label),
            icon=item.icon,
            key=item.key,
            is_current=url == current,
            is_last=item.order >= 900,
        )
        for item, url in allowed
    ]
