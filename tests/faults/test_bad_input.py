"""Broken and hostile files, sent to a running instance by the browser's form and by `zhike import`.

Each is refused in words that name the file, and the row and the column where there is one; nothing is written, and
the server stays up.
"""

import http.client
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest

from zhike.cli.output import Exit
from zhike.cli.tests.commands import run_zhike
from zhike.runtime import postgres
from zhike.runtime.home import Home
from zhike.runtime.ports import any_free

HEAD = "客户编号,姓名,手机\n"
GIGABYTE = 1 << 30
PIECE = 1 << 20
CALM_MB = 150
AT_ONCE = 5  # seconds; it takes a tenth of one where nothing else runs
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# What a refused file may leave behind: who was there, the import itself, the run that follows every import, and the
# history of these.
BESIDE = ("procrastinate_", "django_", "exchange_", "accounts_", "insight_refresh", "scores_scoringrun", "audit_")
type Body = bytes | Iterator[bytes] | None


@dataclass
class Site:
    """A running instance, and somebody who is logged in to it."""

    home: Home
    environment: dict[str, str]
    address: str
    web: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Body = None, **headers: str) -> tuple[int, str, str]:
        """Status, text, and where the answer leads."""
        host = urlsplit(self.address)
        connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=120)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        token = self.cookies.get("zhike_csrf", "")
        connection.request(method, path, body, {"Cookie": cookie, "X-CSRFToken": token, **headers})
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers.get("Location") or ""

    def post(self, path: str, fields: dict[str, str]) -> tuple[int, str, str]:
        return self.ask("POST", path, urlencode(fields).encode(), **FORM)

    def upload(self, name: str, pieces: Iterator[bytes], size: int) -> tuple[int, str, str]:
        opening = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        ending = b"\r\n--edge--\r\n"

        def body() -> Iterator[bytes]:
            yield opening
            yield from pieces
            yield ending

        length = str(len(opening) + size + len(ending))
        headers = {"Content-Type": "multipart/form-data; boundary=edge", "Content-Length": length}
        return self.ask("POST", "/imports/upload/", body(), **headers)

    def zhike(self, *arguments: str | Path, typed: str = "") -> subprocess.CompletedProcess[str]:
        return run_zhike(*arguments, environment=self.environment, typed=typed)

    def row_counts(self) -> dict[str, int]:
        with psycopg.connect(postgres.ensure_running(self.home).owner_url) as owner:
            tables = owner.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            names = [name for (name,) in tables.fetchall() if not name.startswith(BESIDE)]
            counts = {}
            for name in names:
                (counts[name],) = owner.execute(f'SELECT count(*) FROM "{name}"').fetchone() or (0,)  # noqa: S608
            return counts

    def memory_mb(self) -> int:
        """Resident memory of the web server and the processes it started."""
        listing = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
        processes = [tuple(map(int, line.split())) for line in listing.splitlines()]
        family = {self.web}
        for pid, parent, _rss in sorted(processes):
            if parent in family:
                family.add(pid)
        return sum(rss for pid, _parent, rss in processes if pid in family) >> 10


@pytest.fixture(scope="module")
def site(migrated_module_home: Home) -> Iterator[Site]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ZHIKE_", "DATABASE_", "DJANGO_"))}
    environment = {**kept, "ZHIKE_HOME": str(migrated_module_home.path)}
    ready = Site(migrated_module_home, environment, "", 0)
    password = "four words of no meaning"
    postgres.ensure_running(migrated_module_home)
    assert ready.zhike("createuser", "boss", "--password-stdin", typed=password).returncode == 0
    up = [sys.executable, "-m", "zhike.cli", "up", "--port", str(any_free("127.0.0.1")), "--json"]
    with subprocess.Popen(up, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ready.address, ready.web = json.loads(server.stdout.readline())["address"], server.pid
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', ready.ask("GET", "/account/log-in/")[1])
        assert token is not None
        fields = {"username": "boss", "password": password, "csrfmiddlewaretoken": token[1]}
        assert ready.post("/account/log-in/", fields)[0] == 302
        yield ready
        server.terminate()


def bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet.xml", "w") as part:
        for _ in range(400):
            part.write(b"0" * PIECE)
    return content.getvalue()


NO_FILES = {
    "炸弹.xlsx": (bomb, "炸弹.xlsx 解压后将达 400 MB"),
    "截断.xlsx": (lambda: b"PK\x03\x04 cut short", "截断.xlsx 已损坏或传输不完整"),
    "超宽.csv": (lambda: f"{','.join(f'c{i}' for i in range(600))}\n".encode(), "超宽.csv 有 600 列"),
}
BAD_ROWS = {
    "空字符.csv": (f"{HEAD}A1,王\0伟,13800138000\n".encode(), r"第 2 行.*“姓名”列含有空字符"),
    "巨大.csv": (f"{HEAD}A1,{'x' * 10_000_000},13800138000\n".encode(), r"第 2 行.*“姓名”列.*65536"),
    "混编码.csv": (HEAD.encode() + "A2,李娜,13900139000\n".encode("gb18030"), r"第 2 行.*“姓名”列.*UTF-8"),
    "日期.csv": ("订单号,下单时间,客户编号,金额\nN1,2023-02-30,A1,5\n".encode(), r"第 2 行.*“下单时间”列.*2023-02-30"),
    "手机.csv": (f"{HEAD}A1,王伟,1.38E+10\n".encode(), r"第 2 行.*“手机”列.*1\.38E\+10"),
    "公式.csv": (f"{HEAD}A1,王伟,=1+1\n".encode(), r"第 2 行.*“手机”列.*=1\+1"),
    "重名.csv": ("姓名,手机,姓名\n王伟,1.38E+10,李娜\n".encode(), r"第 2 行.*“手机”列.*1\.38E\+10"),
    "两百列.csv": (
        f"{HEAD.strip()},{','.join(f'c{i}' for i in range(197))}\nA1,王伟,1.38E+10{',x' * 197}\n".encode(),
        r"第 2 行.*“手机”列.*1\.38E\+10",
    ),
}


@pytest.fixture(scope="module")
def refused(site: Site, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What `zhike import` says of all the bad rows."""
    folder = tmp_path_factory.mktemp("bad-rows")
    for name, (content, _words) in BAD_ROWS.items():
        (folder / name).write_bytes(content)
    before = site.row_counts()
    done = site.zhike("import", *(folder / name for name in BAD_ROWS), "--yes")
    assert site.row_counts() == before
    return done


@pytest.mark.parametrize("name", NO_FILES)
def test_a_file_that_cannot_be_read_is_refused_by_name(site: Site, tmp_path: Path, name: str) -> None:
    make, words = NO_FILES[name]
    content, before = make(), site.row_counts()
    status, text, _ = site.upload(name, iter([content]), len(content))
    assert (status, words in text) == (422, True), text
    (tmp_path / name).write_bytes(content)
    done = site.zhike("import", tmp_path / name, "--yes")
    assert (done.returncode, words in done.stderr) == (Exit.FAILED, True), done.stderr
    assert_unharmed(site, before)


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_refused_with_its_file_row_and_column(
    site: Site, refused: subprocess.CompletedProcess[str], name: str
) -> None:
    content, words = BAD_ROWS[name]
    assert refused.returncode == Exit.REFUSED, refused.stderr
    assert re.search(rf"{re.escape(name)} · {words}", refused.stdout), refused.stdout

    before = site.row_counts()

    status, text, page = site.upload(name, iter([content]), len(content))
    assert status == 302, text
    shown = site.ask("GET", page)[1]
    chosen = dict.fromkeys(re.findall(r'name="(column_\d+)"', shown), "")
    for column, options in re.findall(r'<select name="(column_\d+)"(.*?)</select>', shown, re.DOTALL):
        if taken := re.search(r'value="(\w+)" selected', options):
            chosen[column] = taken[1]
    assert site.post(f"{page}columns/", {"source": "s", "currency": "CNY", "name": "", **chosen})[0] == 302
    checked = _when_checked(site, page)
    assert name in checked
    [(row, said), *_] = re.findall(r'data-label="行号">([\d,]+)</td><td data-label="原因">(.*?)</td>', checked)
    assert re.search(words, f"第 {row} 行 {said}"), said
    assert_unharmed(site, before)


def test_a_file_of_more_than_two_gigabytes_is_refused_before_it_fills_disk_or_memory(
    site: Site, tmp_path: Path
) -> None:
    before, memory = site.row_counts(), site.memory_mb()
    size = 2 * GIGABYTE + PIECE * 2
    most = [memory]

    def zeros() -> Iterator[bytes]:
        for place in range(size // PIECE):
            if place % 256 == 0:
                most.append(site.memory_mb())
                assert sum(file.stat().st_size for file in site.home.files_dir.rglob("*")) < 20 * PIECE
            yield b"\0" * PIECE

    status, text, _ = site.upload("太大.csv", zeros(), size)
    assert (status, text) == (413, "太大.csv 超过 2048 MB 的上限，请拆分后再导入")
    assert max(most) - memory < CALM_MB

    big = tmp_path / "太大.csv"
    with big.open("wb") as sparse:
        sparse.write(HEAD.encode())
        sparse.truncate(size)
    done = site.zhike("import", big, "--yes")
    assert (done.returncode, "太大.csv 超过 2048 MB" in done.stderr) == (Exit.FAILED, True)
    assert_unharmed(site, before)


def test_strangers_leave_no_file_on_the_disk(site: Site) -> None:
    stranger = Site(site.home, site.environment, site.address, site.web)
    stranger.ask("GET", "/account/log-in/")
    size = 40 * PIECE

    def zeros() -> Iterator[bytes]:
        for _ in range(size // PIECE):
            yield b"\0" * PIECE
            assert not list(site.home.files_dir.glob("*.upload*"))

    assert stranger.upload("客户.csv", zeros(), size)[0] == 302


HALF_SENT = {
    "a head": b"",
    "a form": b"Content-Length: 500\r\n\r\ncsrf",
    "a file": b"Content-Length: 2147483648\r\n\r\n--edge\r\n",
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n4\r\ncsrf\r\n",
}


def test_requests_half_sent_keep_nobody_waiting(site: Site) -> None:
    """The cases one by one, and what becomes of their clients: `src/zhike/runtime/tests/test_web.py`."""
    host = urlsplit(site.address)
    with ExitStack() as stack:
        for half in [*HALF_SENT.values()] * 4:
            slow = stack.enter_context(socket.create_connection((host.hostname or "", host.port or 0), timeout=20))
            slow.sendall(b"POST /account/log-in/ HTTP/1.1\r\nHost: localhost\r\n" + half)
        began = time.monotonic()
        assert site.ask("GET", "/")[0] == 200
        assert time.monotonic() - began < AT_ONCE


BEHIND = b"GET /smuggled/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
TWO_MINDS = {
    "a length and chunks": b"Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n",
    "unknown chunks": b"Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc",
    "chunks and none": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a blank before the colon": b"X-Forwarded-For : 198.51.100.7\r\nContent-Length: 0\r\n\r\n",
    "headers without end": b"X: " + b"a" * 600_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("kind", TWO_MINDS)
def test_a_request_of_two_minds_hides_no_second_one(site: Site, kind: str) -> None:
    host = urlsplit(site.address)
    with socket.create_connection((host.hostname or "", host.port or 0), timeout=20) as connection:
        connection.sendall(b"POST /account/log-in/ HTTP/1.1\r\nHost: localhost\r\n" + TWO_MINDS[kind] + BEHIND)
        answer = b""
        with suppress(ConnectionResetError):
            while piece := connection.recv(1 << 16):
                answer += piece
    assert re.findall(rb"^HTTP/1.1 (\d)", answer, re.MULTILINE) == [b"4"]
    assert site.ask("GET", "/")[0] == 200


def _when_checked(site: Site, page: str) -> str:
    for _ in range(240):
        text = site.ask("GET", page)[1]
        if 'data-label="原因"' in text:
            return text
        time.sleep(0.25)
    raise AssertionError(text)


def assert_unharmed(site: Site, before: dict[str, int]) -> None:
    assert site.row_counts() == before
    status, text, _ = site.ask("GET", "/")
    assert (status, "今天" in text) == (200, True)
