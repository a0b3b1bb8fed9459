"""Files of a company's own fields: dropped onto the customer's page, watched on their way, shown small, taken back."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import JSHandle, Locator, Page, expect
from tests.browser.conftest import Manners, Site

from zhike.ui.tests.windows import Windows

type Opened = Callable[..., Page]
NEW = "/settings/fields/of/customers.customer/new/?kind="
LABELS = {"image": ("门头照片", "Shop_front"), "file": ("签约文件", "Contract_papers")}
SAVE, ARCHIVE = re.compile("^(保存|Save)$"), re.compile("^(归档|Archive)$")
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
MAKE = """files => {
    const given = new DataTransfer();
    for (const { name, type, text } of files) {
        const bytes = Uint8Array.from(atob(text), one => one.charCodeAt(0));
        given.items.add(new File([bytes], name, { type }));
    }
    return given;
}"""


@pytest.fixture(scope="module")
def fields(site: Site, windows: Windows, sessions: dict[str, Any]) -> Iterator[dict[str, str]]:
    """One picture and up to three files, by their kinds; put away afterwards."""
    page = windows.lend(site.address)
    page.context.add_cookies(sessions["zh-hans"])
    made = {}
    for kind, (label, english) in LABELS.items():
        page.goto(f"{NEW}{kind}")
        page.locator("input[name=label]").fill(label)
        page.locator("input[name=label_en]").fill(english.replace("_", " "))
        if kind == "file":
            page.locator("input[name=rule_files]").fill("3")
        page.get_by_role("button", name=SAVE).click()
        link = page.get_by_role("link", name=label)
        expect(link).to_be_visible()
        made[kind] = str(link.get_attribute("href"))
    yield made
    for address in made.values():
        page.goto(address)
        page.get_by_role("button", name=ARCHIVE).click()
    windows.take_back(page)


@cache
def picture(*, noise: int = 0) -> bytes:
    made = BytesIO()
    Image.effect_noise((noise, noise), 90).save(made, "PNG") if noise else Image.new("RGB", (900, 600), "teal").save(
        made, "JPEG"
    )
    return made.getvalue()


def given(page: Page, *files: tuple[str, bytes]) -> JSHandle:
    """As a hand drags them over the page."""
    told = [{"name": name, "type": "", "text": b64encode(content).decode()} for name, content in files]
    return page.evaluate_handle(MAKE, told)


def drop(place: Locator, files: JSHandle) -> None:
    for kind in ("dragenter", "dragover"):
        place.dispatch_event(kind, {"dataTransfer": files})
    expect(place).to_have_class(re.compile("is-over"))
    place.dispatch_event("drop", {"dataTransfer": files})
    expect(place).not_to_have_class(re.compile("is-over"))


def place_of(page: Page, label: str) -> Locator:
    # The history beside it names the field as well.
    line = page.locator("div", has=page.locator("dt", has_text=label)).filter(has=page.locator(".zk-field-files"))
    return line.last.locator(".zk-field-files")


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_files_are_dropped_onto_a_field_watched_and_taken_back(
    open_browser: Opened, fields: dict[str, str], language: str, width: int
) -> None:
    page = open_browser(Manners(language=language, width=width, height=900))
    spoken = 0 if language == "zh-hans" else 1
    photo, papers = (LABELS[kind][spoken].replace("_", " ") for kind in ("image", "file"))
    page.goto("/customers/new/")
    page.locator("input[name=name]").fill(f"卓越门店 {language} {width}")
    page.locator("main button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("卓越门店")
    # A picture on a slow line: a bar says how far it is, and what comes back is small.
    place = place_of(page, photo)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    drop(place, given(page, ("门头.png", picture(noise=900))))
    bar = place.get_by_role("progressbar")
    expect(bar).to_be_visible()
    page.wait_for_function("bar => bar.value > 0.05 && bar.value < 0.95", arg=bar.element_handle())
    line.detach()
    small = place.locator("img")
    expect(small).to_have_js_property("naturalWidth", 240)
    expect(bar).to_be_hidden()
    # Several at once, one after the other; one that is refused says why and leaves the others.
    place = place_of(page, papers)
    drop(place, given(page, ("框架合同.pdf", b"%PDF-1.7\n"), ("现场.jpg", picture())))
    expect(place.locator(".zk-field-file")).to_have_count(2)
    expect(place.get_by_role("link", name="框架合同.pdf", exact=True)).to_be_visible()
    drop(place, given(page, ("报价.html", b"<html><script>alert(1)</script>")))
    expect(place.get_by_role("alert")).to_contain_text("报价.html")
    expect(place.locator(".zk-field-file")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Taken out, and back again.
    place.get_by_role("button", name=("移除" if language == "zh-hans" else "Remove")).first.click()
    expect(place.locator(".zk-field-file")).to_have_count(1)
    undo = page.locator("[data-toast]").get_by_role("button", name=("撤销" if language == "zh-hans" else "Undo"))
    expect(page.locator("[data-toast]")).to_have_count(3)  # of six; more would hide the field on a phone
    undo.last.click()
    expect(place.locator(".zk-field-file")).to_have_count(2)
