"""Charts as data: selectors say what is shown, the browser knows how. `{% chart figure %}` draws one.

Every figure carries its own table, so that a keyboard, a screen reader and a CSV file get the same numbers; a datum
with an `href` leads to the records behind it. Labels arrive translated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from babel.numbers import get_currency_symbol
from django.utils.translation import get_language

from zhike.ui import formatting
from zhike.ui.formatting import Number

Kind = Literal["bar", "line", "heatmap", "pyramid"]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """How a figure's numbers read. kind: "number", "money" (with `currency`) or "percent" (rates 0-1)."""

    kind: Literal["number", "money", "percent"] = "number"
    currency: str = ""
    digits: int | None = None

    def exact(self, value: Number) -> str:
        if self.kind == "percent":
            return formatting.percent(value, digits=1 if self.digits is None else self.digits)
        if self.kind == "money":
            return formatting.money(value, currency=self.currency, language=_language())
        return formatting.number(value, language=_language(), digits=self.digits)

    def short(self, value: Number) -> str:
        if self.kind == "percent":
            return formatting.percent(value, digits=1 if self.digits is None else self.digits)
        if self.kind == "money":
            return formatting.compact_money(value, currency=self.currency, language=_language())
        return formatting.compact(value, language=_language())

    def for_axis(self) -> dict[str, Any]:
        language = _language()
        steps = formatting.STEPS["zh" if language.startswith("zh") else "en"]
        symbol = get_currency_symbol(self.currency, formatting.babel_locale(language)) if self.currency else ""
        return {"kind": self.kind, "symbol": symbol, "steps": [[float(step), sign] for step, sign in steps]}


NUMBER = Unit()
PERCENT = Unit(kind="percent")


@dataclass(frozen=True, kw_only=True)
class Datum:
    """One value. href: the records behind it. low, high: an interval, drawn as a band on lines."""

    value: Number | None
    href: str = ""
    low: Number | None = None
    high: Number | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """One row of values, as long as the figure's columns."""

    name: str
    data: Sequence[Datum]


@dataclass(frozen=True, kw_only=True)
class Level:
    """A layer of the value pyramid, the best first. share: its part of the revenue, 0-1."""

    label: str
    count: int
    share: Number
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A field of the table behind a figure. value: the exact number for the CSV file."""

    text: str
    value: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A chart ready to render: `spec` for the browser, `head` and `rows` for the table."""

    title: str
    subtitle: str
    description: str
    spec: dict[str, Any]
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    size: str

    @property
    def is_empty(self) -> bool:
        return not self.rows


def bar(
    *,
    title: str,
    columns: Sequence[str],
    series: Sequence[Series],
    unit: Unit = NUMBER,
    column_title: str = "",
    subtitle: str = "",
    description: str = "",
    sideways: bool = False,
    stacked: bool = False,
) -> Figure:
    """Bars from zero with their values beside them. sideways: for long labels, the first on top."""
    size = _row_size(len(columns)) if sideways else "medium"
    spec = {"kind": "bar", "sideways": sideways, "stacked": stacked}
    return _table_figure(
        title, subtitle, description, spec, columns=columns, series=series, unit=unit, head=column_title, size=size
    )


def line(
    *,
    title: str,
    columns: Sequence[str],
    series: Sequence[Series],
    unit: Unit = NUMBER,
    column_title: str = "",
    subtitle: str = "",
    description: str = "",
    shares: Sequence[float] = (),
) -> Figure:
    """Lines over ordered columns, each named at its end; intervals of the data become bands.

    shares: where the columns stand between 0 and 1; evenly spaced without.
    """
    return _table_figure(
        title,
        subtitle,
        description,
        {"kind": "line", "shares": list(shares)},
        columns=columns,
        series=series,
        unit=unit,
        head=column_title,
        size="medium",
    )


def heatmap(
    *,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Series],
    unit: Unit = NUMBER,
    row_title: str = "",
    column_title: str = "",
    subtitle: str = "",
    description: str = "",
) -> Figure:
    """A grid of shades: each series is a row from top to bottom; an empty datum leaves its field blank."""
    spec = {
        "kind": "heatmap",
        "columns": list(columns),
        "columnTitle": column_title,
        "rowTitle": row_title,
        "unit": unit.for_axis(),
        "series": [_series(row, unit) for row in rows],
    }
    return Figure(
        title=title,
        subtitle=subtitle,
        description=description or title,
        spec=spec,
        head=(row_title, *columns),
        rows=tuple((Cell(text=row.name), *(_cell(datum, unit) for datum in row.data)) for row in rows),
        size=_row_size(len(rows)),
    )


def pyramid(
    *,
    title: str,
    levels: Sequence[Level],
    level_title: str,
    count_title: str,
    share_title: str,
    subtitle: str = "",
    description: str = "",
) -> Figure:
    """The value pyramid: layers with their head count, and beside each the part of the revenue it brings."""
    spec = {
        "kind": "pyramid",
        "countTitle": count_title,
        "shareTitle": share_title,
        "levels": [
            {
                "label": level.label,
                "count": NUMBER.exact(level.count),
                "share": float(level.share),
                "shareText": PERCENT.exact(level.share),
                "href": level.href,
            }
            for level in levels
        ],
    }
    rows = tuple(
        (
            Cell(text=level.label),
            Cell(text=NUMBER.exact(level.count), value=str(level.count), href=level.href),
            Cell(text=PERCENT.exact(level.share), value=str(level.share)),
        )
        for level in levels
    )
    return Figure(
        title=title,
        subtitle=subtitle,
        description=description or title,
        spec=spec,
        head=(level_title, count_title, share_title),
        rows=rows if any(level.count for level in levels) else (),
        size="medium",
    )


def _table_figure(
    title: str,
    subtitle: str,
    description: str,
    spec: dict[str, Any],
    *,
    columns: Sequence[str],
    series: Sequence[Series],
    unit: Unit,
    head: str,
    size: str,
) -> Figure:
    rows = tuple(
        (Cell(text=column), *(_cell(one.data[place], unit) for one in series)) for place, column in enumerate(columns)
    )
    drawn = {"columns": list(columns), "unit": unit.for_axis(), "series": [_series(one, unit) for one in series]}
    return Figure(
        title=title,
        subtitle=subtitle,
        description=description or title,
        spec=spec | drawn,
        head=(head, *(one.name for one in series)),
        rows=rows,
        size=size,
    )


def _series(series: Series, unit: Unit) -> dict[str, Any]:
    return {"name": series.name, "data": [_datum(datum, unit) for datum in series.data]}


def _datum(datum: Datum, unit: Unit) -> dict[str, Any]:
    if datum.value is None:
        return {"value": None}
    drawn: dict[str, Any] = {
        "value": float(datum.value),
        "text": unit.short(datum.value),
        "exact": unit.exact(datum.value),
    }
    if datum.href:
        drawn["href"] = datum.href
    if datum.low is not None and datum.high is not None:
        drawn |= {"low": float(datum.low), "high": float(datum.high)}
        drawn["interval"] = f"{unit.exact(datum.low)} – {unit.exact(datum.high)}"
    return drawn


def _cell(datum: Datum, unit: Unit) -> Cell:
    if datum.value is None:
        return Cell(text="")
    plain = f"{datum.value:f}" if isinstance(datum.value, Decimal) else str(datum.value)
    return Cell(text=unit.exact(datum.value), value=plain, href=datum.href)


def _row_size(count: int) -> str:
    """A class of height, so that nothing jumps when the chart arrives."""
    return "small" if count <= 4 else "medium" if count <= 8 else "large" if count <= 14 else "huge"


def _language() -> str:
    return get_language() or "zh-hans"
