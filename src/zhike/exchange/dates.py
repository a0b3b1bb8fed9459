"""Dates and times as files write them, from 2023年1月5日 to spreadsheet serial numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import TYPE_CHECKING

from zhike.core.text.columns import check_rest
from zhike.core.text.normal import SHORTENED, WHOLE_FLOAT, Checked, half_width, one_line

if TYPE_CHECKING:
    from polars import Series

EARLIEST, LATEST = 1900, 2199
SERIAL_START = datetime(1899, 12, 30)  # noqa: DTZ001  a spreadsheet's day has no zone
SERIALS = range(10_000, 110_000)

# What a whole column is tried with; the shape decides before the parser, which takes too much.
_SHAPES = (
    (r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}$", "%Y-%m-%d %H:%M:%S"),
    (r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$", "%Y-%m-%d"),
    (r"^(?:19|20|21)[0-9]{6}$", "%Y%m%d"),
    (r"^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}$", "%Y/%m/%d"),
    (r"^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}$", "%Y/%m/%d %H:%M:%S"),
    (r"^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2} [0-9]{1,2}:[0-9]{2}$", "%Y/%m/%d %H:%M"),
    (r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{2}$", "%Y-%m-%d %H:%M"),
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", "%Y-%m-%dT%H:%M:%S"),
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,6}$", "%Y-%m-%d %H:%M:%S%.f"),
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,9}$", "%Y-%m-%dT%H:%M:%S%.f"),
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}$", "%Y-%m-%dT%H:%M:%S%:z"),
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}$", "%Y-%m-%d %H:%M:%S%:z"),
    (r"^[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日$", "%Y年%m月%d日"),
    (r"^(?:19|20|21)[0-9]{12}$", "%Y%m%d%H%M%S"),
)
_DAY_FIRST = (
    (r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$", "%d/%m/%Y"),
    (r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}$", "%d/%m/%Y %H:%M"),
    (r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2}$", "%d/%m/%Y %H:%M:%S"),
)
_ANY_SHAPE = "|".join(shape for shape, _form in (*_SHAPES, *_DAY_FIRST))

_TIME = r"""(?:[\sT,]*(?P<half>上午|下午|中午|凌晨|早上|晚上)?\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})
    (?::(?P<second>[0-9]{1,2})(?:[.,](?P<part>[0-9]{1,9}))?)?\s*(?P<meridiem>am|pm)?)?
    \s*(?P<zone>z|utc|gmt|(?:utc|gmt)?[+-][0-9]{2}:?(?:[0-9]{2})?)?"""
_YEAR_FIRST = re.compile(
    rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}}){_TIME}", re.VERBOSE | re.IGNORECASE
)
_YEAR_LAST = re.compile(
    rf"(?P<one>[0-9]{{1,2}})-(?P<two>[0-9]{{1,2}})-(?P<year>[0-9]{{4}}|[0-9]{{2}}){_TIME}", re.VERBOSE | re.IGNORECASE
)
_DIGITS = re.compile(
    r"((?:19|20|21)[0-9][0-9])([0-9][0-9])([0-9][0-9])(?:\s?([0-9][0-9]):?([0-9][0-9]):?([0-9][0-9])?)?"
)
_WEEKDAY = re.compile(r"\s*\(?(?:星期|周|礼拜)[一二三四五六日天]\)?\s*")
_ENGLISH_DAYS = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%b-%y")
_ENGLISH_TIMES = ("", " %H:%M", " %H:%M:%S")
_ENGLISH_MONTH = re.compile("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", re.IGNORECASE)


def convert(cells: Series, *, with_time: bool, zone: tzinfo, day_first: bool = False) -> tuple[Series, Series]:
    """Canonical text and reasons; see `conversion.convert`."""
    import polars as pl

    done = pl.repeat(None, cells.len(), dtype=pl.String, eager=True)
    shapes = (*_SHAPES, *(_DAY_FIRST if day_first else ((s, f.replace("%d/%m", "%m/%d")) for s, f in _DAY_FIRST)))
    # To find out what a column holds, all are tried as dates, and few are: one look in place of two for each shape.
    for shape, form in shapes if cells.str.contains(_ANY_SHAPE).any() else ():
        open_cells = done.is_null() & cells.is_not_null()
        if not open_cells.any():
            break
        fits = open_cells & cells.str.contains(shape).fill_null(False)
        if fits.any():
            part = cells if fits.all() else cells.zip_with(fits, pl.Series([None], dtype=pl.String))
            moments = part.str.to_datetime(form, strict=False, time_unit="us")
            done = done.zip_with(~fits, _write(moments, with_time=with_time, zone=zone))
    check = partial(check_date, with_time=with_time, zone=zone, day_first=day_first)
    return check_rest(cells, done, check)


def _write(moments: Series, *, with_time: bool, zone: tzinfo) -> Series:
    import polars as pl

    moments = moments.zip_with(moments.dt.year().is_between(EARLIEST, LATEST), pl.Series([None], dtype=moments.dtype))
    is_aware = isinstance(moments.dtype, pl.Datetime) and moments.dtype.time_zone is not None
    if not with_time:
        return (moments.dt.convert_time_zone(str(zone)) if is_aware else moments).dt.strftime("%Y-%m-%d")
    local = moments if is_aware else moments.dt.replace_time_zone(str(zone), ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S%.f+00")


def check_date(value: str, *, with_time: bool, zone: tzinfo, day_first: bool = False) -> Checked:
    """One cell, whatever its form."""
    text = one_line(half_width(value)).lstrip("'")
    if not text:
        return None, None
    if SHORTENED.fullmatch(text):
        return None, "number_shortened"
    try:
        moment = _read(text, day_first=day_first)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not EARLIEST <= moment.year <= LATEST:
        return None, "date_invalid"
    if not with_time:
        local = moment.astimezone(zone) if moment.tzinfo else moment
        return f"{local:%Y-%m-%d}", None
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    part = f".{moment.microsecond:06}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%d %H:%M:%S}{part}+00", None


def _read(text: str, *, day_first: bool) -> datetime | None:
    if number := _read_number(text):
        return number
    plain = _WEEKDAY.sub(" ", text).strip()
    plain = re.sub(r"\s*[年月/]\s*", "-", plain)
    plain = re.sub(r"(?<=[0-9])\s*[日号](?![0-9]*-)", " ", plain).strip()
    plain = re.sub(r"(?<=[0-9])[时点分](?=[0-9])", ":", plain)
    plain = re.sub(r"(?<=[0-9])时$|(?<=[0-9])点$", ":00", re.sub(r"秒$|(?<=[0-9])分$", "", plain))
    plain = re.sub(r"^([0-9]{1,4})\.([0-9]{1,2})\.([0-9]{1,4})", r"\1-\2-\3", plain)
    if found := _YEAR_FIRST.fullmatch(plain):
        return _moment(found, int(found["year"]), int(found["month"]), int(found["day"]))
    if found := _YEAR_LAST.fullmatch(plain):
        year = int(found["year"]) if len(found["year"]) == 4 else _century(int(found["year"]))
        day, month = int(found["one"]), int(found["two"])
        return _moment(found, year, *((month, day) if day_first else (day, month)))
    return _read_english(plain.replace(",", " "))


def _read_number(text: str) -> datetime | None:
    """yyyymmdd and longer, seconds or milliseconds since 1970, or a spreadsheet's serial number."""
    if found := _DIGITS.fullmatch(text.removesuffix(".0")):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  its zone is the file's
    whole = WHOLE_FLOAT.fullmatch(text)
    digits = whole[1] if whole else text
    if re.fullmatch(r"1[0-9]{9}|1[0-9]{12}", digits):
        return datetime.fromtimestamp(int(digits) / (1 if len(digits) == 10 else 1000), UTC)
    if re.fullmatch(r"[0-9]{5,6}(?:\.[0-9]+)?", text) and int(float(text)) in SERIALS:
        return SERIAL_START + timedelta(milliseconds=round(float(text) * 86_400_000))
    return None


def _moment(found: re.Match[str], year: int, month: int, day: int) -> datetime:
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    half = (found["meridiem"] or found["half"] or "").lower()
    if half in {"pm", "下午", "晚上"} and hour < 12:
        hour += 12
    elif half in {"am", "凌晨", "上午", "早上"} and hour == 12:
        hour = 0
    micro = int((found["part"] or "0").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, micro, tzinfo=_offset(found["zone"]))


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    digits = re.sub(r"[^0-9+-]", "", text)
    if not digits:
        return UTC
    sign = -1 if digits[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5] or 0)))


def _century(year: int) -> int:
    return year + (2000 if year < 70 else 1900)


def _read_english(text: str) -> datetime | None:
    # To find out what a column holds, all its texts are tried as dates; without a look they took half of that time.
    if not _ENGLISH_MONTH.search(text):
        return None
    text = one_line(text)
    for form in (day + time for day in _ENGLISH_DAYS for time in _ENGLISH_TIMES):
        with suppress(ValueError):
            return datetime.strptime(text, form)  # noqa: DTZ007  its zone is the file's
    return None


def puts_day_first(values: Iterable[str]) -> bool:
    """Whether slashed dates name the day first: known by a first number above 12."""
    pairs = [re.match(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-][0-9]{2,4}\b", value.strip()) for value in values]
    firsts = [int(pair[1]) for pair in pairs if pair]
    return any(first > 12 for first in firsts)
