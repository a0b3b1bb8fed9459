"""Between the event loop, which has time for slow clients, and the application's threads, which have not."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing, suppress
from contextvars import Context
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from zhike.runtime.web.answers import PIECE, READ, Broken, FileAnswer, Outlet
from zhike.runtime.web.bodies import Environ, Gone, Message, Receive, Refused, Storage, take_body
from zhike.runtime.web.connection import Connection
from zhike.runtime.web.environ import environ_of

type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# An answer that is complete before it has this size, or this age, is sent in one go.
AT_ONCE_BYTES = READ
AT_ONCE_SECONDS = 0.5
CUT = "zhike.body_is_cut"
WITHOUT_BODY = (204, 304)
logger = logging.getLogger("zhike.web")


@dataclass(frozen=True)
class Answer:
    """What a thread hands over as soon as it is known. An Outlet still gets filled then."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes | Outlet | FileAnswer


class Adapter:
    """A WSGI application as an ASGI application: gathers the body, runs it in a thread, sends what it answers."""

    def __init__(self, application: Application, *, storage: Storage) -> None:
        self._application, self._storage = application, storage

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"]["connection"]
        environ = environ_of(scope)
        try:
            if _is_chunked(scope):
                if "CONTENT_LENGTH" in environ:
                    # Two minds about where it ends: a proxy in front may have seen another request in it.
                    raise Refused(HTTPStatus.BAD_REQUEST)
                await self._take_body(receive, environ, connection)
            elif environ.get("CONTENT_LENGTH", "0") != "0":
                await self._take_body(receive, environ, connection)
        except Gone:
            return
        except Refused as refusal:
            await _refuse(refusal.status, receive, send, connection)
            return
        running = _Running(self._application, environ, connection, self._storage)
        self._storage.threads.submit(Context().run, running.work)
        answer = await running.begun
        try:
            await self._send(answer, connection, send)
        except Gone:
            pass
        except Broken:
            await connection.break_off()
        finally:
            if isinstance(answer.body, Outlet):
                answer.body.leave()
            elif isinstance(answer.body, FileAnswer):
                # The application's own tidying up, which may ask the database.
                self._storage.threads.submit(Context().run, answer.body.close)

    async def _take_body(self, receive: Receive, environ: Environ, connection: Connection) -> None:
        body = await take_body(receive, environ, connection, self._storage)
        environ["wsgi.input"], environ["CONTENT_LENGTH"], environ[CUT] = body.file, str(body.size), body.is_cut

    async def _send(self, answer: Answer, connection: Connection, send: Send) -> None:
        body = answer.body
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        if isinstance(body, bytes):
            pieces = [body[start : start + PIECE] for start in range(0, len(body), PIECE)] or [b""]
            for piece in pieces[:-1]:
                await _send_piece(piece, connection, send)
            await send({"type": "http.response.body", "body": pieces[-1]})
            return
        while piece := await self._next_piece(body):
            await _send_piece(piece, connection, send)
        await send({"type": "http.response.body"})

    async def _next_piece(self, body: Outlet | FileAnswer) -> bytes:
        if isinstance(body, Outlet):
            return await body.read()
        return await asyncio.get_running_loop().run_in_executor(self._storage.disk, body.file.read, READ)


class _Running:
    """One request in a thread of the application.

    begun: the answer, as soon as it is known what it is.
    """

    def __init__(self, application: Application, environ: Environ, connection: Connection, storage: Storage) -> None:
        self._application, self._environ = application, environ
        self._limits, self._storage = connection.door.limits, storage
        self._loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[Answer] = self._loop.create_future()
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._outlet: Outlet | None = None

    def work(self) -> None:
        try:
            with closing(self._environ["wsgi.input"]):
                self._answer()
        except BaseException as error:
            if self._outlet:
                self._outlet.end(is_broken=True)
                if isinstance(error, Gone):
                    return
                logger.exception("An answer broke off")
            else:
                self._loop.call_soon_threadsafe(_settle, self.begun, error)
            raise

    def _answer(self) -> None:
        result: Any = self._application(self._environ, self._start)
        is_sent_later = False
        try:
            if self._environ["REQUEST_METHOD"] == "HEAD":
                self._begin(b"")
            elif isinstance(result, FileAnswer) and (size := result.size()) is not None:
                is_sent_later = size > AT_ONCE_BYTES
                self._begin(result if is_sent_later else result.file.read())
            else:
                self._pass_on(result)
        finally:
            if not is_sent_later and hasattr(result, "close"):
                result.close()

    def _pass_on(self, pieces: Iterable[bytes]) -> None:
        first: list[bytes] = []
        size, began = 0, time.monotonic()
        for piece in pieces:
            if self._outlet:
                self._outlet.write(piece)
            elif first and (size > AT_ONCE_BYTES or time.monotonic() - began > AT_ONCE_SECONDS):
                self._outlet = Outlet(
                    self._limits, folder=self._storage.folder, disk=self._storage.disk, loop=self._loop
                )
                self._begin(self._outlet)
                self._outlet.write(b"".join([*first, piece]))
            else:
                first.append(piece)
                size += len(piece)
        if self._outlet:
            self._outlet.end()
        else:
            self._begin(b"".join(first))

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        self._status = int(status[:3])
        self._headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    def _begin(self, body: bytes | Outlet | FileAnswer) -> None:
        has_length = any(name.lower() == b"content-length" for name, _value in self._headers)
        may_have_none = self._environ["REQUEST_METHOD"] == "HEAD" or self._status in WITHOUT_BODY
        if isinstance(body, bytes) and not has_length and not may_have_none:
            self._headers.append((b"content-length", b"%d" % len(body)))
        answer = Answer(self._status, self._headers, body)
        self._loop.call_soon_threadsafe(_settle, self.begun, answer)


def _settle(begun: "asyncio.Future[Answer]", outcome: Answer | BaseException) -> None:
    """Tell whoever waits, unless the server stops and nobody does."""
    if begun.done():
        return
    if isinstance(outcome, BaseException):
        begun.set_exception(outcome)
    else:
        begun.set_result(outcome)


def _is_chunked(scope: dict[str, Any]) -> bool:
    return any(name == b"transfer-encoding" for name, _value in scope["headers"])


async def _send_piece(piece: bytes, connection: Connection, send: Send) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})
    connection.sent += len(piece)
    if connection.is_gone:
        raise Gone


async def _refuse(status: HTTPStatus, receive: Receive, send: Send, connection: Connection) -> None:
    """Say why and close, once the client has had a moment to send what is on its way."""
    await asyncio.sleep(0)  # until uvicorn has looked at all that came
    if not connection.cycle.waiting_for_100_continue:
        with suppress(TimeoutError):
            async with asyncio.timeout(connection.door.limits.linger_seconds):
                while (await receive()).get("more_body"):
                    pass
    said = status.phrase.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(said)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})
