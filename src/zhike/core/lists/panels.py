"""Panels of a record page: each loads itself by its own address, so that a page shows what upper apps know."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise

from zhike.core.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A region of a record page. url_name: reversed with the record's id; permission: asked of the actor.

    page: which page, for example "customer". order: ascending from the top, where people have not arranged it.
    is_printed: whether it belongs on paper as well.
    """

    page: str
    key: str
    label: str | Promise
    url_name: str
    permission: str
    order: int
    is_printed: bool = False


@dataclass(frozen=True, kw_only=True)
class PanelPlace:
    """A panel for one record and one person. is_hidden: they have left it out, so it is not even asked for."""

    key: str
    label: str
    url: str
    is_hidden: bool = False
    is_printed: bool = False


_panels: dict[tuple[str, str], Panel] = {}


def register(panel: Panel) -> None:
    """Add a panel; called in an app's `ready`."""
    _panels[panel.page, panel.key] = panel


def list_keys(page: str) -> list[str]:
    """All panels of a page, from the top."""
    shown = [item for item in _panels.values() if item.page == page]
    return [item.key for item in sorted(shown, key=lambda item: item.order)]


def list_panels(
    *, page: str, record_id: int, actor: Actor, order: Sequence[str] = (), hidden: Collection[str] = ()
) -> list[PanelPlace]:
    """What the actor may see beside this record, from the top. order: as arranged; what is not in it yet, for example
    the panel of a new app, keeps its place relative to the one that it stands behind by itself.
    """
    keys = arranged(list_keys(page), order)
    return [
        PanelPlace(
            key=key,
            label=str(_panels[page, key].label),
            url=reverse(_panels[page, key].url_name, args=[record_id]),
            is_hidden=key in hidden,
            is_printed=_panels[page, key].is_printed,
        )
        for key in keys
        if actor.may(_panels[page, key].permission)
    ]


def arranged(keys: Sequence[str], order: Sequence[str]) -> list[str]:
    """All keys once: those that somebody put in order, and each other one behind its neighbour."""
    found = [key for key in dict.fromkeys(order) if key in keys]
    for place, key in enumerate(keys):
        if key not in found:
            before = next((one for one in reversed(keys[:place]) if one in found), None)
            found.insert(found.index(before) + 1 if before else 0, key)
    return found
