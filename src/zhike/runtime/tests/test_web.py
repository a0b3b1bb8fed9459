"""Slow, endless and vanishing clients on real sockets; the limits are those of the product, made small."""

import hashlib
import http.client
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from zhike.runtime import ports
from zhike.runtime.web.door import OURS, Crowd, Door, network_of
from zhike.runtime.web.limits import KILOBYTE, MEGABYTE, Limits
from zhike.runtime.web.server import WebServer, make_server

HOST = "127.0.0.1"
SMALL = Limits(
    threads=2,
    connections=60,
    connections_of_one=50,
    half_sent=40,
    half_sent_of_one=30,
    large_bodies=2,
    large_bodies_of_one=2,
    head_seconds=0.6,
    idle_seconds=30,
    stretch=0.5,
    least_bytes=1000,
    small_body=200 * KILOBYTE,
    thrown_away=MEGABYTE,
    linger_seconds=0.1,
    free_disk=0,
    answer_on_disk=64 * MEGABYTE,
    drain_seconds=1,
    tick=0.1,
    stop_seconds=1,
)
LARGE = 100 * MEGABYTE
AT_ONCE = 1.0  # seconds; what is at once takes some milliseconds, but on a machine that has nothing else to do
type Start = Callable[..., Any]


class Application:
    """Says what it was asked, and remembers who worked for it."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.seen: list[dict[str, Any]] = []
        self.closed = 0
        self.made = 0

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        self.threads.add(threading.current_thread().name)
        self.seen.append(environ)
        match environ["PATH_INFO"]:
            case "/body":
                digest, size = hashlib.sha256(), 0
                while piece := environ["wsgi.input"].read(MEGABYTE):
                    digest.update(piece)
                    size += len(piece)
                said = f"{size} {environ['CONTENT_LENGTH']} {environ['zhike.body_is_cut']} {digest.hexdigest()}"
                start("200 OK", [("Content-Type", "text/plain")])
                return [said.encode()]
            case "/stream":
                start("200 OK", [("Content-Type", "text/csv")])
                return Rows(self, int(environ["QUERY_STRING"]))
            case "/broken":
                start("200 OK", [("Content-Type", "text/csv")])
                return self._broken()
            case "/file":
                file = tempfile.TemporaryFile()  # noqa: SIM115
                file.write(b"f" * int(environ["QUERY_STRING"]))
                file.seek(0)
                start("200 OK", [("Content-Type", "application/octet-stream")])
                wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
                return wrapped
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    def _broken(self) -> Iterator[bytes]:
        yield b"a" * MEGABYTE
        yield b"b" * MEGABYTE
        raise ValueError("in the middle")


class Rows:
    """So many megabytes, one by one."""

    def __init__(self, application: Application, count: int) -> None:
        self._application, self._count = application, count

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self._count):
            self._application.made += 1
            yield b"r" * MEGABYTE

    def close(self) -> None:
        self._application.closed += 1


class House:
    """A server in a thread of the test."""

    def __init__(self, application: Application, folder: Path) -> None:
        self.application, self.port = application, ports.any_free(HOST)
        self.allowed = 3 << 30
        self.server: WebServer = make_server(
            application,
            host=HOST,
            port=self.port,
            folder=folder,
            allowance=lambda environ: self.allowed if environ.get("HTTP_COOKIE") else 0,
            is_ours=lambda address: False,
            limits=SMALL,
        )
        self._thread = threading.Thread(target=self.server.run)

    def __enter__(self) -> "House":
        self._thread.start()
        while not self.server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.should_exit = True
        self._thread.join()

    def connect(self, *, small_window: bool = False) -> socket.socket:
        connection = socket.socket()
        if small_window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect((HOST, self.port))
        return connection

    def send(self, content: bytes, **how: bool) -> socket.socket:
        connection = self.connect(**how)
        connection.sendall(content)
        return connection

    def ask(self, method: str = "GET", path: str = "/", body: Any = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def answers_at_once(self) -> bool:
        began = time.monotonic()
        return self.ask() == (200, b"ok") and time.monotonic() - began < AT_ONCE


@pytest.fixture(scope="module")
def application() -> Application:
    return Application()


@pytest.fixture(scope="module")
def house(application: Application, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(application, tmp_path_factory.mktemp("web")) as house:
        yield house


HEAD = b"POST /body HTTP/1.1\r\nHost: localhost\r\n"
SLOW = {
    "nothing at all": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: local",
    "a body that stalls": HEAD + b"Content-Length: 5000\r\n\r\nabc",
    "two gigabytes that stall": HEAD + b"Content-Length: 2147483648\r\nCookie: a=b\r\n\r\nabc",
    "chunks without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
}


@pytest.mark.parametrize("kind", SLOW)
def test_who_sends_slowly_holds_no_thread_and_is_cut_off(house: House, kind: str) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(house.send(SLOW[kind])) for _ in range(12)]
        assert house.answers_at_once()
        if kind == "nothing at all":
            return  # idle connections are those of browsers, and stay until there is no room
        began = time.monotonic()
        answers = [connection.recv(1000) for connection in slow]
        assert time.monotonic() - began < 3
    # Two large ones may be on their way at once; the others are told so.
    assert {answer[:12] for answer in answers} <= {b"HTTP/1.1 408", b"HTTP/1.1 503"}
    assert any(answer.startswith(b"HTTP/1.1 408") for answer in answers)
    assert house.answers_at_once()


def test_byte_by_byte_is_too_slow(house: House) -> None:
    with house.send(HEAD + b"Content-Length: 5000\r\n\r\n") as connection, suppress(OSError):
        began = time.monotonic()
        while time.monotonic() - began < 5:
            connection.sendall(b"x")
            time.sleep(0.05)
        pytest.fail("nobody minded")
    assert house.answers_at_once()


def test_a_head_without_end_is_refused(house: House) -> None:
    with house.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * SMALL.head_bytes)
        assert connection.recv(100).startswith(b"HTTP/1.1 4")


def test_many_half_sent_requests_of_one_address_make_room_for_others(house: House) -> None:
    with ExitStack() as stack:
        first = [stack.enter_context(house.send(SLOW["half a head"])) for _ in range(SMALL.half_sent_of_one)]
        for _ in range(10):
            stack.enter_context(house.send(SLOW["half a head"]))
        assert first[0].recv(100).startswith(b"HTTP/1.1 503")
        assert house.answers_at_once()


def test_many_idle_connections_make_room_for_others(house: House) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(house.connect()) for _ in range(SMALL.connections_of_one + 20)]
        assert house.answers_at_once()
        with suppress(ConnectionResetError):
            assert idle[0].recv(1) == b""


def test_a_large_body_comes_whole_and_stays_out_of_memory(house: House) -> None:
    piece = b"0123456789abcdef" * (MEGABYTE // 16)
    digest = hashlib.sha256(piece * 100).hexdigest()
    before, most = psutil.Process().memory_info().rss, 0

    def pieces() -> Iterator[bytes]:
        nonlocal most
        for place in range(100):
            if place % 10 == 0:
                most = max(most, psutil.Process().memory_info().rss)
            yield piece

    status, said = house.ask("POST", "/body", pieces(), Cookie="a=b", **{"Content-Length": str(LARGE)})
    assert (status, said.decode()) == (200, f"{LARGE} {LARGE} False {digest}")
    assert most - before < 40 * MEGABYTE
    # In chunks, whose sum nobody announces.
    status, said = house.ask("POST", "/body", iter([piece] * 3), Cookie="a=b")
    assert said.decode().split()[:3] == [str(3 * MEGABYTE), str(3 * MEGABYTE), "False"]


def test_of_what_may_not_be_kept_the_beginning_is_kept(house: House) -> None:
    """For the application to say what is wrong with it."""
    status, said = house.ask("POST", "/body", b"x" * MEGABYTE)
    assert (status, said.split()[:3]) == (200, [str(SMALL.kept_of_too_large).encode(), b"%d" % MEGABYTE, b"True"])
    status, said = house.ask("POST", "/body", iter([b"x" * MEGABYTE]))
    assert (status, said.split()[:3]) == (200, [b"%d" % SMALL.small_body, b"%d" % MEGABYTE, b"True"])


@pytest.mark.parametrize("how", ["announced", "in chunks"])
def test_what_is_too_large_to_be_thrown_away_is_refused(house: House, how: str) -> None:
    with house.connect() as connection:
        kind = b"Content-Length: 9000000000\r\n\r\n" if how == "announced" else b"Transfer-Encoding: chunked\r\n\r\n"
        connection.sendall(HEAD + kind)
        with suppress(OSError):
            for _ in range(3):
                connection.sendall(b"100000\r\n" + b"x" * MEGABYTE + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_who_does_not_read_holds_no_thread_and_is_cut_off(house: House, application: Application) -> None:
    application.made = application.closed = 0
    with ExitStack() as stack:
        ask = b"GET /stream?40 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        slow = [stack.enter_context(house.send(ask, small_window=True)) for _ in range(4)]
        deadline = time.monotonic() + 10
        # All four are made to the end by two threads, though nobody reads.
        while application.closed < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert (application.made, application.closed) == (160, 4)
        assert house.answers_at_once()
        _wait_until(lambda: len(house.server.server_state.connections) <= 1)
        with suppress(ConnectionResetError):
            while slow[0].recv(MEGABYTE):
                pass
    assert house.answers_at_once()


def test_who_takes_more_than_the_disk_may_hold_is_let_go(house: House, application: Application) -> None:
    application.made = application.closed = 0
    with house.send(b"GET /stream?500 HTTP/1.1\r\nHost: localhost\r\n\r\n", small_window=True):
        _wait_until(lambda: application.closed == 1)
    assert application.made < 100


def test_answers_come_whole(house: House) -> None:
    for count in (0, 1, 3, 30):
        assert house.ask(path=f"/stream?{count}") == (200, b"r" * MEGABYTE * count)
    for size in (0, 10, 3 * MEGABYTE):
        assert house.ask(path=f"/file?{size}") == (200, b"f" * size)
    assert house.ask("HEAD", "/stream?3") == (200, b"")


def test_an_answer_that_breaks_off_does_not_look_whole(house: House) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        house.ask(path="/broken")
    assert house.answers_at_once()


def test_a_client_who_leaves_ends_the_work(house: House, application: Application) -> None:
    application.made = application.closed = 0
    connection = house.send(b"GET /stream?2000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    connection.recv(1000)
    connection.close()
    _wait_until(lambda: application.closed == 1)
    assert application.made < 1000


def test_the_application_is_told_as_wsgi_says(house: House, application: Application) -> None:
    with house.connect() as connection:
        # Two at once, on one connection: the second waits for the first.
        connection.sendall(
            b"GET /%E5%AE%A2?q=%E5%AE%A2 HTTP/1.1\r\nHost: localhost\r\n"
            b"Cookie: a=1\r\nCookie: b=2\r\nX-A: 1\r\nX-A: 2\r\n"
            b"X-Forwarded-For: 1.1.1.1\r\nX_Forwarded_For: 2.2.2.2\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
            b"POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
        )
        answer = b""
        while answer.count(b"HTTP/1.1 200") < 2 or not answer.endswith(hashlib.sha256(b"hi").hexdigest().encode()):
            answer += connection.recv(1000)
    first, second = application.seen[-2:]
    assert first["PATH_INFO"].encode("latin-1").decode() == "/客"
    assert (first["QUERY_STRING"], first["HTTP_COOKIE"], first["HTTP_X_A"]) == ("q=%E5%AE%A2", "a=1; b=2", "1,2")
    assert (first["HTTP_X_FORWARDED_FOR"], first["REMOTE_ADDR"]) == ("1.1.1.1", HOST)
    assert (second["CONTENT_LENGTH"], "HTTP_TRANSFER_ENCODING" in second) == ("2", False)
    assert application.threads <= {"web_0", "web_1"}


class Guest:
    """Stands at the door, and may be asked to go."""

    def __init__(self, place: str, *, is_idle: bool = False, may_go: bool = True) -> None:
        self.place, self.is_idle, self.may_go, self.has_gone = place, is_idle, may_go, False

    def make_room(self) -> None:
        self.has_gone = True

    def look(self, now: float) -> None: ...


def test_the_longest_there_of_the_most_crowded_place_makes_room() -> None:
    crowd = Crowd(most=5, most_of_one=3)
    crowded = [Guest("a", may_go=False), Guest("a"), Guest("a", is_idle=True)]
    for guest in [*crowded, Guest("b")]:
        crowd.add(guest)
    crowd.add(Guest("a"))  # a fourth at the place
    assert [guest.has_gone for guest in crowded] == [False, False, True]
    crowd.remove(crowded[2])
    for place in ("c", "d"):
        crowd.add(Guest(place))  # the sixth at all
    assert crowded[1].has_gone
    busy = Crowd(most=1, most_of_one=1)
    busy.add(Guest("a", may_go=False))
    last = Guest("b", may_go=False)
    busy.add(last)
    assert last.has_gone


def test_a_proxy_of_ours_is_many_clients() -> None:
    crowd = Crowd(most=10, most_of_one=2)
    guests = [Guest(OURS) for _ in range(10)]
    for guest in guests:
        crowd.add(guest)
    assert not any(guest.has_gone for guest in guests)


def test_what_was_noted_is_told_in_one_go(caplog: pytest.LogCaptureFixture) -> None:
    door = Door(SMALL, is_ours=lambda address: False)
    for _ in range(1000):
        door.note(Guest("192.0.2.7"), "heads sent too slowly")
    door.note(Guest("192.0.2.8"), "requests that are no HTTP")
    door.tell()
    door.tell()
    assert [record.getMessage() for record in caplog.records] == [
        "heads sent too slowly: 1000 times from 192.0.2.7",
        "requests that are no HTTP: 1 times from 192.0.2.8",
    ]


def test_a_network_of_ipv6_counts_as_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") != network_of("192.0.2.8")


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
