"""A stream through zstd and age and back. age authenticates every 64 kB and the end, so nothing cut or changed passes.

The cipher runs in a thread of its own behind a pipe: it takes its input from a file, and so does everything before it.
"""

import os
import tarfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

import pyrage
from backports import zstd

from zhike.backup.problems import Damaged, WrongKey

LEVEL = 3
BLOCK = 1 << 20


class _Cipher(threading.Thread):
    """Runs the work, and keeps what it failed of."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="backup-cipher")
        self._work = work
        self.failure: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except (OSError, pyrage.EncryptError, pyrage.DecryptError) as failure:
            self.failure = failure


@contextmanager
def sealing(target: BinaryIO, recipients: Sequence[pyrage.x25519.Recipient]) -> Iterator[BinaryIO]:
    """A stream whose contents reach the file compressed, and readable by the recipients alone.

    :raises OSError: the file could not be written
    """
    read_end, write_end = os.pipe()

    def encrypt() -> None:
        with open(read_end, "rb", buffering=BLOCK) as source:
            pyrage.encrypt_io(source, target, list(recipients))

    cipher = _Cipher(encrypt)
    workers = min(4, os.cpu_count() or 1)
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: LEVEL,
        zstd.CompressionParameter.nb_workers: workers,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    try:
        with open(write_end, "wb", buffering=BLOCK) as pipe, zstd.ZstdFile(pipe, "w", options=options) as stream:
            yield cast(BinaryIO, stream)
    except BrokenPipeError:
        cipher.join()
        if cipher.failure is None:
            raise
    finally:
        cipher.join()
    if cipher.failure is not None:
        raise OSError(str(cipher.failure)) from cipher.failure


@contextmanager
def opening(source: BinaryIO, identities: Sequence[pyrage.x25519.Identity]) -> Iterator[BinaryIO]:
    """The contents of a sealed stream. Only when the block has ended without an error was all of it authentic.

    :raises WrongKey: it was sealed for others
    :raises Damaged: it was cut off or changed
    """
    read_end, write_end = os.pipe()

    def decrypt() -> None:
        with open(write_end, "wb", buffering=BLOCK) as sink:
            pyrage.decrypt_io(source, sink, list(identities))

    cipher = _Cipher(decrypt)
    try:
        with open(read_end, "rb", buffering=BLOCK) as pipe:
            with zstd.ZstdFile(pipe, "r") as stream:
                yield cast(BinaryIO, stream)
                _drain(cast(BinaryIO, stream))
            _drain(pipe)
    except (EOFError, zstd.ZstdError, tarfile.TarError) as failure:
        cipher.join()
        if isinstance(cipher.failure, pyrage.DecryptError):
            raise WrongKey from failure
        raise Damaged(str(cipher.failure or failure)) from failure
    finally:
        cipher.join()
    if isinstance(cipher.failure, pyrage.DecryptError):
        raise WrongKey from cipher.failure
    if cipher.failure is not None:
        raise Damaged(str(cipher.failure)) from cipher.failure


def _drain(stream: BinaryIO) -> None:
    while stream.read(BLOCK):
        pass
