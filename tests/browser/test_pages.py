"""Every page, in both languages and themes, wide and narrow: axe finds nothing serious, nothing scrolls sideways."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from tests.browser.conftest import Manners, Site, settle

from zhike.ui.tests.barriers import serious_barriers

type Opened = Callable[..., Page]

# What sticks out of the window to the right, frames of tables and what they hold aside.
WIDE = """() => {
    const width = window.innerWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.querySelectorAll("body *")].filter(one => one.getBoundingClientRect().right > width + 1);
    return wide.filter(one => !one.closest(".zk-table-frame")).map(one => one.className || one.tagName);
}"""
PAGES = (
    "/",
    "/customers/",
    "/customers/?f=grade:is:top;orders:from:3&sort=-amount",
    "/customers/?q=没有这个人",
    "/customers/new/",
    "/customers/1/history/",
    "/audit/",
    "/imports/",
    "/insight/",
    "/quality/",
    "/quality/figures/",
    "/quality/rules/",
    "/quality/rules/new/",
    "/account/",
    "/account/keys/",
    "/account/password/",
    "/account/security/",
    "/account/security/app/",
    "/account/security/passkeys/new/",
    "/settings/users/new-service/",
)
MAIN_PAGES = ("/", "/customers/", "/imports/", "/insight/")
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# Every page in two looks that differ in everything; the main ones in the two that remain as well, at the other width.
# `test_accounts.py` looks at most settings.
LOOKS = (
    (Manners(), PHONE),
    (Manners(language="en", theme="dark", width=390, height=844), DESK),
)


def opened(page: Page) -> Iterator[tuple[str, bool]]:
    """Every address, opened, and whether it is a main one; then the record that the list leads to, its
    latest order, and the search box."""
    for path in PAGES:
        page.goto(path)
        yield path, path in MAIN_PAGES
    page.goto("/customers/?f=grade:is:top")
    page.goto(page.locator("tbody a[data-panel]").first.get_attribute("href") or "")
    yield "a customer", True
    page.locator(".zk-record-panels a[href^='/commerce/orders/']").first.click()
    page.locator(".zk-order").wait_for()
    yield "an order", True
    page.keyboard.press("Control+k")
    expect(page.locator("#zk-finder").get_by_role("option").first).to_be_visible()
    yield "the search box", True
    page.locator("[data-finder-input]").fill("wang")
    expect(page.locator("#zk-finder mark").first).to_be_visible()
    yield "what it found", True


@pytest.mark.parametrize(("manners", "other"), LOOKS, ids=["zh-light", "en-dark"])
def test_every_page_is_accessible_and_fits(open_browser: Opened, manners: Manners, other: ViewportSize) -> None:
    page = open_browser(manners)
    own: ViewportSize = {"width": manners.width, "height": manners.height}
    wrong: dict[str, object] = {}
    for path, is_main in opened(page):
        for size in (own, other) if is_main else (own,):
            page.set_viewport_size(size)
            settle(page)
            if found := [*serious_barriers(page), *page.evaluate(WIDE)]:
                wrong[f"{path} {size}"] = found
        page.set_viewport_size(own)
    assert wrong == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_door_is_accessible(open_browser: Opened, theme: str) -> None:
    page = open_browser(Manners(theme=theme), logged_in=False)
    page.goto("/account/log-in/")
    assert serious_barriers(page) == []


def test_language_and_theme_are_switched_where_one_is(open_browser: Opened) -> None:
    page = open_browser(Manners(language="en"))
    page.goto("/customers/?q=13")
    person = page.locator("[aria-controls=zk-person]")
    person.click()
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("h1")).to_contain_text("客户")
    assert page.url.endswith("/customers/?q=13")
    person.click()
    page.get_by_role("button", name="深色").click()
    ground = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    person.click()
    page.get_by_role("button", name="跟随系统").click()
    expect(page.locator("body")).not_to_have_css("background-color", ground)
    person.click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_contain_text("Customers")


def test_a_phone_has_a_bottom_bar_and_cards(open_browser: Opened, site: Site) -> None:
    page = open_browser(Manners(width=390, height=844))
    page.goto("/customers/")
    rail = page.locator(".zk-rail").bounding_box()
    assert rail is not None
    assert rail["y"] + rail["height"] == 844
    assert rail["y"] > 700
    expect(page.locator("thead")).not_to_be_in_viewport()
    first = page.locator("tbody a[data-panel]").first
    name = first.inner_text()
    first.click()
    page.wait_for_url(f"{site.address}/customers/*/")
    expect(page.locator("h1")).to_have_text(name)
