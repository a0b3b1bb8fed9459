"""The time line as its address tells it: narrowed, from a day on, sent to a colleague, and back again."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

type Opened = Callable[..., Page]


def chosen(place: Page | Locator) -> Locator:
    return place.locator(".zk-kinds [aria-current=true]")


def kind(place: Page | Locator, name: str) -> Locator:
    return place.locator(".zk-kinds").get_by_role("link", name=name, exact=True)


def test_what_it_is_narrowed_to_stands_in_the_address(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/1/")
    page.locator("#zk-composer-text").fill("回访")
    page.get_by_role("button", name="记录", exact=True).click()
    expect(page.locator("#zk-time-line")).to_contain_text("回访")
    kind(page, "订单").click()
    page.wait_for_url("**/customers/1/?kind=order")
    day = page.locator("#zk-jump")
    day.focus()
    page.keyboard.type("06012026", delay=120)  # each figure of the year is a year of its own
    page.wait_for_url("**/customers/1/?kind=order&until=2026-06-01")
    expect(day).to_have_value("2026-06-01")
    page.reload()
    expect(chosen(page)).to_have_text("订单")
    expect(day).to_have_value("2026-06-01")
    page.go_back()
    page.wait_for_url("**/customers/1/?kind=order")
    expect(day).to_have_value("")
    page.go_back()
    page.wait_for_url("**/customers/1/")
    expect(chosen(page)).to_have_text("全部")
    kind(page, "跟进").click()
    page.wait_for_url("**/customers/1/?kind=follow_up")
    first = page.locator("#zk-time-line .zk-timeline > li").first
    first.get_by_role("button", name="置顶").click()
    expect(first.get_by_role("button", name="取消置顶")).to_be_attached()
    expect(chosen(page)).to_have_text("跟进")
    first.get_by_role("button", name="取消置顶").click()
    # What was just written is shown, whatever was shown before.
    page.locator("#zk-composer-text").fill("又回访")
    page.get_by_role("button", name="记录", exact=True).click()
    page.wait_for_url("**/customers/1/")
    expect(chosen(page)).to_have_text("全部")


def test_beside_a_list_too(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/")
    link = page.locator("tbody a[data-panel]").first
    record = str(link.get_attribute("href"))
    link.click()
    panel = page.locator("#zk-panel")
    kind(panel, "备注").click()
    page.wait_for_url(f"**/customers/#{record}?kind=note")
    expect(panel.get_by_role("link", name="整页打开")).to_have_attribute("href", f"{record}?kind=note")
    page.reload()
    expect(chosen(panel)).to_have_text("备注")
    expect(page.locator("[data-panel-row]")).to_have_count(1)
    page.go_back()
    expect(chosen(panel)).to_have_text("全部")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/customers/$"))
