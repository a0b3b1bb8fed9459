"""Who is connected, and who has to go where there are too many."""

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from zhike.runtime.web.limits import Limits

TOLD_EVERY = 60.0
MOST_TOLD = 5
MOST_COUNTED = 1000
OURS = "our proxy"
logger = logging.getLogger("zhike.web")


class Guest(Protocol):
    """A connection, as the door sees it."""

    place: str

    @property
    def may_go(self) -> bool:
        """Whether nothing is being done for it yet."""

    @property
    def is_idle(self) -> bool: ...

    def make_room(self) -> None: ...

    def look(self, now: float) -> None: ...


class Crowd:
    """Guests by where they come from, the longest there first."""

    def __init__(self, *, most: int, most_of_one: int) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._at: dict[str, dict[Guest, None]] = {}
        self._count = 0

    def everybody(self) -> list[Guest]:
        return [guest for guests in self._at.values() for guest in guests]

    def add(self, guest: Guest) -> None:
        """Let one in, and have one go where there are too many: the longest there, the idle before others.

        People hold a connection for a moment and whoever wants to fill the house for long, so it is not people who go.
        """
        self._at.setdefault(guest.place, {})[guest] = None
        self._count += 1
        if crowd := self._too_many(guest):
            others = [one for one in crowd if one is not guest]
            idle = (one for one in others if one.is_idle)
            leaving = next(idle, None) or next((one for one in others if one.may_go), guest)
            leaving.make_room()

    def remove(self, guest: Guest) -> None:
        guests = self._at.get(guest.place, {})
        if guest in guests:
            del guests[guest]
            self._count -= 1
            if not guests:
                del self._at[guest.place]

    def _too_many(self, newcomer: Guest) -> dict[Guest, None] | None:
        guests = self._at[newcomer.place]
        if newcomer.place != OURS and len(guests) > self._most_of_one:
            return guests
        return max(self._at.values(), key=len) if self._count > self._most else None


class Shares:
    """How many of something there are, by place."""

    def __init__(self, *, most: int, most_of_one: int) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._held: Counter[str] = Counter()

    def take(self, place: str) -> bool:
        """Whether there was one left."""
        if self._held.total() >= self._most or (place != OURS and self._held[place] >= self._most_of_one):
            return False
        self._held[place] += 1
        return True

    def give_back(self, place: str) -> None:
        self._held[place] -= 1
        self._held += Counter()  # forgets the places that hold none


class Door:
    """Knows every connection, and looks after each once in a while.

    is_ours: whether an address is that of a proxy of ours, behind which many clients are.
    """

    def __init__(self, limits: Limits, *, is_ours: Callable[[str], bool]) -> None:
        self.limits = limits
        self.connected = Crowd(most=limits.connections, most_of_one=limits.connections_of_one)
        self.half_sent = Crowd(most=limits.half_sent, most_of_one=limits.half_sent_of_one)
        self.large_bodies = Shares(most=limits.large_bodies, most_of_one=limits.large_bodies_of_one)
        self._is_ours = is_ours
        self._refused: Counter[tuple[str, str]] = Counter()

    def place_of(self, address: str) -> str:
        return OURS if self._is_ours(address) else network_of(address)

    def note(self, guest: Guest, what: str) -> None:
        """Remember for the log why a client was cut off."""
        known = (what, guest.place)
        self._refused[known if known in self._refused or len(self._refused) < MOST_COUNTED else (what, "others")] += 1

    async def watch(self) -> None:
        """Look after everybody until cancelled; what was noted is told in one go, so that no flood fills the log."""
        loop = asyncio.get_running_loop()
        told = loop.time()
        while True:
            await asyncio.sleep(self.limits.tick)
            now = loop.time()
            for guest in self.connected.everybody():
                guest.look(now)
            if now - told >= TOLD_EVERY:
                told = now
                self.tell()

    def tell(self) -> None:
        for (what, place), count in self._refused.most_common(MOST_TOLD):
            logger.warning("%s: %d times from %s", what, count, place)
        self._refused.clear()


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Who counts as one: an address, or the network that a customer of an IPv6 provider has all to themselves."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
