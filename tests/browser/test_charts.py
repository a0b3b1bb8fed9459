"""Charts lead to the customers behind them."""

import csv
import io
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import Manners, wait_for_figures

type Opened = Callable[..., Page]


def chart(page: Page, place: int) -> Locator:
    figure = page.locator("[data-chart]").nth(place)
    expect(figure.locator("canvas").first).to_be_visible()
    return figure


def count_shown(page: Page) -> int:
    count = page.locator("h1 .zk-count")
    expect(count).not_to_have_text("")
    expect(count).not_to_have_text(" ")
    return int(count.inner_text().replace(",", ""))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_layer_of_the_pyramid_leads_to_its_customers(open_browser: Opened, language: str) -> None:
    page = open_browser(Manners(language=language))
    page.goto("/insight/")
    canvas = chart(page, 0).locator("[data-chart-canvas]")
    box = canvas.bounding_box()
    assert box is not None
    # The second of four layers, in the middle of the pyramid.
    canvas.click(position={"x": min(box["width"] * 0.4, 260) / 2, "y": 26 + (box["height"] - 26) * 3 / 8})
    page.wait_for_url("**/customers/?f=grade*is*high*")
    label, layer = ("价值等级", "次要") if language == "zh-hans" else ("Grade", "Major")
    assert set(page.locator(f"tbody td[data-label={label}]").all_inner_texts()) == {layer}


def test_a_cell_of_the_heat_map_counts_the_customers_it_leads_to(open_browser: Opened) -> None:
    page = open_browser()
    wait_for_figures(page)
    figure = chart(page, 1)
    canvas = figure.locator("[data-chart-canvas]")
    box = canvas.bounding_box()
    assert box is not None
    # The corner of the best: last column of the first row.
    canvas.click(position={"x": box["width"] - 30, "y": 44 + (box["height"] - 48) / 10})
    page.wait_for_url("**/customers/?f=*")
    assert "r:is:5;f:is:5" in unquote(page.url)
    behind = count_shown(page)
    expect(page.locator(".zk-chip")).to_have_count(2)
    page.go_back()
    figure = chart(page, 1)
    figure.locator("[data-chart-toggle]").click()
    cell = figure.locator("tbody tr").first.locator("td").last
    assert int(cell.inner_text()) == behind
    cell.locator("a").click()
    assert count_shown(page) == behind


def test_the_figures_of_a_chart_can_be_taken_along(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/insight/")
    figure = chart(page, 0)
    figure.locator("[data-chart-toggle]").click()
    shown = figure.locator("tbody tr").count()
    with page.expect_download() as download:
        figure.locator("[data-chart-csv]").click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(rows) == shown + 1
    assert [row[0] for row in rows[1:]] == ["重要", "次要", "普通", "小客户"]
