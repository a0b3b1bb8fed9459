"""What formulas can do: each operation in Python and in SQL, beside each other, so that both mean the same.

Numbers have ten digits behind the point and are empty beyond 10^24; days are empty outside of 1800 to 2200. The SQL
names every input once, or nesting would double it.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any

from zhike.metadata.formulas.nodes import Type
from zhike.metadata.kinds import EARLIEST, LATEST

EXACT = Context(prec=120, rounding=ROUND_HALF_UP)
LARGEST, STEP = Decimal(10) ** 24, Decimal("1e-10")
MOST_DAYS, MOST_MONTHS, LONGEST_TEXT = 300_000, 12_000, 2000
LONGEST_RESULT = 500
N, T, D, B = Type.NUMBER, Type.TEXT, Type.DATE, Type.BOOLEAN


@dataclass(frozen=True, kw_only=True)
class Operation:
    """takes: types of its inputs; the last one again and again where `is_open`. None in `takes`: of any type, alike for
    all that are None, which is also what it gives where `gives` is None. least: how many it needs.

    sql: with {0}, {1} … for the inputs; {all} for all of them. python: of the inputs; not called with an empty one
    unless it `takes_empty`.
    """

    takes: tuple[Type | None, ...]
    gives: Type | None
    sql: str
    python: Callable[..., Any]
    takes_empty: bool = False
    is_open: bool = False
    least: int | None = None
    is_fixed: bool = True  # the same for ever, so that an index can hold it


def bounded_sql(sql: str) -> str:
    return f"NULLIF(NULLIF(GREATEST(LEAST({sql}, 1e24::numeric), -1e24::numeric), 1e24::numeric), -1e24::numeric)"


def bounded(number: Decimal) -> Decimal | None:
    return EXACT.plus(number) if EXACT.abs(number) < LARGEST else None


def _day_sql(sql: str) -> str:
    low, high = "'1799-12-31'::date", "'2200-01-02'::date"
    return f"NULLIF(NULLIF(GREATEST(LEAST({sql}, {high}), {low}), {high}), {low})"


def _count_sql(sql: str, most: int) -> str:
    """As many days or months as a calendar can count."""
    return f"NULLIF(NULLIF(GREATEST(LEAST(trunc({sql}), {most}), -{most}), {most}), -{most})::int"


def _multiply(one: Decimal, other: Decimal) -> Decimal | None:
    return bounded(EXACT.quantize(EXACT.multiply(one, other), STEP))


def _divide(one: Decimal, other: Decimal) -> Decimal | None:
    if not other:
        return None
    whole = EXACT.divide_int(EXACT.multiply(one, Decimal("1e11")), other)
    return bounded(EXACT.quantize(EXACT.multiply(whole, Decimal("1e-11")), STEP))


def rounded(number: Decimal, digits: Decimal) -> Decimal | None:
    return bounded(EXACT.quantize(number, Decimal(1).scaleb(-int(digits))))


def _whole(mode: str) -> Callable[[Decimal], Decimal | None]:
    return lambda number: bounded(number.quantize(Decimal(1), rounding=mode, context=EXACT))


def _add_days(day: date, count: Decimal) -> date | None:
    number = int(count)
    if abs(number) >= MOST_DAYS:
        return None
    ordinal = day.toordinal() + number
    return date.fromordinal(ordinal) if EARLIEST.toordinal() <= ordinal <= LATEST.toordinal() else None


def _add_months(day: date, count: Decimal) -> date | None:
    number = int(count)
    if abs(number) >= MOST_MONTHS:
        return None
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    if not EARLIEST.year <= year <= LATEST.year:
        return None
    found = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return found if EARLIEST <= found <= LATEST else None


def _both(one: bool | None, other: bool | None) -> bool | None:
    return False if one is False or other is False else None if one is None or other is None else True


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one is True or other is True else None if one is None or other is None else False


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _least(*values: Any) -> Any:
    return min((value for value in values if value is not None), default=None)


def _most(*values: Any) -> Any:
    return max((value for value in values if value is not None), default=None)


def _joined(one: str | None, other: str | None) -> str | None:
    return ((one or "") + (other or ""))[:LONGEST_TEXT] or None


def written(number: Decimal) -> str:
    return format(EXACT.normalize(number), "f")


def _op(
    takes: Sequence[Type | None], gives: Type | None, sql: str, python: Callable[..., Any], **more: Any
) -> Operation:
    return Operation(takes=tuple(takes), gives=gives, sql=sql, python=python, **more)


OPERATIONS: Mapping[str, Operation] = {
    "add": _op([N, N], N, bounded_sql("{0} + {1}"), lambda a, b: bounded(EXACT.add(a, b))),
    "subtract": _op([N, N], N, bounded_sql("{0} - {1}"), lambda a, b: bounded(EXACT.subtract(a, b))),
    "multiply": _op([N, N], N, bounded_sql("round({0} * {1}, 10)"), _multiply),
    "divide": _op(
        [N, N], N, bounded_sql("round(div({0} * 1e11::numeric, NULLIF({1}, 0)) * 1e-11::numeric, 10)"), _divide
    ),
    "negative": _op([N], N, "(- {0})", EXACT.minus),
    "less": _op([None, None], B, "({0} < {1})", lambda a, b: a < b),
    "less_or_equal": _op([None, None], B, "({0} <= {1})", lambda a, b: a <= b),
    "more": _op([None, None], B, "({0} > {1})", lambda a, b: a > b),
    "more_or_equal": _op([None, None], B, "({0} >= {1})", lambda a, b: a >= b),
    "equal": _op([None, None], B, "({0} IS NOT DISTINCT FROM {1})", lambda a, b: a == b, takes_empty=True),
    "unequal": _op([None, None], B, "({0} IS DISTINCT FROM {1})", lambda a, b: a != b, takes_empty=True),
    "and": _op([B, B], B, "({0} AND {1})", _both, takes_empty=True),
    "or": _op([B, B], B, "({0} OR {1})", _either, takes_empty=True),
    "not": _op([B], B, "(NOT {0})", lambda a: not a),
    "join": _op(
        [T, T], T, f"NULLIF(left(COALESCE({{0}}, '') || COALESCE({{1}}, ''), {LONGEST_TEXT}), '')", _joined,
        takes_empty=True,
    ),
    "if": _op(
        [B, None, None], None, "CASE WHEN {0} THEN {1} ELSE {2} END", lambda c, a, b: a if c else b, takes_empty=True
    ),
    "coalesce": _op([None], None, "COALESCE({all})", _first, takes_empty=True, is_open=True, least=1),
    "min": _op([None], None, "LEAST({all})", _least, takes_empty=True, is_open=True, least=1),
    "max": _op([None], None, "GREATEST({all})", _most, takes_empty=True, is_open=True, least=1),
    "empty": _op([None], B, "({0} IS NULL)", lambda a: a is None, takes_empty=True),
    "round": _op([N, N], N, bounded_sql("round({0}, {1}::int)"), rounded),
    "floor": _op([N], N, bounded_sql("floor({0})"), _whole(ROUND_FLOOR)),
    "ceil": _op([N], N, bounded_sql("ceil({0})"), _whole(ROUND_CEILING)),
    "abs": _op([N], N, "abs({0})", EXACT.abs),
    "days": _op([D, D], N, "({1} - {0})::numeric", lambda a, b: Decimal((b - a).days)),
    "adddays": _op([D, N], D, _day_sql(f"{{0}} + {_count_sql('{1}', MOST_DAYS)}"), _add_days),
    "addmonths": _op(
        [D, N],
        D,
        _day_sql(f"({{0}} + make_interval(months => {_count_sql('{1}', MOST_MONTHS)}))::date"),
        _add_months,
    ),
    "year": _op([D], N, "extract(year FROM {0})", lambda day: Decimal(day.year)),
    "month": _op([D], N, "extract(month FROM {0})", lambda day: Decimal(day.month)),
    "day": _op([D], N, "extract(day FROM {0})", lambda day: Decimal(day.day)),
    "text": _op([N], T, "trim_scale({0})::text", written),
    "text_of_date": _op([D], T, "to_char({0}, 'YYYY-MM-DD')", date.isoformat, is_fixed=False),
    "len": _op([T], N, "char_length({0})::numeric", lambda text: Decimal(len(text))),
    "left": _op([T, N], T, "NULLIF(left({0}, {1}::int), '')", lambda text, count: text[: int(count)] or None),
    "contains": _op([T, T], B, "(strpos({0}, {1}) > 0)", lambda text, part: part in text),
    "has": _op(
        [Type.CHOICES, T],
        B,
        "COALESCE(jsonb_exists({0}, {1}), false)",
        lambda chosen, key: key in (chosen or ()),
        takes_empty=True,
    ),
}  # fmt: skip
# What people write; the Chinese names mean the same.
FUNCTIONS = (
    *(
        "if",
        "coalesce",
        "empty",
        "round",
        "floor",
        "ceil",
        "abs",
        "min",
        "max",
        "days",
        "today",
        "adddays",
        "addmonths",
    ),
    *("year", "month", "day", "date", "text", "len", "left", "contains", "has"),
)
CHINESE: Mapping[str, str] = {
    "如果": "if",
    "首个": "coalesce",
    "为空": "empty",
    "四舍五入": "round",
    "向下取整": "floor",
    "向上取整": "ceil",
    "绝对值": "abs",
    "最小": "min",
    "最大": "max",
    "相差天数": "days",
    "今天": "today",
    "加天数": "adddays",
    "加月数": "addmonths",
    "年份": "year",
    "月份": "month",
    "日": "day",
    "日期": "date",
    "文本": "text",
    "字数": "len",
    "左起": "left",
    "包含": "contains",
    "含选项": "has",
}
COMPARISONS: Mapping[str, str] = {
    "=": "equal", "＝": "equal", "<>": "unequal", "!=": "unequal", "≠": "unequal",
    "<": "less", "＜": "less", ">": "more", "＞": "more",
    "<=": "less_or_equal", "≤": "less_or_equal", ">=": "more_or_equal", "≥": "more_or_equal",
}  # fmt: skip
