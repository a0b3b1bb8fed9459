"""When something comes again, held against a walk through every minute."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.exports.rhythm import Rhythm

SHANGHAI = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("rhythm", "after", "expected"),
    [
        (
            Rhythm(every="daily", at=time(8)),
            datetime(2026, 11, 22, 0, tzinfo=UTC),
            datetime(2026, 11, 23, 0, tzinfo=UTC),
        ),
        (
            Rhythm(every="daily", at=time(8)),
            datetime(2026, 11, 21, 23, 59, tzinfo=UTC),
            datetime(2026, 11, 22, 0, tzinfo=UTC),
        ),
        (
            Rhythm(every="weekly", at=time(8), weekday=1),
            datetime(2026, 11, 22, 4, tzinfo=UTC),
            datetime(2026, 11, 23, 0, tzinfo=UTC),
        ),
        (
            Rhythm(every="monthly", at=time(23, 30), day=31),
            datetime(2027, 2, 1, tzinfo=UTC),
            datetime(2027, 2, 28, 15, 30, tzinfo=UTC),
        ),
    ],
)
def test_the_next_time_is_the_one_on_the_calendar(rhythm: Rhythm, after: datetime, expected: datetime) -> None:
    assert rhythm.next_after(after, zone=SHANGHAI) == expected


def test_clocks_that_leap_and_fall_back_neither_lose_nor_double_a_day() -> None:
    rhythm, zone = Rhythm(every="daily", at=time(2, 30)), "Europe/Berlin"
    moment, days = datetime(2026, 3, 27, tzinfo=UTC), []
    for _day in range(230):
        moment = rhythm.next_after(moment, zone=zone)
        days.append(moment.astimezone(ZoneInfo(zone)).date())
    assert len(set(days)) == len(days)
    assert days[-1] - days[0] == timedelta(days=len(days) - 1)


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(["daily", "weekly", "monthly"]),
    st.times(),
    st.integers(1, 7),
    st.integers(1, 31),
    st.timedeltas(timedelta(0), timedelta(days=800)),
)
def test_it_is_later_and_on_its_day(every: str, at: time, weekday: int, day: int, since: timedelta) -> None:
    after = datetime(2026, 1, 1, tzinfo=UTC) + since
    rhythm = Rhythm(every=every, at=at, weekday=weekday, day=day)
    found = rhythm.next_after(after, zone=SHANGHAI)
    local = found.astimezone(ZoneInfo(SHANGHAI))
    assert after < found <= after + timedelta(days=62)
    assert local.time() == at
    assert every != "weekly" or local.isoweekday() == weekday
    assert every != "monthly" or local.day == day or (local + timedelta(days=1)).day == 1
