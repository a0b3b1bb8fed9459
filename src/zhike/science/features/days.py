"""Local days as whole numbers, the same on every engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import Any

EPOCH = date(1970, 1, 1)
DAY_SECONDS = 86_400


class NotAMoment(TypeError):
    """A column that should hold moments or days holds something else."""


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    >>> day_number(date(1970, 1, 11))
    10
    """
    return (day - EPOCH).days


def local_days(moments: Any, *, zone: tzinfo, until: date) -> tuple[Any, Any]:
    """The local day of each moment as a number of days since 1970-01-01, and the second it fell on, to order them.

    moments: an Ibis column of timestamps in UTC, with or without their zone, or of dates, which are local days already.
    until: moments after it (and before 1970) get the offset that the zone has then, which may be an hour wrong.

    :raises NotAMoment: the column holds neither timestamps nor dates
    """
    import ibis

    if moments.type().is_date():
        days = moments.delta(ibis.literal(EPOCH), unit="day").cast("int64")
        return days, days * DAY_SECONDS
    if not moments.type().is_timestamp():
        raise NotAMoment(f"{moments.get_name()} holds {moments.type()}, neither timestamps nor dates")
    aware = moments.type().timezone is not None
    start = datetime(1970, 1, 1, tzinfo=UTC if aware else None)
    # By difference and not by a cast, which would ask for the zone of the session.
    seconds = moments.delta(ibis.literal(start, type=moments.type()), unit="second").cast("int64")
    shifts = _offsets(zone, until)
    offset = ibis.literal(shifts[0][1])
    if len(shifts) > 1:
        later = [(seconds >= start, ibis.literal(shift)) for start, shift in reversed(shifts[1:])]
        offset = ibis.cases(*later, else_=offset)
    return ((seconds + offset) / DAY_SECONDS).floor().cast("int64"), seconds


@cache
def _offsets(zone: tzinfo, until: date) -> list[tuple[int, int]]:
    """From which second of UTC on the zone is how many seconds ahead of it."""

    def ahead(second: int) -> int:
        offset = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset() or timedelta()
        return int(offset.total_seconds())

    found = [(0, ahead(0))]
    for day in range(1, day_number(until) + 3):
        low, high = (day - 1) * DAY_SECONDS, day * DAY_SECONDS
        if ahead(high) == found[-1][1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if ahead(middle) == found[-1][1] else (low, middle)
        found.append((high, ahead(high)))
    return found
