"""Every page, in both languages and themes, wide and narrow: axe finds nothing serious, nothing scrolls sideways."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Manners, Site, settle

type Opened = Callable[..., Page]

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RUN = "(await axe.run(document, {resultTypes: ['violations']})).violations"
SERIOUS = f"{RUN}.filter(one => ['serious', 'critical'].includes(one.impact))"
FOUND = f"async () => {SERIOUS}.map(one => [one.id, ...one.nodes.map(node => node.target.join(' '))])"
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
    "/settings/users/",
    "/settings/users/new/",
    "/settings/teams/",
    "/settings/roles/",
    "/account/",
    "/account/keys/",
    "/account/password/",
    "/account/security/",
    "/account/security/app/",
    "/account/security/passkeys/new/",
    "/settings/users/new-service/",
)
MAIN_PAGES = ("/", "/customers/", "/imports/", "/insight/")
# Every page in two looks that differ in everything; the main ones in the two that remain.
LOOKS = (
    (Manners(), PAGES),
    (Manners(language="en", theme="dark", width=390, height=844), PAGES),
    (Manners(language="en", theme="dark"), MAIN_PAGES),
    (Manners(width=390, height=844), MAIN_PAGES),
)


def opened(page: Page, paths: tuple[str, ...]) -> Iterator[str]:
    """Every address, opened; then the record that the list leads to, its latest order, and the search box."""
    for path in paths:
        page.goto(path)
        yield path
    page.goto("/customers/?f=grade:is:top")
    page.goto(page.locator("tbody a[data-panel]").first.get_attribute("href") or "")
    yield "a customer"
    page.locator(".zk-record-panels a[href^='/commerce/orders/']").first.click()
    page.locator(".zk-order").wait_for()
    yield "an order"
    page.keyboard.press("Control+k")
    expect(page.locator("#zk-finder").get_by_role("option").first).to_be_visible()
    yield "the search box"
    page.locator("[data-finder-input]").fill("wang")
    expect(page.locator("#zk-finder mark").first).to_be_visible()
    yield "what it found"


@pytest.mark.parametrize(
    ("manners", "paths"), LOOKS, ids=["zh-light-1440", "en-dark-390", "en-dark-1440", "zh-light-390"]
)
def test_every_page_is_accessible_and_fits(open_browser: Opened, manners: Manners, paths: tuple[str, ...]) -> None:
    page = open_browser(manners)
    axe = AXE.read_text(encoding="utf-8")
    wrong: dict[str, object] = {}
    for path in opened(page, paths):
        settle(page)
        page.evaluate(axe)
        if found := [*page.evaluate(FOUND), *page.evaluate(WIDE)]:
            wrong[path] = found
    assert wrong == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_door_is_accessible(open_browser: Opened, theme: str) -> None:
    page = open_browser(Manners(theme=theme), logged_in=False)
    page.goto("/account/log-in/")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(FOUND) == []


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
