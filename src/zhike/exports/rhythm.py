"""When something comes again: a time of day in somebody's zone, each day, one day of the week, or one of the month."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """every: "daily", "weekly" or "monthly". weekday: 1 is Monday. day: of the month, at most its last one."""

    every: str
    at: time
    weekday: int = 1
    day: int = 1

    def next_after(self, moment: datetime, *, zone: str) -> datetime:
        """The first time after the moment, in UTC. A time that the clocks leap over comes an hour later; one that they
        pass twice comes once."""
        where = ZoneInfo(zone)
        today = moment.astimezone(where).date()
        for ahead in range(63):
            on = today + timedelta(days=ahead)
            if self._is_on(on):
                found = datetime.combine(on, self.at, where).astimezone(UTC)
                if found > moment:
                    return found
        raise ValueError(self.every)

    def _is_on(self, on: date) -> bool:
        match self.every:
            case "daily":
                return True
            case "weekly":
                return on.isoweekday() == self.weekday
        return on.day == min(self.day, monthrange(on.year, on.month)[1])
