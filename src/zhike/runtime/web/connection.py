"""One client's connection: uvicorn's, with an eye on how long everything takes."""

import asyncio
from enum import Enum, auto
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from zhike.runtime.web.door import Door
from zhike.runtime.web.pace import Pace

UNKNOWN = "unknown"
TOO_SLOW = b"408 Request Timeout"
TOO_MANY = b"503 Service Unavailable"


class Phase(Enum):
    """IDLE: no byte of the next request has come. WORK: it has come whole and is being answered."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    WORK = auto()


class Connection(H11Protocol):
    """Is cut off where it sends a head or a body too slowly, or takes an answer too slowly.

    received, sent: bytes that went through. sent counts what the application's side has handed over; it hands over
    no more than fits as long as the client does not read.
    """

    def __init__(self, *arguments: Any, door: Door, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.door, self.place, self.is_gone = door, UNKNOWN, False
        self.received = self.sent = 0
        self._phase, self._since = Phase.IDLE, self.loop.time()
        self._inward, self._outward = Pace(door.limits), Pace(door.limits)
        self._is_trusted = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": self}
        self.place = self.door.place_of(self.client[0] if self.client else UNKNOWN)
        self.door.connected.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        self.door.connected.remove(self)
        self.door.half_sent.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)
        self._settle()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._settle()

    def send_400_response(self, msg: str) -> None:
        self.door.note(self, "requests that are no HTTP")
        super().send_400_response(msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Clients offer HTTP/2 in passing; a line of the log for each would tell nothing."""

    def shutdown(self) -> None:
        """The server stops: whose request has come whole is answered first."""
        if self._phase is Phase.WORK:
            super().shutdown()
        else:
            self.transport.abort()

    @property
    def may_go(self) -> bool:
        return self._phase is not Phase.WORK and not self._is_trusted

    @property
    def is_idle(self) -> bool:
        return self._phase is Phase.IDLE

    def trust(self) -> None:
        """A large body is expected of this client, and counted elsewhere: it does not make room for others."""
        self._is_trusted = True
        self.door.half_sent.remove(self)

    def make_room(self) -> None:
        if self._phase is Phase.IDLE:
            self.transport.abort()
        else:
            self.turn_away(TOO_MANY, "requests half sent, too many of them")

    def turn_away(self, status: bytes, why: str) -> None:
        """Answer in short, where nothing has been answered yet, and close."""
        self.door.note(self, why)
        if not (self.cycle and self.cycle.response_started and not self.cycle.response_complete):
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.transport.close()

    def cut_off(self, why: str) -> None:
        self.door.note(self, why)
        self.transport.abort()

    async def break_off(self) -> None:
        """Close in the middle of an answer, so that the client sees that it is not whole."""
        self.transport.abort()
        await asyncio.sleep(0)  # until uvicorn knows

    def look(self, now: float) -> None:
        """Cut the client off if it is too slow by now."""
        if self.transport.get_write_buffer_size() == 0:
            self._outward.restart(now, self.sent)
        elif self._outward.is_too_slow(now, self.sent):
            self.cut_off("answers not taken")
            return
        limits, held = self.door.limits, now - self._since
        if self.transport.is_closing() or self._phase is Phase.WORK:
            return
        if self._phase is Phase.IDLE:
            if held > limits.idle_seconds:
                self.transport.close()
        elif self._phase is Phase.HEAD:
            if held > limits.head_seconds:
                self.turn_away(TOO_SLOW, "heads sent too slowly")
        elif self.flow.read_paused or self.cycle.waiting_for_100_continue:
            self._inward.restart(now, self.received)  # it is we who keep the client waiting
        elif self._inward.is_too_slow(now, self.received) or held > limits.body_seconds:
            self.turn_away(TOO_SLOW, "bodies sent too slowly")

    def _settle(self) -> None:
        """See which phase the connection is in."""
        their = self.conn.their_state
        if their is h11.SEND_BODY:
            phase = Phase.BODY
        elif their is h11.IDLE:
            phase = Phase.HEAD if self.conn.trailing_data[0] else Phase.IDLE
        else:
            phase = Phase.WORK
        if phase is self._phase:
            return
        was_half_sent = self._phase in (Phase.HEAD, Phase.BODY)
        self._phase, self._since, self._is_trusted = phase, self.loop.time(), False
        if phase is Phase.BODY:
            self._inward.restart(self._since, self.received)
        if phase in (Phase.HEAD, Phase.BODY):
            if not was_half_sent:
                self.door.half_sent.add(self)
        elif was_half_sent:
            self.door.half_sent.remove(self)
