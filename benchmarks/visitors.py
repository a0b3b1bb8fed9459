"""Eight people reading pages: each waits about a second between two, or (closed loop) not at all."""

import gzip
import http.client
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from harness import percentile

LOG_IN = "/account/log-in/"


@dataclass
class Visitor:
    """A logged-in browser without a screen: one kept-alive connection and its cookies."""

    address: str
    username: str
    password: str
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = urlsplit(self.address)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        page = self.get(LOG_IN)
        found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found, "the log-in page has no form"
        form = {"username": self.username, "password": self.password, "csrfmiddlewaretoken": found[1].decode()}
        status, _body = self._ask(
            "POST", LOG_IN, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert status == 302, f"log-in answered {status}"

    def get(self, path: str) -> bytes:
        status, body = self._ask("GET", path)
        assert status == 200, f"{path} answered {status}"
        return body

    def size_of(self, path: str) -> int:
        """Bytes that travel for this address, as compressed as the server can."""
        self._connection.request("GET", path, headers={"Cookie": self._cookie(), "Accept-Encoding": "br, gzip"})
        answer = self._connection.getresponse()
        return len(answer.read())

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        sent = {"Cookie": self._cookie(), "Accept-Encoding": "gzip", "Referer": self.address + path, **(headers or {})}
        self._connection.request(method, path, body or None, sent)
        answer = self._connection.getresponse()
        content = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        if answer.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return answer.status, content


@dataclass(frozen=True)
class Latency:
    """Milliseconds to the whole page; requests answered a second."""

    p50: float
    p95: float
    count: int
    rate: float


def read_pages(
    visitors: list[Visitor], path_of: Callable[[random.Random], str], *, seconds: float, pause: float, seed: int = 1
) -> Latency:
    """Let every visitor read pages for some seconds, pausing `pause` seconds on average (exponential) in between."""
    taken: list[float] = []
    failures: list[BaseException] = []
    end = time.monotonic() + seconds

    def visit(visitor: Visitor, dice: random.Random) -> None:
        try:
            while time.monotonic() < end:
                if pause:
                    time.sleep(min(dice.expovariate(1 / pause), 5))
                path = path_of(dice)
                began = time.perf_counter()
                visitor.get(path)
                taken.append(1000 * (time.perf_counter() - began))
        except (AssertionError, OSError, http.client.HTTPException) as error:
            failures.append(error)

    threads = [
        threading.Thread(target=visit, args=(visitor, random.Random(seed + place)))
        for place, visitor in enumerate(visitors)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"a page failed: {failures[0]}")
    return Latency(percentile(taken, 0.5), percentile(taken, 0.95), len(taken), len(taken) / seconds)
