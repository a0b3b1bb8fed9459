"""Grade, stage and other states as icon, text and tone together, so that colour never speaks alone."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

Tone = Literal["plain", "info", "good", "warn", "bad", "rich"]
TONES: tuple[Tone, ...] = get_args(Tone)


@dataclass(frozen=True)
class Badge:
    label: str | Promise
    icon: str
    tone: Tone


GRADES = {
    "top": Badge(pgettext_lazy("grade", "Key"), icon="diamond", tone="rich"),
    "high": Badge(pgettext_lazy("grade", "Major"), icon="star", tone="info"),
    "normal": Badge(pgettext_lazy("grade", "Regular"), icon="user", tone="plain"),
    "small": Badge(pgettext_lazy("grade", "Small"), icon="point", tone="plain"),
}
STAGES = {
    "prospect": Badge(pgettext_lazy("stage", "Not yet bought"), icon="eye", tone="plain"),
    "new": Badge(pgettext_lazy("stage", "New"), icon="user-plus", tone="info"),
    "growth": Badge(pgettext_lazy("stage", "Growing"), icon="trending-up", tone="good"),
    "mature": Badge(pgettext_lazy("stage", "Mature"), icon="circle-check", tone="good"),
    "decline": Badge(pgettext_lazy("stage", "Declining"), icon="trending-down", tone="warn"),
    "lost": Badge(pgettext_lazy("stage", "Lost"), icon="door-exit", tone="bad"),
}


@lru_cache(maxsize=512)
def render_icon(icon_address: str, icon: str, label: str) -> SafeString:
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, icon_address, icon
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', icon_address, icon)


@lru_cache(maxsize=512)
def render_badge(label: str, icon_address: str, icon: str, tone: str) -> SafeString:
    return format_html(
        '<span class="zk-badge" data-tone="{}"><svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>{}</span>',
        tone,
        icon_address,
        icon,
        label,
    )
