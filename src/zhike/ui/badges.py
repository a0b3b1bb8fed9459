"""Grade, stage and other states as icon, text and tone together, so that colour never speaks alone."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

Tone = Literal["plain", "info", "good", "warn", "bad", "rich"]


@dataclass(frozen=True)
class Badge:
    label: str | Promise
    icon: str
    tone: Tone


GRADES = {
    "top": Badge(_("Key"), icon="diamond", tone="rich"),
    "high": Badge(_("Major"), icon="star", tone="info"),
    "normal": Badge(_("Regular"), icon="user", tone="plain"),
    "small": Badge(_("Small"), icon="point", tone="plain"),
}
STAGES = {
    "prospect": Badge(_("Not yet bought"), icon="eye", tone="plain"),
    "new": Badge(_("New"), icon="user-plus", tone="info"),
    "growth": Badge(_("Growing"), icon="trending-up", tone="good"),
    "mature": Badge(_("Mature"), icon="circle-check", tone="good"),
    "decline": Badge(_("Declining"), icon="trending-down", tone="warn"),
    "lost": Badge(_("Lost"), icon="door-exit", tone="bad"),
}


@lru_cache(maxsize=512)
def render(label: str, icon_address: str, icon: str, tone: str) -> SafeString:
    return format_html(
        '<span class="zk-badge" data-tone="{}"><svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>{}</span>',
        tone,
        icon_address,
        icon,
        label,
    )
