"""Small pictures beside figures: a line that says how it went, and a bar that says how much."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
WIDTH, HEIGHT, EDGE = 96, 24, 2


@register.simple_tag
def spark(points: Sequence[float], label: str = "") -> SafeString:
    """A trend line without axes, with a point at its end; nothing for fewer than two values."""
    if len(points) < 2:
        return SafeString("")
    low, high = min(points), max(points)
    span = (high - low) or 1
    step = (WIDTH - 2 * EDGE) / (len(points) - 1)
    places = [
        (EDGE + place * step, HEIGHT - EDGE - (value - low) / span * (HEIGHT - 2 * EDGE))
        for place, value in enumerate(points)
    ]
    if high == low:
        places = [(x, HEIGHT / 2) for x, _y in places]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return format_html(
        '<svg class="zk-spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '<polyline points="{}"/><circle cx="{}" cy="{}" r="2"/></svg>',
        WIDTH, HEIGHT, WIDTH, HEIGHT, label, line, *(f"{place:.1f}" for place in places[-1]),
    )  # fmt: skip


@register.simple_tag
def share_bar(percent: float, tone: str) -> SafeString:
    """A bar from zero; the figure stands beside it, so that nobody depends on it."""
    return format_html(
        '<svg class="zk-share" data-tone="{}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="zk-share-all" width="100" height="4"/><rect width="{}" height="4"/></svg>',
        tone, f"{percent:.1f}",
    )  # fmt: skip
