"""The components in a real Chromium, on the style guide: behaviour, access and the strict content policy."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.template.loader import render_to_string
from django.test import override_settings
from django.urls import include, path
from playwright.sync_api import Browser, Page, Route, expect

from zhike.ui.tests.barriers import barriers
from zhike.ui.tests.windows import Windows

pytestmark = pytest.mark.browser

LOOKS_UP = 0.02  # seconds after which the server notices that it is to stop
# Nothing is fetched any more and all charts are drawn; quiet on the network alone is told after half a second of it.
SETTLED = """() => document.readyState === "complete"
    && !document.querySelector(".htmx-request, [aria-busy=true]")
    && [...document.querySelectorAll("[data-chart-canvas]:not([hidden])")].every(
        one => !one.clientWidth || one.querySelector("canvas"))"""
urlpatterns = [path("ui/", include("zhike.ui.urls")), path("", include("zhike.config.urls"))]


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the browser reports what matters."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], WHITENOISE_USE_FINDERS=True):
        server: WSGIServer = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever, args=(LOOKS_UP,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def windows(chromium: Browser) -> Iterator[Windows]:
    made = Windows(chromium)
    yield made
    made.close()


@pytest.fixture
def page(windows: Windows, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The style guide; no console message above "info" and no failed request may be left at the end."""
    width, theme, language = getattr(request, "param", (1440, "light", "zh-hans"))
    page = windows.lend(address, locale="en-US")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(reduced_motion="no-preference")
    complaints: list[str] = []
    windows.listen(
        page, "console", lambda said: complaints.append(said.text) if said.type in ("warning", "error") else None
    )
    windows.listen(page, "pageerror", lambda error: complaints.append(str(error)))
    windows.listen(page, "requestfailed", lambda failed: complaints.append(failed.url))
    page.goto(f"/ui/?lang={language}&theme={theme}")
    page.wait_for_function(SETTLED)
    yield page
    windows.take_back(page)
    assert [said for said in complaints if "422" not in said] == []


def test_a_window_is_lent_as_every_other(windows: Windows, address: str) -> None:
    """Whatever who had it before made of it."""
    look = """() => [innerWidth, innerHeight,
        ...["color-scheme: dark", "reduced-motion: reduce"].map(one => matchMedia(`(prefers-${one})`).matches)]"""
    page = windows.lend(address)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark", reduced_motion="no-preference")
    assert page.evaluate(look) == [390, 844, True, False]
    windows.take_back(page)
    again = windows.lend(address)
    assert again is page
    assert again.evaluate(look) == [1440, 900, False, True]
    windows.take_back(again)


@pytest.mark.parametrize(
    "page",
    [(1440, "light", "zh-hans"), (1440, "dark", "en"), (900, "dark", "zh-hans"), (390, "light", "en")],
    indirect=True,
)
def test_every_component_is_accessible_and_fits(page: Page) -> None:
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_record_opens_beside_the_list_and_gives_its_place_back(page: Page) -> None:
    links = page.locator("a[data-panel]")
    panel = page.locator("#zk-panel")
    links.nth(1).click()
    expect(panel.locator("h2")).to_have_text("上海和光餐饮管理有限公司")
    expect(panel.locator("h2")).to_be_focused()
    links.nth(2).click()
    expect(panel.locator("h2")).to_have_text("李建国")
    page.go_back()
    expect(panel.locator("h2")).to_have_text("上海和光餐饮管理有限公司")
    page.reload()
    expect(panel.locator("h2")).to_have_text("上海和光餐饮管理有限公司")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_a_value_is_edited_in_place_and_taken_back(page: Page) -> None:
    value = page.locator("[data-edit]").first
    value.focus()
    page.keyboard.press("Enter")
    field = page.locator("[data-edit-form] input[name=city]")
    expect(field).to_be_focused()
    field.fill("杭州")
    page.keyboard.press("Escape")
    expect(value).to_contain_text("上海")
    expect(value).to_be_focused()
    page.keyboard.press("Enter")
    field.fill("杭州")
    page.locator("h1").click()
    expect(value).to_contain_text("杭州")
    expect(page.locator("[data-toast]")).to_contain_text("已保存城市")
    page.evaluate("window.isSamePage = true")
    with page.expect_request("**/ui/toast/"):
        page.get_by_role("button", name="撤销", exact=True).click()
    expect(page.locator("[data-toast]")).to_contain_text("已移入公海 3 位客户")
    assert page.evaluate("window.isSamePage")


def test_keys_find_search_rows_and_help(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("a[data-panel]").nth(1)).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#zk-keys")).to_contain_text("下一行")
    page.keyboard.press("Escape")
    expect(page.locator("#zk-keys")).to_be_hidden()
    person = page.locator("[aria-controls=zk-person]")
    person.click()
    expect(page.locator("#zk-person")).to_be_visible()
    page.keyboard.press("Escape")
    expect(person).to_be_focused()


def test_chosen_rows_bring_the_bulk_bar(page: Page) -> None:
    page.locator("[data-select]").nth(1).check(force=True)
    expect(page.locator("[data-bulk]")).to_contain_text("1")
    page.locator("[data-select-all]").check(force=True)
    expect(page.locator("[data-bulk-count]")).to_have_text("12")
    page.locator("[data-bulk-clear]").click()
    expect(page.locator("[data-bulk]")).to_be_hidden()


def test_a_chart_leads_to_its_records_its_table_and_its_file(page: Page) -> None:
    bars = page.locator("[data-chart]").nth(1)
    expect(bars.locator("canvas")).to_be_visible()
    with page.expect_download() as download:
        bars.locator("[data-chart-csv]").click()
    assert download.value.path().read_text("utf-8-sig").splitlines()[1] == "重要,1284536.6"
    bars.locator("[data-chart-toggle]").click()
    expect(bars.get_by_role("link", name="¥1,284,536.60")).to_be_visible()
    canvas = page.locator("[data-chart-canvas]").first
    canvas.click(position={"x": 110, "y": 70})
    page.wait_for_url("**/ui/?grade=top")


def test_a_file_that_is_refused_says_why_and_another_goes_through(page: Page, tmp_path: Path) -> None:
    zone = page.locator("[data-upload]")
    field = zone.locator("input[type=file]")
    large = tmp_path / "large.csv"
    large.write_bytes(b"x" * 3_000_000)
    field.set_input_files(large)
    expect(zone.locator("[data-upload-error]")).to_contain_text("最多能上传 2.0 MB")
    field.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(zone.locator("[data-upload-error]")).to_have_text("这里只收 CSV 文件。")
    field.set_input_files({"name": "orders.csv", "mimeType": "text/csv", "buffer": b"a,b"})
    page.wait_for_url("**/ui/?message=orders.csv")
    expect(page.locator("[data-toast]")).to_contain_text("orders.csv")


def test_files_that_find_no_room_in_a_field_are_not_sent_later(page: Page) -> None:
    upload = {"customer_id": 1, "field": "custom.k", "url": "/customers/1/files/custom.k/", "most": 3, "most_bytes": 9}
    sent: list[str] = []

    def show(count: int) -> str:
        """The field with so many files, as the server says it."""
        files = [{"id": "a", "name": "a.pdf", "url": "#", "size": None}] * count
        said = {"files": files, "label": "合同", "upload": upload, "problem": ""}
        return render_to_string("customers/field_files.html", said)

    def answer(route: Route) -> None:
        sent.append(route.request.url)
        # Somebody else filled the field meanwhile.
        route.fulfill(body=show(2 if "remove" in route.request.url else 3), content_type="text/html")

    def open_with_field(route: Route) -> None:
        found = route.fetch()
        route.fulfill(response=found, body=found.text().replace("</main>", f"{show(0)}</main>"))

    page.route("**/customers/1/files/**", answer)
    page.route("**/ui/?files", open_with_field)
    page.goto("/ui/?files")
    place = page.locator(".zk-field-files")
    five: list[Any] = [{"name": f"{n}.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"} for n in range(5)]
    place.locator("input[type=file]").set_input_files(five)
    expect(place.locator("[data-upload-problem]")).to_contain_text("3")
    assert sent == []
    place.locator("input[type=file]").set_input_files(five[:2])
    expect(place.locator(".zk-field-file")).to_have_count(3)
    place.locator("button").first.click()
    expect(place.locator("input[type=file]")).to_be_attached()
    page.wait_for_load_state("networkidle")
    assert ["remove" in one for one in sent] == [False, True]
