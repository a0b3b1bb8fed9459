"""What people type stays what they typed: in pages, headers, files, filters and templates."""

import io
import json
import zipfile
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.test import Client
from django.utils.html import escape
from tests.api.conftest import NOON, Hire, Program, body_of

from zhike.core.actor import Scope
from zhike.exchange import services as imports

MARKUP = '<script>alert(1)</script><img src=x onerror="alert(1)">'
TEMPLATES = [
    "{{ 7|add:7 }}",
    "{% load zhike %}",
    "{{settings.SECRET_KEY}}",
    "${7*7}",
    "#{7*7}",
    "%(password)s",
    "{0.__class__}",
]
SQL = ["' OR '1'='1", "'; DROP TABLE customers_customer; --", "\\", "%", "_", "1) OR (1=1", '" OR ""="']
NAMES = [
    '客户"; filename="evil.html',
    "客户\r\nSet-Cookie: a=b.csv",
    "../../etc/passwd",
    "..\\..\\x.csv",
    "客户\u202evsc.exe",
    "a" * 300,
]


@pytest.fixture
def browser(boss: Program) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(boss.user)
    return client


@pytest.mark.parametrize("text", [MARKUP, "'\"><svg/onload=alert(1)>", "javascript:alert(1)", *TEMPLATES])
def test_names_notes_and_tags_are_shown_as_text(boss: Program, browser: Client, text: str) -> None:
    made = body_of(boss.post("/customers", {"name": text[:200], "city": text[:50], "tags": [text[:50]]}))
    boss.post(f"/customers/{made['id']}/activities", {"kind": "note", "text": text})
    for path in (f"/customers/{made['id']}/", "/customers/", f"/customers/{made['id']}/time-line/", "/"):
        page = browser.get(path).content.decode()
        assert "<script>alert" not in page
        assert 'onerror="' not in page
        assert "<svg/onload" not in page
        assert 'href="javascript:' not in page
    shown = browser.get(f"/customers/{made['id']}/").content.decode()
    assert escape(text) in shown or escape(text[:200]) in shown


def test_odd_numbers_days_and_bytes_are_refused_and_break_nothing(boss: Program, browser: Client) -> None:
    made = body_of(boss.post("/customers", {"name": "张三"}))["id"]
    pages = ["/bin/?q=%00", "/settings/users/?q=%00", "/privacy/processing/retention/?subject=%00"]
    for where in ("/audit/", f"/customers/{made}/history/"):
        pages += [f"{where}?{name}={day}" for name in ("since", "until") for day in ("0001-01-01", "9999-12-31")]
    for page in pages:
        assert browser.get(page).status_code == 200, page
    assert browser.post("/customers/delete/", {"id": "9" * 18}).status_code == 404
    asked = {"customer_id": made, "kind": "copy"}
    assert browser.post("/privacy/", {**asked, "received_on": "9999-12-31"}).status_code == 422
    assert browser.post("/privacy/", {**asked, "received_on": "0001-01-01"}).status_code < 500


@pytest.mark.parametrize("text", [*SQL, MARKUP, "\x00", "\ud800", "a" * 5000, *TEMPLATES])
def test_searches_and_filters_take_any_text(boss: Program, browser: Client, text: str) -> None:
    boss.post("/customers", {"name": "王小明"})
    asked = quote(text, errors="surrogatepass")
    for path in (
        f"/customers/?q={asked}",
        f"/customers/?f={asked}",
        f"/customers/?sort={asked}",
        f"/customers/?columns={asked}",
    ):
        answer = browser.get(path)
        assert answer.status_code in {200, 400, 422}, path
        assert "<script>alert" not in answer.content.decode()
    for path in (
        f"/customers?q={asked}",
        f"/customers?f={asked}",
        f"/customers?after={asked}",
        f"/orders?source={asked}",
    ):
        assert boss.get(path).status_code in {200, 400, 422}, path
    assert body_of(boss.get("/customers?q=王小明"))["items"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_break_neither_headers_nor_folders(
    boss: Program, browser: Client, name: str, settings: Any
) -> None:
    before = {path for path in settings.HOME.files_dir.rglob("*") if path.is_file()}
    content = io.BytesIO("姓名,手机\n王伟,1.38E+10\n".encode())
    job = imports.start_import(actor=boss.actor, file=content, name=name[:255], kind="customers", at=NOON)
    imports.preview_import(actor=boss.actor, import_id=job.pk, at=NOON)
    new = [path for path in settings.HOME.files_dir.rglob("*") if path.is_file() and path not in before]
    assert new
    assert all("evil" not in path.name and "passwd" not in path.name and "Set-Cookie" not in path.name for path in new)
    for answer in (browser.get(f"/imports/{job.pk}/refused/"), boss.get(f"/imports/{job.pk}/refused")):
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        shown = answer.headers["Content-Disposition"]
        assert shown.startswith("attachment;")
        assert not set(unquote(shown)) & {"\r", "\n", "\u202e"}
        assert shown.isascii()
        assert shown.count(";") == 1
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_chinese_names_of_files_arrive_whole(boss: Program, browser: Client) -> None:
    browser.post("/account/preferences/", {"locale": "zh-hans"})
    shown = browser.get("/customers/export/csv/").headers["Content-Disposition"]
    assert unquote(shown.partition("utf-8''")[2]).startswith("客户-")


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "\t=1", "＝1+1"])
def test_formulas_do_not_leave_in_exports(boss: Program, browser: Client, text: str) -> None:
    boss.post("/customers", {"name": f"x{text}", "city": text})
    rows = b"".join(browser.get("/customers/export/csv/?columns=name,city").streaming_content).decode()  # type: ignore[attr-defined]
    assert not any(cell.startswith(text) for line in rows.splitlines() for cell in line.replace('"', "").split(","))
    book = io.BytesIO(b"".join(browser.get("/customers/export/xlsx/?columns=name,city").streaming_content))  # type: ignore[attr-defined]
    with zipfile.ZipFile(book) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_a_header_of_a_request_does_not_come_back_in_a_page(browser: Client) -> None:
    told = {"User-Agent": MARKUP, "Referer": f"https://x/{MARKUP}", "HX-Current-URL": MARKUP, "Accept-Language": MARKUP}
    for path in ("/account/security/", "/no/such/", "/customers/"):
        assert "<script>alert" not in browser.get(path, headers=told).content.decode()


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_json_as_deep_as_a_well_is_refused(boss: Program, depth: int) -> None:
    for body in ("[" * depth, '{"a":' * depth, '{"name": ' + "[" * depth + "]" * depth + "}"):
        answer = Client(raise_request_exception=False).post(
            "/api/v1/customers", body, content_type="application/json", headers={"Authorization": f"Bearer {boss.key}"}
        )
        assert answer.status_code in {400, 422}


def test_large_numbers_and_many_fields_are_refused(boss: Program) -> None:
    for body in ('{"name": ' + "9" * 100_000 + "}", json.dumps({f"f{n}": n for n in range(50_000)})):
        answer = Client(raise_request_exception=False).post(
            "/api/v1/customers", body, content_type="application/json", headers={"Authorization": f"Bearer {boss.key}"}
        )
        assert answer.status_code in {400, 422}


def test_forms_with_thousands_of_fields_are_refused(browser: Client) -> None:
    assert browser.post("/customers/new/", {f"f{number}": "x" for number in range(10_001)}).status_code == 400
    assert browser.post("/customers/new/", {"name": "x" * (6 << 20)}).status_code in {400, 413}


def test_a_company_of_nobody_sees_no_more_by_asking_oddly(hire: Hire, customer: Any) -> None:
    """Parameters given twice, in another case or in the body are no way around the scope."""
    nobody = hire("outsider", scope=Scope.OWN)
    for path in (
        "/customers?q=张三&q=",
        "/customers?owner=1&owner_id=1",
        f"/customers/{customer.pk}?scope=all",
        f"/customers/{customer.pk}/../{customer.pk}",
    ):
        assert "张三" not in nobody.get(path).content.decode()
