"""Entries of a log cannot be feigned, and no secret stands in any."""

import io
import json
import logging
import re

import pytest
from django.conf import settings
from django.test import Client
from tests.api.conftest import Hire

from zhike.core.actor import Scope
from zhike.core.log_context import WhoActs
from zhike.runtime.log_lines import FORMATS, LogJson, LogLine

ENTRY = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) \S+ ")
FEIGNED = "2026-11-23T00:00:00.000Z INFO zhike.accounts admin logged in"


def written(
    message: str, *arguments: object, error: BaseException | None = None, kind: type[LogLine] = LogLine, **more: object
) -> str:
    record = logging.LogRecord("zhike", logging.WARNING, "x.py", 1, message, arguments, None)
    record.__dict__ |= more
    if error:
        record.exc_info = (type(error), error, error.__traceback__)
    return kind().format(record)


def test_the_product_writes_its_log_so() -> None:
    assert settings.LOGGING["formatters"]["line"]["()"] == LogLine
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}


ENDS = ["\n", "\r", "\r\n", "\u2028", "\x0b", "\x85", "\x1b[2K\r"]


@pytest.mark.parametrize("end", ENDS)
def test_an_entry_for_machines_is_one_object_in_one_line(end: str) -> None:
    who = {"user": 7, "origin": "web", "request": "4f1a"}
    feigned = f'x{end}{{"level": "INFO", "user": 1}}", "user": 1, "'
    text = written("no page %s of %d", feigned, 5, error=ValueError(feigned), kind=LogJson, actor=who)
    assert len(text.splitlines()) == 1
    told = json.loads(text, object_pairs_hook=list)
    names = [name for name, _value in told]
    assert names == ["time", "level", "logger", "user", "origin", "request", "message", "error"]
    assert dict(told) | who | {"level": "WARNING", "logger": "zhike"} == dict(told)
    assert ENTRY.match(f"{dict(told)['time']} WARNING zhike ")
    assert "actor" not in written("x", kind=LogJson)


@pytest.mark.parametrize("end", ENDS)
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
    error = ValueError(secret)
    for kind in FORMATS.values():
        text = (
            written(secret, kind=kind) + written("x", error=error, kind=kind) + written("%s", {"a": secret}, kind=kind)
        )
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
    stream, for_machines = io.StringIO(), io.StringIO()
    handlers = [logging.StreamHandler(stream), logging.StreamHandler(for_machines)]
    for handler, kind in zip(handlers, FORMATS.values(), strict=True):
        handler.setFormatter(kind())
        handler.addFilter(WhoActs())
        logging.getLogger("django.request").addHandler(handler)
    refused = browser.get("/settings/users/")
    for handler in handlers:
        logging.getLogger("django.request").removeHandler(handler)
    assert refused.status_code == 403
    said = f"user={nobody.user.pk} origin=web request={refused.headers['X-Request-Id']}"
    assert f"WARNING django.request [{said}] Forbidden" in stream.getvalue()
    [told] = [json.loads(line) for line in for_machines.getvalue().splitlines()]
    assert (told["user"], told["request"]) == (nobody.user.pk, refused.headers["X-Request-Id"])
    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["who"]
