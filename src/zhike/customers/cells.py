"""Values as list cells: plain functions, since a page draws hundreds of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import get_currency_precision, get_currency_symbol
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from zhike.core.lists.registry import Column
from zhike.ui import badges, formatting
from zhike.ui.templatetags.zhike import built

_CHOICE = (
    '<td class="select"><input class="form-check-input" type="checkbox" data-select name="id" value="{pk}"'
    ' aria-labelledby="c{pk}"></td>'
)
EMPTY = mark_safe('<span class="zk-quiet">—</span>')


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one person reads figures. currency: the company's."""

    language: str
    zone: tzinfo
    now: datetime
    currency: str
    _days: dict[date, SafeString] = field(default_factory=dict)
    _badges: dict[tuple[str, str], str] = field(default_factory=dict)

    def grade(self, code: str | None) -> str:
        return self._badge("grade", code, badges.GRADES)

    def stage(self, code: str | None) -> str:
        return self._badge("stage", code, badges.STAGES)

    def _badge(self, kind: str, code: str | None, known: Mapping[str, badges.Badge]) -> str:
        badge = known.get(code or "")
        if badge is None or code is None:
            return EMPTY
        if (kind, code) not in self._badges:
            drawn = badges.render_badge(str(badge.label), built("icons.svg"), badge.icon, badge.tone)
            self._badges[kind, code] = drawn
        return self._badges[kind, code]

    def money(self, amount: Decimal | str | None) -> str:
        """¥12,345.60; one that is masked comes as text."""
        if amount is None:
            return EMPTY
        if isinstance(amount, str):
            return escape(amount)
        symbol, step = _currency(self.currency, self.language)
        rounded = amount.quantize(step, ROUND_HALF_UP)
        return f"-{symbol}{-rounded:,}" if rounded < 0 else f"{symbol}{rounded:,}"

    def day(self, value: date | datetime | None) -> str:
        """“3 天前”, with the day itself on hover."""
        if value is None:
            return EMPTY
        on = value.astimezone(self.zone).date() if isinstance(value, datetime) else value
        if on not in self._days:
            exact = on.isoformat()
            said = formatting.relative(on, now=self.now, zone=self.zone)
            self._days[on] = SafeString(f'<time datetime="{exact}" title="{exact}">{said}</time>')
        return self._days[on]


@lru_cache(maxsize=64)
def _currency(currency: str, language: str) -> tuple[str, Decimal]:
    symbol = get_currency_symbol(currency, locale=formatting.babel_locale(language))
    return symbol, Decimal(1).scaleb(-get_currency_precision(currency))


def text(value: Any) -> str:
    return escape(value) if value else EMPTY


def words(names: Sequence[str], tones: Sequence[str]) -> str:
    """Tags, each in its colour."""
    return SafeString(
        " ".join(
            f'<span class="zk-badge" data-tone="{escape(tone or "plain")}">{escape(name)}</span>'
            for name, tone in zip(names, tones, strict=True)
        )
    )


def number(value: int | None) -> str:
    return EMPTY if value is None else f"{value:,}"


def draw_rows(
    columns: Sequence[Column],
    rows: Sequence[tuple[int, Sequence[str]]],
    *,
    edit: str,
    act: str = "",
    can_choose: bool = False,
) -> list[SafeString]:
    """The inside of each table row, drawn here because a template takes ten times as long for fifty of them.

    The first column is the row's head; the others carry their label for the narrow layout. edit: where a field is
    edited, with {pk} and {field}; empty for those who may not. act: what one can do to a row, with {pk}, beside the
    name. can_choose: with a box before it.
    """
    openings = [_opening(column, edit) for column in columns[1:]]
    return [
        SafeString(
            (
                f'{_CHOICE.format(pk=pk)}<th scope="row" id="c{pk}">{conditional_escape(first)}'
                f"{act.replace('{pk}', str(pk))}</th>"
                if can_choose
                else f'<th scope="row">{conditional_escape(first)}</th>'
            )
            + "".join(
                [
                    f"{opening.replace('{pk}', str(pk))}{conditional_escape(cell)}</td>"
                    for opening, cell in zip(openings, rest, strict=True)
                ]
            )
        )
        for pk, (first, *rest) in rows
    ]


def _opening(column: Column, edit: str) -> str:
    place = f' data-edit-cell="{edit.replace("{field}", column.edit)}"' if edit and column.edit else ""
    return f'<td{" class=num" if column.numeric else ""}{place} data-label="{escape(column.label)}">'
