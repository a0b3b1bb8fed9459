"""Who moves too little for too long."""

from zhike.runtime.web.limits import Limits


class Pace:
    """Looks at the end of each stretch of time how many bytes came or went in it."""

    def __init__(self, limits: Limits) -> None:
        self._stretch, self._least = limits.stretch, limits.least_bytes
        self._since = self._at_first = 0.0

    def restart(self, now: float, moved: int) -> None:
        self._since, self._at_first = now, moved

    def is_too_slow(self, now: float, moved: int) -> bool:
        if now - self._since < self._stretch:
            return False
        if moved - self._at_first < self._least:
            return True
        self.restart(now, moved)
        return False
