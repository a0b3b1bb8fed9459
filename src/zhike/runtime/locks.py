"""Locks between processes: held by the kernel, so a killed holder leaves none behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyLocked(Exception):
    """Another process holds the lock."""


@contextmanager
def exclusive(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Hold the lock file alone; gives its open descriptor.

    :raises AlreadyLocked: if another process holds it and `wait` is off
    """
    with _held(path, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB) as handle:
        yield handle


@contextmanager
def shared(path: Path) -> Iterator[int]:
    """Hold the lock file together with others who share it; gives its open descriptor."""
    with _held(path, fcntl.LOCK_SH) as handle:
        yield handle


@contextmanager
def _held(path: Path, operation: int) -> Iterator[int]:
    # Opened for this process alone: a child that inherited it would keep the lock alive.
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, operation)
        except BlockingIOError:
            raise AlreadyLocked(path) from None
        yield handle
    finally:
        os.close(handle)
