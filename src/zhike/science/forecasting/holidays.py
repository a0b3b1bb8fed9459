"""Chinese holidays as figures of each period: how many of its days lie before, in and after each."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import chinese_calendar
import numpy as np
from chinese_calendar.constants import holidays
from lunardate import LunarDate

from zhike.science.forecasting.series import Unit, period_starts
from zhike.science.propensity.inputs import Floats

SATURDAY = 5
ANNOUNCED = range(min(holidays).year, max(holidays).year + 1)  # years of which the public holidays are
# First day by the lunar calendar, days of buying before it, of the holiday, and of recovery after it.
LUNAR = {
    "spring_festival": ((1, 1), 21, 8, 7),  # 春节
    "dragon_boat": ((5, 5), 10, 3, 0),  # 端午
    "mid_autumn": ((8, 15), 14, 3, 0),  # 中秋
}


def holiday_figures(start: date, unit: Unit, count: int) -> Floats:
    """A row for each period; columns are days before, in and after each lunar holiday, and days off.

    Days off are the public ones of China, without make-up working days, as long as they are announced; past that,
    Saturdays and Sundays (:func:`guessed_years`).
    """
    days = period_starts(start, unit, count)
    return np.array(
        [
            np.sum([_of_day(first + timedelta(n)) for n in range((after - first).days)], axis=0)
            for first, after in pairwise(days)
        ]
    )


def guessed_years(start: date, unit: Unit, count: int) -> list[int]:
    """Years of these periods whose public holidays are not announced."""
    days = period_starts(start, unit, count)
    last = days[-1] - timedelta(days=1)
    return [year for year in range(start.year, last.year + 1) if year not in ANNOUNCED]


@cache
def _of_day(day: date) -> tuple[float, ...]:
    figures: list[float] = []
    for lunar, before, during, after in LUNAR.values():
        gone = [(day - _solar(year, lunar)).days for year in (day.year, day.year + 1)]
        spans = [(-before, 0), (0, during), *([(during, during + after)] if after else [])]
        figures += [float(any(low <= each < high for each in gone)) for low, high in spans]
    off = not chinese_calendar.is_workday(day) if day.year in ANNOUNCED else day.weekday() >= SATURDAY
    return (*figures, float(off))


@cache
def _solar(year: int, lunar: tuple[int, int]) -> date:
    solar: date = LunarDate(year, *lunar).to_solar_date()
    return solar
