"""Merging and taking it back, as people do it: chosen in the list, compared side by side, by keyboard."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

type Opened = Callable[..., Page]


def test_two_are_merged_from_the_list_and_separated_by_keyboard(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/")
    boxes = page.locator("tbody [data-select]")
    first, second = (boxes.nth(place).get_attribute("value") for place in (0, 1))
    for place in (0, 1):
        boxes.nth(place).check()
    page.locator("[data-bulk]").get_by_role("button", name="合并").click()
    page.wait_for_url(f"**/duplicates/compare/?id={first}&id={second}")
    expect(page.locator(".zk-compare thead th")).to_have_count(3)
    page.keyboard.press("m")
    page.wait_for_url(re.compile(r"/customers/\d+/$"))
    survivor = page.url.rstrip("/").rpartition("/")[2]
    other = second if survivor == first else first
    # What was given up leads to what stayed.
    page.goto(f"/customers/{other}/")
    assert page.url.endswith(f"/customers/{survivor}/")
    page.get_by_role("link", name="并入了 1 位").click()
    expect(page.locator("h1")).to_have_text("合并")
    page.keyboard.press("u")
    expect(page.locator("[data-toast]")).to_contain_text("已重新分开")
    page.goto(f"/customers/{other}/")
    assert page.url.endswith(f"/customers/{other}/")
