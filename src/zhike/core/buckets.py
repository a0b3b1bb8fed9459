"""Token buckets: how many requests somebody may send, in one process and without a table."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

MOST_BUCKETS = 20_000


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many at once, and so many a second from then on. per_second 0: as many as one likes."""

    per_second: float
    burst: float


class Buckets:
    """One bucket for everybody who asks. The one that was asked for longest ago makes room for a new one."""

    def __init__(self, most: int = MOST_BUCKETS) -> None:
        self._most = most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, rate: Rate, *, at: float | None = None) -> float:
        """Take one out of the key's bucket; 0.0, or how many seconds until there is one again.

        at: seconds of a clock that only goes forward.
        """
        if not rate.per_second:
            return 0.0
        at = time.monotonic() if at is None else at
        with self._lock:
            level, seen = self._levels.get(key, (rate.burst, at))
            level = min(rate.burst, level + (at - seen) * rate.per_second)
            wait = 0.0 if level >= 1 else (1 - level) / rate.per_second
            self._levels[key] = (level if wait else level - 1, at)
            self._levels.move_to_end(key)
            if len(self._levels) > self._most:
                self._levels.popitem(last=False)
        return wait

    def clear(self) -> None:
        with self._lock:
            self._levels.clear()
