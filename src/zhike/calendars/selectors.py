"""Which days are worked: the company's own word first, then the public holidays, then Monday to Friday.

Public holidays and make-up working days of China come from the library `chinesecalendar`, whose data end with the last
year that the State Council has announced. Past that only weekends are known, and whoever counts is told so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

import chinese_calendar
from chinese_calendar import constants
from django.conf import settings
from django.utils.translation import get_language

from zhike.calendars.models import SpecialDay

SATURDAY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class WorkingDays:
    """The days as they are known now. special: what the company decided. has_holidays: public ones count."""

    special: Mapping[date, bool] = field(default_factory=dict)
    has_holidays: bool = True

    def is_working(self, day: date) -> bool:
        if day in self.special:
            return self.special[day]
        if self.has_holidays and is_announced(day.year):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < SATURDAY

    def after(self, day: date, count: int) -> date:
        """The working day that many working days later; the day itself does not count."""
        while count:
            day += DAY
            count -= self.is_working(day)
        return day

    def between(self, first: date, last: date) -> int:
        """Working days after the first up to the last; negative where the last lies before the first."""
        if last < first:
            return -self.between(last, first)
        return sum(self.is_working(day) for day in _days(first, last))

    def guessed_years(self, first: date, last: date) -> list[int]:
        """Years of the span whose public holidays are not known here."""
        if not self.has_holidays:
            return []
        return [year for year in range(first.year, last.year + 1) if not is_announced(year)]


@dataclass(frozen=True, kw_only=True)
class Holiday:
    """A day that is not what its weekday says. is_working: a make-up working day."""

    day: date
    is_working: bool
    name: str


def get_working_days() -> WorkingDays:
    return WorkingDays(
        special=dict(SpecialDay.objects.values_list("day", "is_working")), has_holidays=settings.HOLIDAYS == "cn"
    )


def list_special() -> list[SpecialDay]:
    return list(SpecialDay.objects.order_by("-day")[:500])


def list_holidays(year: int) -> list[Holiday]:
    """Free weekdays and worked weekends of a year, in its order; empty where it is not announced."""
    if settings.HOLIDAYS != "cn" or not is_announced(year):
        return []
    return [
        Holiday(day=day, is_working=is_worked, name=_name(day))
        for day in _days(date(year - 1, 12, 31), date(year, 12, 31))
        if (is_worked := bool(chinese_calendar.is_workday(day))) != (day.weekday() < SATURDAY)
    ]


@cache
def is_announced(year: int) -> bool:
    return bool(min(constants.holidays).year <= year <= last_announced())


@cache
def last_announced() -> int:
    """The last year whose holidays the installed library knows."""
    return int(max(constants.holidays).year)


def _name(day: date) -> str:
    found = constants.Holiday(constants.holidays.get(day) or constants.workdays[day])
    return str(found.chinese if (get_language() or "").startswith("zh") else found.value)


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day < last:
        day += DAY
        yield day
