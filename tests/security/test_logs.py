"""Entries of a log cannot be feigned, and no secret stands in any."""

import io
import logging
import re

import pytest
from django.conf import settings
from django.test import Client
from tests.api.conftest import Hire

from zhike.core.actor import Scope
from zhike.core.log_context import WhoActs
from zhike.runtime.log_lines import LogLine

ENTRY = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) \S+ ")
FEIGNED = "2026-11-23T00:00:00.000Z INFO zhike.accounts admin logged in"


def written(message: str, *arguments: object, error: BaseException | None = None) -> str:
    record = logging.LogRecord("zhike", logging.WARNING, "x.py", 1, message, arguments, None)
    if error:
        record.exc_info = (type(error), error, error.__traceback__)
    return LogLine().format(record)


def test_the_product_writes_its_log_so() -> None:
    formatter = settings.LOGGING["formatters"]["line"]["()"]
    assert formatter == f"{LogLine.__module__}.{LogLine.__qualname__}"
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\x0b", "\x85", "\x1b[2K\r"])
def test_no_entry_can_be_feigned(end: str) -> None:
    text = written("no such page %s", f"/x{end}{FEIGNED}")
    assert len([line for line in re.split("[\n\r\u2028\x0b\x85]", text) if ENTRY.match(line)]) == 1
    crash = written("failed", error=ValueError(f"x{end}{FEIGNED}"))
    assert len([line for line in crash.splitlines() if ENTRY.match(line)]) == 1


def test_terminals_and_directions_of_text_are_not_played_with() -> None:
    assert not re.search("[\x1b\x07\u202e\u2066]", written("\x1b]0;x\x07 \u202egnp.exe\u2066"))
    assert "张三🙂" in written("张三🙂")


@pytest.mark.parametrize(
    "secret",
    [
        "zk_0123456789abcdefghijklmnop",
        "Authorization: Bearer abcdef0123456789",
        "postgresql://zhike_app:hunter2hunter2@db.example/zhike",
        "password=hunter2hunter2",
        "{'password': 'hunter2hunter2', 'x': 1}",
        "client_secret=hunter2hunter2&x=1",
        '{"id_token": "hunter2hunter2"}',
        "Cookie: zhike_session=hunter2hunter2; a=b",
        "__Host-zhike_session=hunter2hunter2",
        "DETAIL:  Key (phone)=(hunter2hunter2) already exists.",
        "DETAIL:  Failing row contains (1, hunter2hunter2, x).",
    ],
)
def test_no_secret_is_written(secret: str) -> None:
    for text in (written(secret), written("x", error=ValueError(secret))):
        assert not re.search("hunter2|0123456789", text)


def test_no_id_number_is_written() -> None:
    text = written("GET /customers/?q=%s refused", "110101199003074258", error=ValueError("11010119900307425X"))
    assert "19900307" not in text


def test_ordinary_entries_stay_readable() -> None:
    text = written("GET /customers/?q=secret failed, request %s", "4f1a")
    assert text.endswith("zhike [-] GET /customers/?q=secret failed, request 4f1a")


def test_refused_access_is_logged_with_who_asked(hire: Hire) -> None:
    nobody = hire("outsider", scope=Scope.OWN, without=("accounts.manage_users",))
    browser = Client()
    browser.force_login(nobody.user)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LogLine())
    handler.addFilter(WhoActs())
    logging.getLogger("django.request").addHandler(handler)
    refused = browser.get("/settings/users/")
    logging.getLogger("django.request").removeHandler(handler)
    assert refused.status_code == 403
    said = f"user={nobody.user.pk} origin=web request={refused.headers['X-Request-Id']}"
    assert f"WARNING django.request [{said}] Forbidden" in stream.getvalue()
    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["who"]
