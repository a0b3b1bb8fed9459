"""Addresses that a person may name do not lead into the house."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import override_settings
from requests import RequestException

from zhike.core.outgoing import MOST_BYTES, OutgoingRefused, check_address, outgoing_session

PUBLIC = "93.184.215.14"
INTO_THE_HOUSE = [
    *("http://127.0.0.1/", "https://localhost/", "http://127.1/", "http://2130706433/", "http://0x7f.0.0.1/"),
    *("http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://0.0.0.0/", "http://[::]/"),
    *("http://10.0.0.8/", "https://172.16.0.1/", "https://192.168.1.1/", "https://100.64.0.1/", "https://[fc00::1]/"),
    *("http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "https://[fd00:ec2::254]/"),
    *(
        "https://100.100.100.200/latest/meta-data/",
        "https://168.63.129.16/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
    ),
    *("https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/"),
    *("http://a..b/", "https://no-such-name.invalid/"),
]


class Answers(BaseHTTPRequestHandler):
    """A machine of the house that does not mean well."""

    def do_GET(self) -> None:
        getattr(self, f"answer_{self.path.strip('/').partition('?')[0]}")()

    def answer_hello(self) -> None:
        self._begin(200, **{"Content-Length": "5"})
        self.wfile.write(b"hello")

    def answer_elsewhere(self) -> None:
        self._begin(302, Location=self.path.partition("?")[2])

    def answer_endless(self) -> None:
        self._begin(200)
        for _ in range(100):
            self.wfile.write(b"x" * MOST_BYTES)

    def answer_bomb(self) -> None:
        content = gzip.compress(b"0" * 50 * MOST_BYTES)
        self._begin(200, **{"Content-Encoding": "gzip", "Content-Length": str(len(content))})
        self.wfile.write(content)

    def answer_drip(self) -> None:
        self._begin(200)
        self._drip(b"x")

    def answer_dripping_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        self._drip(b"x")

    def _drip(self, piece: bytes) -> None:
        for _ in range(100):
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(0.1)

    def _begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *arguments: Any) -> None:
        """Nothing: pytest would show it."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def opened(port: int) -> Iterator[str]:
    """The address of that machine, which the settings let us ask."""
    with override_settings(OUTGOING_NETWORKS=["127.0.0.1/32"]):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("address", INTO_THE_HOUSE)
def test_addresses_of_the_house_are_refused(address: str) -> None:
    with outgoing_session() as session, pytest.raises(RequestException):
        session.get(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::"])
def test_it_is_refused_for_what_it_is_and_not_because_nobody_answered(address: str) -> None:
    with pytest.raises(OutgoingRefused, match="not a public address"):
        check_address(address, is_secure=True)


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "::ffff:169.254.169.254"])
@override_settings(OUTGOING_NETWORKS=["0.0.0.0/0", "::/0"])
def test_no_setting_opens_what_a_cloud_tells_its_machines(address: str) -> None:
    with pytest.raises(OutgoingRefused, match="the machine itself"):
        check_address(address, is_secure=True)


def test_public_addresses_are_asked_over_tls_only() -> None:
    check_address(PUBLIC, is_secure=True)
    with pytest.raises(OutgoingRefused, match="TLS"):
        check_address(PUBLIC, is_secure=False)


@pytest.mark.parametrize(
    ("hosts", "is_asked"),
    [
        ([], True),
        (["127.0.0.1"], True),
        (["login.example.cn", "LOCALHOST"], False),
        ([".0.0.1"], True),
        (["7.0.0.1"], False),
    ],
)
def test_only_hosts_of_the_list_are_asked_where_there_is_one(opened: str, hosts: list[str], is_asked: bool) -> None:
    with override_settings(OUTGOING_HOSTS=hosts), outgoing_session() as session:
        if is_asked:
            assert session.get(f"{opened}/hello").text == "hello"
        else:
            with pytest.raises(OutgoingRefused, match="ZHIKE_OUTGOING_HOSTS"):
                session.get(f"{opened}/hello")


@override_settings(OUTGOING_HOSTS=["localhost"])
def test_hosts_are_compared_whatever_their_case_and_a_redirect_elsewhere_is_refused(opened: str) -> None:
    port = opened.rpartition(":")[2]
    with override_settings(OUTGOING_NETWORKS=["127.0.0.0/8", "::1/128"]), outgoing_session() as session:
        assert session.get(f"http://LOCALHOST:{port}/hello").text == "hello"
        with pytest.raises(OutgoingRefused, match="ZHIKE_OUTGOING_HOSTS"):
            session.get(f"http://localhost:{port}/elsewhere?http://127.0.0.1:{port}/hello")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.com/", "gopher://example.com/", "//x", "x"])
def test_only_http_is_spoken(address: str) -> None:
    with outgoing_session() as session, pytest.raises((RequestException, ValueError)):
        session.get(address)


def test_what_the_settings_open_can_be_asked(opened: str) -> None:
    with outgoing_session() as session:
        assert session.get(f"{opened}/hello").text == "hello"


def test_a_user_name_in_the_address_is_refused(opened: str) -> None:
    with outgoing_session() as session, pytest.raises(OutgoingRefused, match="user name"):
        session.get(f"{opened}/hello".replace("//", "//example.com:x@"))


def test_redirects_into_the_house_are_refused(opened: str, port: int) -> None:
    for target in (f"http://127.0.0.2:{port}/hello", f"http://localhost.:{port + 1}/", "http://169.254.169.254/"):
        with outgoing_session() as session, pytest.raises(RequestException):
            session.get(f"{opened}/elsewhere?{target}")
    with outgoing_session() as session, pytest.raises(RequestException):
        session.get(f"{opened}/elsewhere?file:///etc/passwd")


def test_a_name_is_resolved_once_and_that_address_asked(
    opened: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers differently the second time (DNS rebinding) gains nothing by it."""
    asked: list[str] = []
    honest = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        if host != "rebinding.example":
            return honest(host, *arguments, **options)
        asked.append(host)
        return honest("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with outgoing_session() as session:
        assert session.get(f"http://rebinding.example:{port}/hello").text == "hello"
    assert len(asked) == 1
    with outgoing_session() as session, pytest.raises(OutgoingRefused, match="not a public address"):
        session.get(f"http://rebinding.example:{port}/hello")


def test_one_address_of_the_house_spoils_a_name(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda _host, *rest, **more: [*honest(PUBLIC, *rest, **more), *honest("10.0.0.1", *rest, **more)],
    )
    with outgoing_session() as session, pytest.raises(OutgoingRefused, match=r"10\.0\.0\.1"):
        session.get(f"https://both.example:{port}/")


@pytest.mark.parametrize("path", ["endless", "bomb"])
def test_answers_are_read_no_further_than_is_taken(opened: str, path: str) -> None:
    with outgoing_session() as session, pytest.raises(OutgoingRefused, match="bytes"):
        session.get(f"{opened}/{path}")


@pytest.mark.parametrize("path", ["drip", "dripping_headers"])
def test_an_answer_that_drips_is_cut_off(opened: str, path: str) -> None:
    began = time.monotonic()
    with outgoing_session(most_seconds=0.6) as session, pytest.raises(RequestException):
        session.get(f"{opened}/{path}")
    assert time.monotonic() - began < 3


def test_proxies_of_the_environment_are_not_asked(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with outgoing_session() as session:
        assert session.get(f"{opened}/hello").text == "hello"
