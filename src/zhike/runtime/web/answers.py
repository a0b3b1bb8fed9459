"""What the application answers, taken off its thread as fast as it comes and sent as fast as the client reads."""

import asyncio
import io
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import IO

from zhike.runtime.web.bodies import Gone
from zhike.runtime.web.limits import KILOBYTE, Limits

PIECE = 64 * KILOBYTE
READ = 256 * KILOBYTE


class FileAnswer:
    """A file to be sent as it is: the `wsgi.file_wrapper`."""

    def __init__(self, file: IO[bytes], block_size: int = READ) -> None:
        self.file, self._block_size = file, block_size

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self._block_size), b"")

    def size(self) -> int | None:
        """How much there is to send; None for what is no file of the disk, such as a part of one."""
        try:
            size = os.fstat(self.file.fileno()).st_size
        except (AttributeError, io.UnsupportedOperation):
            return None
        return size - self.file.tell()

    def close(self) -> None:
        self.file.close()


class Broken(Exception):
    """The application failed in the middle of its answer."""


class Outlet:
    """Bytes between the thread that makes them and the client that reads them: in memory, then on the disk.

    The thread waits only where the share of the disk is used up, and not for long.
    """

    def __init__(self, limits: Limits, *, folder: Path, disk: Executor, loop: asyncio.AbstractEventLoop) -> None:
        self._limits, self._folder, self._disk, self._loop = limits, folder, disk, loop
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._held = 0
        # What stands in the file is younger than what is in memory.
        self._file: IO[bytes] | None = None
        self._written = self._read = 0
        self._is_over = self._is_broken = self._is_abandoned = self._is_awaited = False
        self._wake = asyncio.Event()

    def write(self, piece: bytes) -> None:
        """:raises Gone: nobody reads any more"""
        with self._changed:
            self._wait_for_room()
            if not self._written and self._held + len(piece) <= self._limits.answer_in_memory:
                self._pieces.append(piece)
                self._held += len(piece)
                self._tell()
                return
        # Without the lock, which the event loop takes: a slow disk is to keep nobody else waiting.
        self._file = self._file or tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        rest = memoryview(piece)
        while rest:
            count = os.pwrite(self._file.fileno(), rest, self._written + len(piece) - len(rest))
            rest = rest[count:]
        with self._changed:
            self._written += len(piece)
            self._tell()

    def end(self, *, is_broken: bool = False) -> None:
        """The answer is complete, or never will be."""
        with self._changed:
            self._is_over, self._is_broken = True, is_broken
            self._tell()
            self._close_if_unused()

    def leave(self) -> None:
        """Nobody reads any more."""
        with self._changed:
            self._is_abandoned = True
            self._changed.notify_all()
            self._close_if_unused()

    async def read(self) -> bytes:
        """The next piece, empty at the end.

        :raises Broken: there will be no end
        """
        while True:
            with self._changed:
                if self._pieces:
                    return self._from_memory()
                behind = self._written - self._read
                if not behind and self._is_broken:
                    raise Broken
                if not behind and self._is_over:
                    return b""
                self._is_awaited = not behind
                self._wake.clear()
            if self._file and behind:
                return await self._from_file(self._file.fileno(), min(behind, READ))
            await self._wake.wait()

    def _close_if_unused(self) -> None:
        if self._file and self._is_over and self._is_abandoned:
            self._file.close()

    def _from_memory(self) -> bytes:
        taken = []
        size = 0
        while self._pieces and size < PIECE:
            taken.append(self._pieces.popleft())
            size += len(taken[-1])
        self._held -= size
        return b"".join(taken)

    async def _from_file(self, descriptor: int, size: int) -> bytes:
        piece = await self._loop.run_in_executor(self._disk, os.pread, descriptor, size, self._read)
        with self._changed:
            self._read += len(piece)
            self._changed.notify_all()
        return piece

    def _wait_for_room(self) -> None:
        """Wait while the client is too far behind; begin the file anew where it has read everything."""
        deadline = time.monotonic() + self._limits.drain_seconds
        while self._written - self._read > self._limits.answer_on_disk and not self._is_abandoned:
            if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                raise Gone
        if self._is_abandoned:
            raise Gone
        if self._file and self._written and self._read == self._written and not self._pieces:
            self._written = self._read = 0
            os.ftruncate(self._file.fileno(), 0)

    def _tell(self) -> None:
        if self._is_awaited:
            self._is_awaited = False
            self._loop.call_soon_threadsafe(self._wake.set)
