"""Asks a virus scanner about files of strangers, where the instance has one: clamd, by its INSTREAM command.

It fails closed: where a scanner is configured and does not say that a file is clean, the file is not taken.
"""

import logging
import socket
import time
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from zhike.core.errors import DomainError

CONNECT_SECONDS = 5.0
MOST_SECONDS = 300.0
PIECE = 1 << 17
LONGEST_ANSWER = 4096
UNIX = "unix:"
log = logging.getLogger("zhike.scanning")


class FileInfected(DomainError):
    code = "file_infected"
    status = 422

    def __init__(self, name: str, found: str) -> None:
        super().__init__(
            _("%(file)s was not taken: the virus scanner found %(found)s.") % {"file": name, "found": found}
        )


class ScannerUnavailable(DomainError):
    """The scanner is not there, too slow, or answers what nobody understands."""

    code = "scanner_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("The file was not taken: the virus scanner could not check it. Tell your administrator."))


def check_file(path: Path, *, name: str) -> None:
    """See that the scanner finds nothing in the file; nothing is asked where there is no scanner.

    name: what people know the file by.

    :raises FileInfected: it found something
    :raises ScannerUnavailable: it did not say that the file is clean
    """
    if not settings.CLAMD:
        return
    try:
        answer = _ask(path)
    except OSError as error:
        log.warning("The virus scanner cannot be asked: %s", error)
        raise ScannerUnavailable from error
    if answer == "stream: OK":
        return
    found = answer.removeprefix("stream: ").removesuffix(" FOUND")
    if answer == f"stream: {found} FOUND":
        log.warning("The virus scanner found %s in a file that was sent in", found)
        raise FileInfected(name, found)
    log.warning("The virus scanner did not scan: %s", answer)
    raise ScannerUnavailable


def ping() -> None:
    """:raises OSError: the scanner does not answer"""
    with _connected(time.monotonic() + CONNECT_SECONDS) as line:
        line.sendall(b"zPING\0")
        if (answer := _read(line, time.monotonic() + CONNECT_SECONDS)) != "PONG":
            raise OSError(f"answered {answer!r}")


def _ask(path: Path) -> str:
    until = time.monotonic() + MOST_SECONDS
    with _connected(until) as line, path.open("rb") as file:
        try:
            line.sendall(b"zINSTREAM\0")
            while piece := file.read(PIECE):
                line.settimeout(_left(until))
                line.sendall(len(piece).to_bytes(4, "big") + piece)
            line.sendall(bytes(4))
        except (BrokenPipeError, ConnectionResetError):
            # It has said why, for example that the file is larger than it takes.
            pass
        return _read(line, until)


def _connected(until: float) -> socket.socket:
    place: str = settings.CLAMD
    if place.startswith(UNIX):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(CONNECT_SECONDS)
        try:
            made.connect(place.removeprefix(UNIX))
        except OSError:
            made.close()
            raise
    else:
        host, _colon, port = place.rpartition(":")
        made = socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS)
    made.settimeout(_left(until))
    return made


def _read(line: socket.socket, until: float) -> str:
    answer = b""
    while not answer.endswith(b"\0"):
        line.settimeout(_left(until))
        piece = line.recv(LONGEST_ANSWER)
        answer += piece
        if not piece or len(answer) > LONGEST_ANSWER:
            raise OSError("the answer broke off")
    return answer[:-1].decode(errors="replace")


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("it takes too long")
    return left
