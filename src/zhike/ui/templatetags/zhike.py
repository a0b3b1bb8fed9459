"""`{% load zhike %}`: the shell's assets, icons, formats and components."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from zhike.core.text import joining, marking
from zhike.ui import assets, badges, formatting
from zhike.ui.charts import Figure
from zhike.ui.formatting import Number
from zhike.ui.parts import Chip, Step, Tab

register = template.Library()

EMPTY = "—"


def _language() -> str:
    return get_language() or "zh-hans"


@register.simple_tag
def front_end() -> SafeString:
    """The style sheet and the script, nothing where the front end is not built (a system check says so)."""
    try:
        main = assets.entry("src/main.ts")
    except assets.FrontEndNotBuilt:
        return SafeString("<!-- the front end is not built -->")
    styles = [format_html('<link rel="stylesheet" href="{}">', static(style)) for style in main.styles]
    script = format_html('<script type="module" src="{}"></script>', static(main.file))
    return SafeString("".join([*styles, script]))


@register.simple_tag
def built(name: str) -> str:
    """The address of one built file, for example "favicon.svg"; empty where the front end is not built."""
    try:
        return assets.address(name)
    except assets.FrontEndNotBuilt:
        return ""


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Tabler icon; with a label it speaks to screen readers, without one it is silent."""
    return badges.render_icon(built("icons.svg"), name, str(label))


@register.filter
def marked(text: str, typed: str) -> SafeString:
    """The text with what answers the words typed in <mark>: letters, figures, and characters by their reading."""
    parts, at = [], 0
    for start, end in marking.spans(text, typed):
        parts.append(format_html("{}<mark>{}</mark>", text[at:start], text[start:end]))
        at = end
    return SafeString("".join([*parts, escape(text[at:])]))


@register.filter
def things(said: Iterable[str]) -> str:
    """{{ columns|things }}: Name, City; 名称、城市."""
    return joining.things(said)


@register.filter
def clauses(said: Iterable[str]) -> str:
    """{{ sentences|clauses }}: as `things`, for what holds commas itself."""
    return joining.clauses(said)


@register.filter
def money(amount: Number | str | None, currency: str) -> str:
    """{{ order.total_amount|money:order.currency }}; one that is masked comes as text."""
    if isinstance(amount, str):
        return amount
    return EMPTY if amount is None else formatting.money(amount, currency=currency, language=_language())


@register.filter
def compact_money(amount: Number | None, currency: str) -> str:
    """¥1.23 万 with the exact amount on hover."""
    if amount is None:
        return EMPTY
    exact = formatting.money(amount, currency=currency, language=_language())
    short = formatting.compact_money(amount, currency=currency, language=_language())
    return _with_exact(short, exact)


@register.filter
def number(value: Number | None, digits: int | None = None) -> str:
    """Grouped figures: 12,345.6."""
    return EMPTY if value is None else formatting.number(value, language=_language(), digits=digits)


@register.filter
def compact(value: Number | None) -> str:
    """1.23 万 with the exact number on hover."""
    if value is None:
        return EMPTY
    exact = formatting.number(value, language=_language())
    return _with_exact(formatting.compact(value, language=_language()), exact)


def _with_exact(short: str, exact: str) -> str:
    if short == exact:
        return short
    return format_html('<span class="zk-number" title="{}">{}</span>', exact, short)


@register.filter
def percent(rate: Number | None, digits: int = 1) -> str:
    """0.1234 as 12.3%."""
    return EMPTY if rate is None else formatting.percent(rate, digits=digits)


@register.filter
def day(value: date | datetime | None) -> str:
    """2026-11-22 in the person's zone."""
    return EMPTY if value is None else formatting.day(value, zone=timezone.get_current_timezone())


@register.filter
def moment(value: datetime | None) -> str:
    """2026-11-22 19:05 in the person's zone."""
    return EMPTY if value is None else formatting.moment(value, zone=timezone.get_current_timezone())


@register.filter
def ago(value: date | datetime | None) -> str:
    """“3 天前” with the exact time on hover."""
    if value is None:
        return EMPTY
    zone = timezone.get_current_timezone()
    is_moment = isinstance(value, datetime)
    exact = formatting.moment(value, zone=zone) if isinstance(value, datetime) else formatting.day(value, zone=zone)
    said = formatting.relative(value, now=timezone.now(), zone=zone)
    machine = value.isoformat() if is_moment else exact
    return format_html('<time datetime="{}" title="{}">{}</time>', machine, exact, said)


@register.filter
def grade_badge(code: str) -> str:
    return _badge(badges.GRADES.get(code))


@register.filter
def stage_badge(code: str) -> str:
    return _badge(badges.STAGES.get(code))


def _badge(badge: badges.Badge | None) -> str:
    if badge is None:
        return EMPTY
    return badges.render_badge(str(badge.label), built("icons.svg"), badge.icon, badge.tone)


@register.simple_tag
def badge(label: str, *, icon: str = "point", tone: badges.Tone = "plain") -> str:
    """Any other state: icon, words and tone (plain, info, good, warn, bad, rich)."""
    return badges.render_badge(str(label), built("icons.svg"), icon, tone)


def _component(name: str, context: dict[str, Any]) -> SafeString:
    return SafeString(get_template(f"ui/components/{name}.html").render(context))


def _stripped(content: str) -> SafeString:
    """What stood between a block tag and its end; Django has rendered, hence escaped, it already."""
    return SafeString(content.strip())


@register.simple_block_tag
def page_header(
    content: str, title: str, *, count: int | None = None, lead: str = "", back: str = "", back_label: str = ""
) -> str:
    """{% page_header _("Customers") count=total %}buttons{% endpage_header %}"""
    return _component(
        "page_header",
        {
            "title": title,
            "count": count,
            "lead": lead,
            "back": back,
            "back_label": back_label,
            "actions": _stripped(content),
        },
    )


@register.simple_block_tag
def empty_state(content: str, title: str, *, text: str = "", icon: str = "inbox") -> str:
    """What this place is for, and the one button that fills it."""
    return _component("empty_state", {"title": title, "text": text, "icon": icon, "actions": _stripped(content)})


@register.inclusion_tag("ui/components/empty_by_filter.html")
def empty_by_filter(chips: Sequence[Chip], clear_url: str = "") -> dict[str, Any]:
    """Nothing matches: which filter to drop."""
    return {"chips": chips, "clear_url": clear_url}


@register.inclusion_tag("ui/components/figure_card.html")
def figure_card(
    label: str,
    value: Any,
    *,
    unit: str = "",
    period: str = "",
    change: Number | None = None,
    compared: str = "",
    better: str = "up",
    href: str = "",
    note: str = "",
) -> dict[str, Any]:
    """A figure with unit, period and comparison.

    change: a rate against `compared`; better: "up", "down" or "" says whether growth is good news. href: the records
    behind the figure. note: for example that the sample is small.
    """
    tone = "plain"
    if change and better:
        tone = "good" if (change > 0) == (better == "up") else "bad"
    return {
        "label": label,
        "value": number(value) if isinstance(value, int | float | Decimal) else value,
        "unit": unit,
        "period": period,
        "change": None if change is None else formatting.percent(change).lstrip("-"),
        "direction": "" if not change else "up" if change > 0 else "down",
        "tone": tone,
        "compared": compared,
        "href": href,
        "note": note,
    }


@register.inclusion_tag("ui/components/filter_chips.html")
def filter_chips(chips: Sequence[Chip], clear_url: str = "") -> dict[str, Any]:
    """The active filters as a sentence, each with its way out."""
    return {"chips": chips, "clear_url": clear_url}


@register.inclusion_tag("ui/components/tabs.html")
def tabs(items: Sequence[Tab], label: str) -> dict[str, Any]:
    """Saved views or parts of a page; label names the group for screen readers."""
    return {"items": items, "label": label}


@register.inclusion_tag("ui/components/steps.html")
def steps(items: Sequence[Step]) -> dict[str, Any]:
    """Where a wizard stands."""
    current = next((place for place, item in enumerate(items, 1) if item.state == "current"), len(items))
    return {"items": items, "current": current}


@register.inclusion_tag("ui/components/field.html")
def field(bound: BoundField, *, wide: bool = False, required: bool | None = None) -> dict[str, Any]:
    """A form field: label above, help under, errors beside it, wired for screen readers. required: where it is not the
    form that asks for it."""
    if bound.widget_type in ("radioselect", "checkboxselectmultiple"):
        bound.field.widget.attrs.setdefault("class", "form-check-input")
    return {
        "field": bound,
        "widget": _widget(bound),
        "kind": bound.widget_type,
        "wide": wide,
        "required": bound.field.required if required is None else required,
    }


@register.simple_tag
def widget(bound: BoundField) -> SafeString:
    """Only the control of a field, with Tabler's classes."""
    return _widget(bound)


def _widget(bound: BoundField) -> SafeString:
    classes = {"checkbox": "form-check-input", "select": "form-select", "checkboxselectmultiple": "zk-several"}
    name = classes.get(bound.widget_type, "form-control")
    return bound.as_widget(attrs={"class": f"{name} is-invalid" if bound.errors else name})


@register.inclusion_tag("ui/components/load_more.html")
def load_more(url: str, *, columns: int = 0) -> dict[str, Any]:
    """The next page of a keyset list; the button gives way to it. columns: inside a table, how many it spans."""
    return {"url": url, "columns": columns}


@register.inclusion_tag("ui/components/progress.html")
def progress(
    *, done: int, total: int | None, label: str, detail: str = "", poll: str = "", every: int = 1
) -> dict[str, Any]:
    """A bar; with `poll` it asks that address for its successor, which ends the asking by leaving `poll` out."""
    rate = None if not total else min(1.0, done / total)
    return {
        "done": done,
        "total": total,
        "rate": None if rate is None else formatting.percent(rate, digits=0),
        "label": label,
        "detail": detail,
        "poll": poll,
        "every": every,
    }


@register.simple_block_tag
def file_drop(
    content: str, *, action: str, csrf: str, name: str = "file", accept: str = "", limit: int = 0, hint: str = ""
) -> str:
    """A form with a drop zone that streams one file up. Content: further fields. limit: bytes."""
    return _component(
        "file_drop",
        {"content": _stripped(content), "action": action, "csrf": csrf, "name": name, "accept": accept, "limit": limit}
        | {"hint": hint},
    )


@register.inclusion_tag("ui/components/editable.html")
def editable(value: Any, *, url: str, label: str) -> dict[str, Any]:
    """A value edited in place: `url` answers GET with `ui/components/edit_form.html`."""
    return {"value": value, "url": url, "label": label}


@register.inclusion_tag("ui/components/chart.html")
def chart(figure: Figure) -> dict[str, Any]:
    """A figure made by `zhike.ui.charts`, with its table and CSV file behind it."""
    return {"figure": figure}
