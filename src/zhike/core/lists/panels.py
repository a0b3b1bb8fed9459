"""Panels of a record page: each loads itself by its own address, so that a page shows what upper apps know."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise

from zhike.core.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A region of a record page. url_name: reversed with the record's id; permission: asked of the actor.

    page: which page, for example "customer". order: ascending from the top.
    """

    page: str
    key: str
    label: str | Promise
    url_name: str
    permission: str
    order: int


@dataclass(frozen=True, kw_only=True)
class PanelPlace:
    """A panel for one record and one person."""

    key: str
    label: str
    url: str


_panels: dict[tuple[str, str], Panel] = {}


def register(panel: Panel) -> None:
    """Add a panel; called in an app's `ready`."""
    _panels[panel.page, panel.key] = panel


def list_panels(*, page: str, record_id: int, actor: Actor) -> list[PanelPlace]:
    """What the actor may see beside this record, from the top."""
    shown = sorted((item for item in _panels.values() if item.page == page), key=lambda item: item.order)
    return [
        PanelPlace(key=item.key, label=str(item.label), url=reverse(item.url_name, args=[record_id]))
        for item in shown
        if actor.may(item.permission)
    ]
