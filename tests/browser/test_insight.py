"""Today and Insight: findings in words, and a way from every mark to the customers behind it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import Manners, settle, wait_for_figures

from zhike.ui.tests.barriers import barriers

pytestmark = pytest.mark.browser

PHONE = Manners(width=390, height=844, theme="dark")


def chart(page: Page, title: str) -> Locator:
    return page.locator("[data-chart]").filter(has=page.get_by_text(re.compile(title)))


def count_of(page: Page) -> int:
    """How many customers the list says it holds."""
    said = page.locator(".zk-title .zk-count")
    expect(said).to_have_text(re.compile(r"\d"))
    return int(re.sub(r"\D", "", said.inner_text()))


def test_a_number_of_a_chart_leads_to_as_many_customers(open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    wait_for_figures(page)
    page.goto("/")
    stages = chart(page, "各生命周期阶段的客户")
    stages.locator("[data-chart-toggle]").click()
    link = stages.locator("[data-chart-table] a").nth(4)
    expected = int(link.inner_text().replace(",", ""))
    link.click()
    page.wait_for_url(re.compile(r"/customers/\?f=stage:is:"))
    assert count_of(page) == expected


def test_a_click_on_a_bar_leads_to_its_customers(open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    page.goto("/")
    canvas = chart(page, "各价值等级的客户").locator("[data-chart-canvas] canvas").first
    box = canvas.bounding_box()
    assert box is not None
    for step in range(2, 30):
        canvas.click(position={"x": box["width"] * 0.18, "y": box["height"] * step / 30})
        if "/customers/" in page.url:
            break
    page.wait_for_url(re.compile(r"/customers/\?f=grade:is:"))
    assert count_of(page) > 0


def test_insight_says_what_it_found_and_how(open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    page.goto("/insight/")
    expect(page.get_by_text(re.compile(r"的重要客户带来 \d+\.\d% 的收入"))).to_be_visible()
    expect(page.get_by_role("heading", name="等级与阶段是怎样算出来的")).to_be_visible()
    retention = chart(page, "的新客户在首购次月再次下单")
    retention.locator("[data-chart-toggle]").click()
    cell = retention.locator("[data-chart-table] tbody tr").first.locator("a").nth(1)
    cell.click()
    page.wait_for_url(re.compile(r"first_order:between:.*ordered:between:"))
    expect(page.locator("tbody tr").first).to_be_visible()


def test_who_slipped_is_listed_behind_the_figure(open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    wait_for_figures(page)
    page.goto("/")
    figure = page.locator(".zk-figure", has_text="等级下滑").locator("a")
    expected = int(figure.inner_text().replace(",", ""))
    figure.click()
    page.wait_for_url(re.compile(r"/customers/\?f=slipped:"))
    expect(page.get_by_text("等级下滑").first).to_be_visible()
    assert count_of(page) == expected


def test_a_customer_page_explains_the_grade(open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    page.goto("/customers/?f=grade:is:top")
    address = page.locator("tbody tr a").first.get_attribute("href")
    page.goto(address or "")
    expect(page.get_by_text(re.compile(r"累计 .*位于前 1%"))).to_be_visible()


@pytest.mark.parametrize("address", ["/", "/insight/"])
def test_pages_fit_a_phone_and_have_no_serious_barrier(open_browser: Callable[..., Page], address: str) -> None:
    page = open_browser(PHONE)
    page.goto(address)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(page) == []
