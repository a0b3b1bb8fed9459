"""When the backup of the night is due."""

from datetime import UTC, datetime

import pytest

from zhike.backup.options import next_run


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        (at(5, 1), at(4, 2), at(5, 2)),  # before the hour
        (at(5, 3), at(4, 2), at(5, 2)),  # now
        (at(5, 3), at(5, 2), at(6, 2)),  # made tonight
        (at(5, 23), at(2, 2), at(5, 2)),  # nights slept through are made up for
        (at(5, 3), at(5, 1), at(5, 2)),  # one by hand before the hour is not that of the night
        (at(5, 3), None, at(5, 2)),
        (at(5, 1), None, at(5, 2)),
    ],
)
def test_it_is_due_once_a_night(now: datetime, last: datetime | None, due: datetime) -> None:
    assert next_run(now, last) == due
