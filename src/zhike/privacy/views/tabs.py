"""The tabs above the pages about personal information."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.privacy.permissions import HANDLE, VIEW
from zhike.ui.parts import Tab

TABS = (
    ("privacy_desk", _("Requests"), HANDLE),
    ("erasures", _("Erasures"), HANDLE),
    ("processing", _("Purposes and retention"), VIEW),
    ("data_inventory", _("Data inventory"), VIEW),
)


def privacy_tabs(current: str, actor: Actor) -> list[Tab]:
    return [
        Tab(label=label, url=reverse(name), is_current=name == current)
        for name, label, permission in TABS
        if actor.may(permission)
    ]
