"""The tabs above the settings' pages."""

from collections.abc import Mapping

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.accounts.permissions import USE_API
from zhike.core.actor import Actor
from zhike.ui.parts import Tab

SETTINGS: dict[str, str | Promise] = {
    "users": _("Users"),
    "teams": _("Teams"),
    "roles": _("Roles"),
    "field_access": _("Field access"),
}
MINE = {
    "my_settings": _("Preferences"),
    "my_delegations": _("Standing in"),
    "my_security": _("Security"),
    "my_keys": _("API keys"),
}


def add_settings_tab(url_name: str, label: str | Promise) -> None:
    """Put a page of another app behind ours; once, when that app is ready."""
    SETTINGS[url_name] = label


def settings_tabs(current: str) -> list[Tab]:
    return _tabs(SETTINGS, current)


def my_tabs(current: str, actor: Actor) -> list[Tab]:
    return _tabs({name: label for name, label in MINE.items() if name != "my_keys" or actor.may(USE_API)}, current)


def _tabs(labels: Mapping[str, str | Promise], current: str) -> list[Tab]:
    return [Tab(label=label, url=reverse(name), is_current=name == current) for name, label in labels.items()]
