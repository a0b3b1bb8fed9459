"""The only way out: every request that this product itself sends to another machine.

What a person, or an answer from outside, may name as an address must not lead into the house. A name is resolved once,
every address it has is looked at, and the connection goes to the very address that was looked at; redirects come by
here again. Size and time are bounded, whatever the other side does.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_BYTES = 1 << 20
MOST_SECONDS = 10.0
CONNECT_SECONDS = 5.0
MOST_REDIRECTS = 3
PIECE = 1 << 14
# Where clouds tell a machine its own secrets. No setting opens these.
NEVER = tuple(
    ipaddress.ip_network(one)
    for one in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32")
)
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class OutgoingRefused(RequestException):
    """The address may not be asked, or its answer is larger or slower than is taken."""


class _Forbidden(Exception):
    """As above, in a kind that urllib3 does not take for a failure of the network."""


def outgoing_session(*, most_seconds: float = MOST_SECONDS) -> Session:
    """A session of `requests` for one conversation with an address that is not ours.

    `OUTGOING_NETWORKS` of the settings are the networks of the house that may be asked all the same, also without TLS;
    `OUTGOING_HOSTS`, where it is not empty, the only hosts that are asked at all.
    most_seconds: how long one answer may take altogether.

    Its requests raise `RequestException`, and of these :class:`OutgoingRefused` for what this module refuses.
    """
    session = Session()
    # Proxies of the environment would resolve names again, out of our sight.
    session.trust_env = False
    session.verify = settings.OUTGOING_CA_FILE or True
    session.max_redirects = MOST_REDIRECTS
    session.headers["Connection"] = "close"
    session.adapters.clear()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Guard(most_seconds))
    return session


def check_address(text: str, *, is_secure: bool) -> None:
    """:raises OutgoingRefused: nothing of ours may connect to this address"""
    try:
        _check(ipaddress.ip_address(text.partition("%")[0]), is_secure=is_secure)
    except _Forbidden as refusal:
        raise OutgoingRefused(str(refusal)) from None


def _check(address: Address, *, is_secure: bool) -> None:
    meant = _meant(address)
    if _in(meant, NEVER) or _in(address, NEVER):
        raise _Forbidden(f"{address} belongs to the machine itself")
    if _in(meant, _open_networks()):
        return
    if not _is_public(meant):
        raise _Forbidden(f"{address} is not a public address")
    if not is_secure:
        raise _Forbidden(f"{address} may be asked over TLS only")


def _is_public(address: Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _meant(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that stands for it, by whichever of the ways there are."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    teredo = address.teredo[1] if address.teredo else None
    translated = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if _in(address, TRANSLATED) else None
    return address.ipv4_mapped or address.sixtofour or teredo or translated or address


def _in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _open_networks() -> list[Network]:
    return [ipaddress.ip_network(one) for one in settings.OUTGOING_NETWORKS]


def _check_host(host: str) -> None:
    """Where the settings name the hosts that may be asked: one of them, or below one that begins with a dot."""
    asked = host.strip("[]").rstrip(".").lower()
    named = [one.lower() for one in settings.OUTGOING_HOSTS]
    if named and not any(asked == one or (one.startswith(".") and asked.endswith(one)) for one in named):
        raise _Forbidden(f"{host} is none of the hosts in ZHIKE_OUTGOING_HOSTS")


def _connect(host: str, port: int, *, is_secure: bool) -> socket.socket:
    _check_host(host)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _Forbidden(f"{host} has no address") from error
    # One that may not be asked spoils the others: the next attempt might be sent there.
    for *_kind, place in found:
        _check(ipaddress.ip_address(str(place[0]).partition("%")[0]), is_secure=is_secure)
    problem: OSError | None = None
    for *_kind, place in found:
        try:
            return socket.create_connection((str(place[0]), port), timeout=CONNECT_SECONDS)
        except OSError as error:
            problem = error
    raise problem or OSError(f"{host} has no address")


class _Checked(HTTPConnection):
    """A connection to an address that was looked at."""

    is_secure: ClassVar[bool] = False
    watch: ClassVar[Callable[[socket.socket], None]]

    def _new_conn(self) -> socket.socket:
        made = _connect(self._dns_host, self.port or 0, is_secure=self.is_secure)
        type(self).watch(made)
        return made


class _SecureChecked(_Checked, HTTPSConnection):
    is_secure: ClassVar[bool] = True


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Guard(HTTPAdapter):
    """Opens looked-at connections, and reads answers no further and no longer than is taken."""

    def __init__(self, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._watches: list[tuple[float, threading.Timer, socket.socket]] = []
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        watch = {"watch": staticmethod(self._watch)}
        plain, secure = type("Plain", (_Checked,), watch), type("Secure", (_SecureChecked,), watch)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }

    def _watch(self, connection: socket.socket) -> None:
        """Cut the connection off when its time is over, even in the middle of a line."""
        # TLS takes the socket over; its twin still reaches the same connection.
        twin = connection.dup()
        until = time.monotonic() + self._most_seconds
        timer = threading.Timer(self._most_seconds, _cut, [twin])
        timer.daemon = True
        timer.start()
        self._watches.append((until, timer, twin))

    def _end_watches(self) -> bool:
        """Stop watching; whether all was read in time."""
        is_in_time = all(time.monotonic() < deadline for deadline, _timer, _twin in self._watches)
        for _deadline, timer, twin in self._watches:
            timer.cancel()
            twin.close()
        self._watches.clear()
        return is_in_time

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        parts = urlsplit(request.url or "")
        if parts.username is not None or parts.password is not None:
            raise OutgoingRefused("The address holds a user name.", request=request)
        try:
            response = super().send(request, True, CONNECT_SECONDS, verify, cert)
            response._content = _read(response)  # what `Response.content` would read without a bound
            if not self._end_watches():
                raise _Forbidden(f"The answer took longer than {self._most_seconds} seconds.")
        except _Forbidden as refusal:
            raise OutgoingRefused(str(refusal), request=request) from None
        except (HTTPError, OSError) as error:
            if isinstance(error, RequestException):
                raise
            raise OutgoingRefused(f"The answer broke off: {error}", request=request) from error
        finally:
            self._end_watches()
            self.poolmanager.clear()
        return response


def _read(response: Response) -> bytes:
    content = bytearray()
    while piece := response.raw.read(PIECE, decode_content=True):
        content += piece
        if len(content) > MOST_BYTES:
            raise _Forbidden(f"The answer has more than {MOST_BYTES} bytes.")
    return bytes(content)
