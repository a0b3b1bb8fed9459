"""A scanner on loopback that speaks as clamd does, and knows the EICAR test file."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass
class Scanner:
    """most: bytes that it takes, as StreamMaxLength. mood: "drips" answers a byte at a time, "leaves" not at all."""

    place: str
    most: int = 1 << 20
    mood: str = ""
    scanned: list[int] = field(default_factory=list)


class _Talk(socketserver.StreamRequestHandler):
    scanner: Scanner

    def handle(self) -> None:
        command = self._until_zero()
        if command == b"zPING":
            self.wfile.write(b"PONG\0")
        elif command == b"zINSTREAM":
            self._scan()

    def _until_zero(self) -> bytes:
        said = b""
        while (sign := self.rfile.read(1)) not in (b"\0", b""):
            said += sign
        return said

    def _scan(self) -> None:
        content = b""
        while length := int.from_bytes(self.rfile.read(4), "big"):
            content += self.rfile.read(length)
            if len(content) > self.scanner.most:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.scanner.scanned.append(len(content))
        if self.scanner.mood == "leaves":
            return
        answer = b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if EICAR in content else b"stream: OK\0"
        for sign in answer:
            self.wfile.write(bytes([sign]))
            if self.scanner.mood == "drips":
                time.sleep(0.2)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: the other side may go at any time."""


@contextmanager
def scanner_beside() -> Iterator[Scanner]:
    talk: Any = type("Talk", (_Talk,), {})
    with _Server(("127.0.0.1", 0), talk) as server:
        talk.scanner = scanner = Scanner(place=f"127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield scanner
        finally:
            server.shutdown()
            thread.join()
