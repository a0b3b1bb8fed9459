"""How much is bought on which day: week, festivals by the lunar calendar, shopping days, growth."""

from datetime import date, timedelta

import numpy as np
from lunardate import LunarDate
from numpy.typing import NDArray

type Days = NDArray[np.float64]

YEARLY_GROWTH = 0.18
PERSONS_BY_WEEKDAY = (0.90, 0.86, 0.88, 0.94, 1.06, 1.22, 1.16)
FIRMS_BY_WEEKDAY = (1.35, 1.40, 1.38, 1.30, 1.18, 0.25, 0.14)


def daily_intensity(first: date, last: date, *, firms: bool) -> Days:
    """Relative purchase intensity of every day from `first` to `last`, both included; about 1 on an ordinary day."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    weekdays = FIRMS_BY_WEEKDAY if firms else PERSONS_BY_WEEKDAY
    festivals = _festivals(first.year - 1, last.year + 1)
    factors = [weekdays[day.weekday()] * festivals.get(day, 1.0) * _shopping_day(day, firms) for day in days]
    growth = (1 + YEARLY_GROWTH) ** (np.arange(len(days)) / 365.25)
    return np.asarray(factors, dtype=np.float64) * growth


def _festivals(first_year: int, last_year: int) -> dict[date, float]:
    factors: dict[date, float] = {}
    for year in range(first_year, last_year + 1):
        spring = LunarDate(year, 1, 1).to_solar_date()
        # Stocking up for the feast, closed shops during it, a slow return.
        factors |= {spring + timedelta(days=offset): 1.25 + 0.035 * (offset + 24) for offset in range(-24, -2)}
        factors |= {spring + timedelta(days=offset): 0.32 for offset in range(-2, 7)}
        factors |= {spring + timedelta(days=offset): 0.74 for offset in range(7, 15)}
        dragon = LunarDate(year, 5, 5).to_solar_date()
        factors |= {dragon + timedelta(days=offset): 1.22 for offset in range(-9, 0)}
        moon = LunarDate(year, 8, 15).to_solar_date()
        factors |= {moon + timedelta(days=offset): 1.42 for offset in range(-14, 0)}
    return factors


def _shopping_day(day: date, firms: bool) -> float:
    weight = 0.25 if firms else 1.0
    return 1 + weight * (_shopping_peak(day) - 1)


def _shopping_peak(day: date) -> float:
    peaks = {(6, 18): 3.4, (11, 11): 4.6, (12, 12): 1.9, (3, 8): 1.5, (11, 10): 2.3, (6, 17): 1.8}
    if (day.month, day.day) in peaks:
        return peaks[day.month, day.day]
    if (day.month == 6 and day.day < 18) or (day.month == 11 and day.day < 11):
        return 1.3
    if (day.month == 6 and 19 <= day.day <= 25) or (day.month == 11 and 12 <= day.day <= 20):
        return 0.78
    return 1.0


def discount_of(first: date, last: date) -> Days:
    """The price level of every day: 1, or less on shopping days."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return np.asarray(
        [0.8 if _shopping_peak(day) >= 1.8 else 0.9 if _shopping_peak(day) >= 1.3 else 1.0 for day in days]
    )
