"""Months, counted from a day."""

from datetime import date, timedelta


def months_before(day: date, months: int) -> date:
    """The first day of the month that many months before the day's own; negative for months after."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def month_end(month: date) -> date:
    """The last day of the month that begins on that day."""
    return months_before(month, -1) - timedelta(days=1)
