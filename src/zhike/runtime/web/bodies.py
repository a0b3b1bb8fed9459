"""The body of a request, gathered before the application begins: no thread waits for a client."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from zhike.runtime.web.connection import Connection
from zhike.runtime.web.limits import MEGABYTE

type Environ = dict[str, Any]
type Message = dict[str, Any]
type Receive = Callable[[], Awaitable[Message]]
# How many bytes the application would keep of this request's body, if it is more than anybody may send.
type Allowance = Callable[[Environ], int]


class Gone(Exception):
    """The client is no more."""


class Refused(Exception):
    """The body is not taken in."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Body:
    """size: as announced, else as it came; the file holds less of it if it is cut."""

    file: IO[bytes]
    size: int
    is_cut: bool


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Where bodies are kept: small ones in memory, others in files without a name in the folder.

    threads: where the application is asked; disk: where files are written.
    """

    folder: Path
    threads: Executor
    disk: Executor
    allowance: Allowance


async def take_body(receive: Receive, environ: Environ, connection: Connection, storage: Storage) -> Body:
    """Gather the body.

    :raises Gone: the client left
    :raises Refused: there is no room for it, or no end to it
    """
    taking = _Taking(environ, connection, storage)
    try:
        return await taking.run(receive)
    except BaseException:
        taking.file.close()
        raise
    finally:
        if taking.holds_share:
            connection.door.large_bodies.give_back(connection.place)


class _Taking:
    """One body on its way in."""

    def __init__(self, environ: Environ, connection: Connection, storage: Storage) -> None:
        self._environ, self._connection, self._storage = environ, connection, storage
        self._limits = limits = connection.door.limits
        said = environ.get("CONTENT_LENGTH", "")
        self._announced = int(said) if said else None
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=limits.in_memory, dir=str(storage.folder))  # noqa: SIM115
        self.holds_share = self._has_asked = False
        self._keeps, self._most = limits.small_body, limits.small_body + limits.thrown_away
        self._came = self._kept = 0
        self._unwritten = bytearray()

    async def run(self, receive: Receive) -> Body:
        if self._announced is not None and self._announced > self._keeps:
            await self._ask()
        is_more = True
        while is_more:
            message = await receive()
            if message["type"] != "http.request":
                raise Gone
            piece, is_more = message["body"], message["more_body"]
            self._came += len(piece)
            if self._came > self._keeps and not self._has_asked:
                await self._ask()
            if self._came > self._most:
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            taken = piece[: max(0, self._keeps - self._kept)]
            self._kept += len(taken)
            self._unwritten += taken
            if len(self._unwritten) > MEGABYTE or not is_more:
                await self._write()
        self.file.seek(0)
        size = self._came if self._announced is None else self._announced
        return Body(self.file, size, is_cut=self._kept < self._came)

    async def _ask(self) -> None:
        """Ask the application how much of so large a body it would keep, now that it is known to be large."""
        self._has_asked = True
        loop = asyncio.get_running_loop()
        allowed = await loop.run_in_executor(self._storage.threads, self._storage.allowance, self._environ)
        self._most = max(self._limits.small_body, 2 * allowed) + self._limits.thrown_away
        expected = self._announced or 0
        if expected > self._most:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if expected > allowed or allowed <= self._limits.small_body:
            self._keeps = self._limits.kept_of_too_large if expected else self._keeps
            return
        self.holds_share = self._connection.door.large_bodies.take(self._connection.place)
        if not self.holds_share:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE)
        if shutil.disk_usage(self._storage.folder).free < (expected or allowed) + self._limits.free_disk:
            raise Refused(HTTPStatus.INSUFFICIENT_STORAGE)
        self._connection.trust()
        self._keeps = allowed

    async def _write(self) -> None:
        if self._kept <= self._limits.in_memory:
            self.file.write(self._unwritten)
        else:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._storage.disk, self.file.write, bytes(self._unwritten))
        self._unwritten.clear()
