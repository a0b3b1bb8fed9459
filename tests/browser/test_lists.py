"""The list of customers as people design it: filters, columns, groups, boards, charts, and views under a name."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, Position, expect
from tests.browser.conftest import Manners, Person, Site, log_in, settle

type Opened = Callable[..., Page]
# Of a lane, whose middle may be so far below that the page scrolls under the card that is being dragged.
HEAD: Position = {"x": 40, "y": 30}


def test_a_filter_becomes_chips_and_each_chip_can_be_dropped(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/")
    page.keyboard.press("f")
    page.get_by_label("字段", exact=True).select_option("grade")
    page.locator("#zk-filter").get_by_label("次要客户", exact=True).check()
    page.get_by_role("button", name="添加条件", exact=True).click()
    second = page.locator("#zk-filter .zk-filter-line").nth(1)
    expect(second.get_by_label("字段", exact=True)).to_be_focused()
    second.get_by_label("字段", exact=True).select_option("orders")
    second.locator("input[type=number]").fill("2")
    second.get_by_label("条件", exact=True).select_option("from")
    # A group within, of which nothing may hold.
    page.get_by_role("button", name="添加条件组", exact=True).click()
    inner = page.locator("#zk-filter .zk-filter-inner")
    inner.get_by_label("条件之间的关系").select_option("none")
    inner.get_by_label("字段", exact=True).select_option("orders_in")
    inner.get_by_label("天数").fill("36500")
    inner.get_by_label("条件", exact=True).select_option("to")
    inner.get_by_label("值", exact=True).fill("0")
    inner.get_by_label("值", exact=True).press("Tab")
    expect(page.locator("#zk-filter-words")).to_contain_text("排除（近 36500 天订单数 ≤ 0）")
    expect(page.locator("#zk-filter-words .zk-count")).to_have_text(re.compile(r"^\d"))
    page.locator("#zk-filter button.btn-primary").click()
    chips = page.locator(".zk-toolbar .zk-chip")
    expect(chips).to_have_count(3)
    expect(chips.first).to_contain_text("次要")
    assert set(page.locator("td[data-label=价值等级]").all_inner_texts()) == {"次要"}
    chips.nth(1).locator("a").click()
    expect(chips).to_have_count(2)
    page.get_by_role("link", name="清除全部").click()
    expect(chips).to_have_count(0)


def test_a_list_is_sorted_loaded_further_and_saved_as_a_view(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/")
    page.locator("thead").get_by_role("link", name="累计消费").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("累计消费")
    shown = page.locator("tbody th[scope=row]")
    at_first = shown.count()
    page.get_by_role("button", name="加载更多").click()
    expect(shown.nth(at_first)).to_be_visible()
    amounts = [
        float(text.removeprefix("¥").replace(",", ""))
        for text in page.locator("td[data-label=累计消费]").all_inner_texts()
        if text != "—"
    ]
    assert amounts == sorted(amounts, reverse=True)
    assert len(amounts) > at_first

    page.get_by_role("button", name="存为视图").click()
    page.get_by_label("视图名称").fill("消费榜")
    page.get_by_role("button", name="保存", exact=True).click()
    tab = page.get_by_role("navigation", name="已存视图").get_by_role("link", name="消费榜")
    expect(tab).to_have_attribute("aria-current", "page")
    page.goto("/customers/")
    tab.click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("累计消费")
    page.get_by_role("button", name="视图设置").click()
    page.get_by_label("视图名称").fill("消费前列")
    page.get_by_label("所有人").check()
    page.get_by_label("设为我的默认视图").check()
    page.locator("#zk-filter").get_by_role("button", name="保存", exact=True).click()
    tab = page.get_by_role("navigation", name="已存视图").get_by_role("link", name="消费前列")
    expect(tab).to_have_attribute("aria-current", "page")
    page.goto("/customers/")  # opens with it
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("累计消费")
    page.get_by_role("button", name="视图设置").click()
    page.get_by_role("button", name="删除视图").click()
    expect(tab).to_have_count(0)


def test_a_list_is_grouped_and_a_chart(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?all=1")
    page.get_by_role("button", name="表格、看板或图表").click()
    page.get_by_label("分组字段").select_option("grade")
    page.locator("#zk-shape").get_by_role("button", name="显示").click()
    group = page.locator("[data-group]").first
    expect(group).to_have_attribute("aria-expanded", "true")
    shown = page.locator("tbody th[scope=row]")
    expect(shown.first).to_be_visible()
    expect(page.locator(".zk-group-total").first).to_contain_text("¥")
    # The cells of a row, by keyboard.
    shown.first.locator("a").focus()
    page.keyboard.press("ArrowRight")
    city = page.locator("td[data-edit-cell]").first
    expect(city).to_be_focused()
    page.keyboard.press("Enter")
    expect(city.locator("[data-edit-form] input[name=value]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(city.locator("[data-edit-form]")).to_have_count(0)
    group.click()
    expect(shown.first).to_be_hidden()

    page.goto("/customers/?as=chart&by=grade")
    expect(page.locator("[data-chart] canvas")).to_be_visible()
    page.get_by_role("button", name="看表格").click()
    bar = page.locator("[data-chart-table] td a").first
    number = bar.inner_text()
    bar.click()
    page.wait_for_url("**/customers/?f=grade:is:*")
    expect(page.locator("h1 .zk-count")).to_have_text(number)


def test_the_list_designer_makes_a_board_that_the_team_sees(site: Site, open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?all=1")
    page.keyboard.press("f")
    form = page.locator("#zk-filter")
    form.get_by_label("字段", exact=True).select_option("grade")
    for grade in ("次要客户", "普通客户"):
        form.get_by_label(grade, exact=True).check()
    page.get_by_role("button", name="添加条件组", exact=True).click()
    inner = form.locator(".zk-filter-inner")
    inner.get_by_label("字段", exact=True).select_option("follow_up")
    settle(page)  # another field brings the form anew
    inner.get_by_label("值", exact=True).fill("14")
    inner.get_by_role("button", name="添加条件", exact=True).click()
    second = inner.locator(".zk-filter-line").nth(1)
    second.get_by_label("字段", exact=True).select_option("orders_in")
    settle(page)
    second.get_by_label("值", exact=True).fill("2")
    form.locator("button.btn-primary").click()
    chips = page.locator(".zk-toolbar .zk-chip")
    expect(chips.nth(1)).to_contain_text("近 14 天没有跟进 或 近 90 天订单数")

    page.get_by_role("button", name="显示列").click()
    columns = page.locator("#zk-columns [data-row]")
    page.get_by_label("查找列").fill("负责人")
    expect(columns.filter(visible=True)).to_have_count(1)
    page.get_by_label("查找列").fill("")
    columns.filter(has_text="负责人").drag_to(columns.first, target_position={"x": 40, "y": 3})
    expect(columns.first).to_contain_text("负责人")
    page.get_by_label("冻结列").select_option("2")
    page.locator("#zk-columns").get_by_role("button", name="显示").click()
    expect(page.locator("thead th[data-column]").nth(1)).to_have_text("负责人")

    page.get_by_role("button", name="表格、看板或图表").click()
    page.get_by_label("看板", exact=True).check()
    page.get_by_label("分组字段").select_option("relationship")
    page.locator("#zk-shape").get_by_role("button", name="显示").click()
    page.get_by_role("button", name="存为视图").click()
    page.get_by_label("视图名称").fill("两周没跟进")
    page.get_by_label("本部门").check()
    page.get_by_role("button", name="保存", exact=True).click()
    tab = page.get_by_role("navigation", name="已存视图").get_by_role("link", name="两周没跟进")
    expect(tab).to_have_attribute("aria-current", "page")

    settle(page)  # where a card is dropped, lanes must not move
    lanes = page.locator("[data-lane]")
    held = lanes.filter(has=page.locator("[data-card]"))
    card = held.first.locator("[data-card]").first
    expect(card.locator("dt").first).to_have_text("负责人")
    name, lane = card.locator("a").inner_text(), held.first.get_attribute("data-lane")
    source, target = page.locator(f"[data-lane='{lane}']"), page.locator(f"[data-lane='{lane}'] + [data-lane]")
    before = source.locator("[data-lane-count]").inner_text()
    card.drag_to(target, target_position=HEAD)
    expect(target.locator("[data-card] a").first).to_have_text(name)
    expect(source.locator("[data-lane-count]")).not_to_have_text(before)
    page.locator("[data-toast]").get_by_role("button", name="撤销").click()
    expect(source.locator("[data-lane-count]")).to_have_text(before)
    # The same by keyboard.
    card = source.locator("[data-card]").first
    card.locator("a").focus()
    page.keyboard.press("Tab")
    page.locator("[data-card-move]:focus").select_option("partner")
    expect(source.locator("[data-lane-count]")).not_to_have_text(before)
    page.locator("[data-toast]").last.get_by_role("button", name="撤销").click()
    expect(source.locator("[data-lane-count]")).to_have_text(before)

    other = open_browser(logged_in=False)
    log_in(other, Person("chenyu", site.people["zh-hans"].password, "zh-hans"))
    other.goto("/customers/")
    other.get_by_role("navigation", name="已存视图").get_by_role("link", name="两周没跟进").click()
    expect(other.locator(".zk-toolbar .zk-chip")).to_have_count(2)
    expect(other.locator("[data-card] dt").first).to_have_text("负责人")
    other.get_by_role("button", name="视图设置").click()
    expect(other.locator("#zk-filter")).to_contain_text("沈知秋")
    expect(other.get_by_role("button", name="删除视图")).to_have_count(0)
    page.get_by_role("button", name="视图设置").click()
    page.get_by_role("button", name="删除视图").click()
    expect(page.get_by_role("link", name="两周没跟进")).to_have_count(0)


def test_a_customer_stands_under_each_tag_and_goes_from_tag_to_tag(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?as=board&by=tag")
    expect(page.locator(".zk-board-note")).to_contain_text("各组人数不能直接相加")
    lanes = page.locator("[data-lane]")
    left, entered = lanes.nth(0), lanes.nth(1)
    expect(left.locator("[data-card]").first).to_be_visible()
    expect(entered.locator("[data-card]").first).to_be_visible()
    held = {card.get_attribute("data-card") for card in entered.locator("[data-card]").all()}
    card = next(one for one in left.locator("[data-card]").all() if one.get_attribute("data-card") not in held)
    address = card.get_attribute("data-card")
    before = left.locator("[data-lane-count]").inner_text()
    card.drag_to(entered, target_position=HEAD)
    expect(entered.locator(f"[data-card='{address}']")).to_be_visible()
    expect(left.locator("[data-lane-count]")).not_to_have_text(before)
    # What both lanes hold and add up to is what another look at the board says.
    undo = page.locator("[data-toast]").get_by_role("button", name="撤销")
    expect(undo).to_be_visible()
    again = open_browser()
    again.goto("/customers/?as=board&by=tag")
    for lane in (left, entered):
        value = lane.get_attribute("data-lane")
        expect(lane.locator("h2 .zk-lane-total")).to_contain_text("¥")
        expect(again.locator(f"[data-lane='{value}'] h2 > *")).to_have_text(lane.locator("h2 > *").all_inner_texts())
    undo.click()
    expect(left.locator("[data-lane-count]")).to_have_text(before)
    expect(left.locator(f"[data-card='{address}']")).to_be_visible()
    left.locator("h2 a").click()
    expect(page.locator("h1 .zk-count")).to_have_text(before)


def test_an_edited_cell_shows_what_the_list_shows(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?cols=name,tags,city&f=tag:filled:")
    cell = page.locator("td[data-label=标签]").first
    before = cell.locator(".zk-badge").all_inner_texts()
    cell.dblclick()
    expect(cell.locator("input[name=value]")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("，临时")
    page.keyboard.press("Enter")
    expect(cell.locator(".zk-badge").filter(has_text="临时")).to_be_visible()
    expect(cell).to_be_focused()
    expect(cell.locator(".zk-badge")).to_have_count(len(before) + 1)
    page.keyboard.press("Enter")
    expect(cell.locator("input[name=value]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell.locator(".zk-badge")).to_have_count(len(before) + 1)
    page.locator("[data-toast]").last.get_by_role("button", name="撤销").click()
    expect(page.locator("td[data-label=标签]").first.locator(".zk-badge")).to_have_text(before)


def test_who_stands_in_two_groups_is_chosen_once(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?cols=name,tags&f=tag:filled:")
    cell, said = page.locator("td[data-label=标签]").first, page.locator("td [name=value]")
    cell.dblclick()
    before = said.input_value()
    said.fill(f"{before}，另一组")
    said.press("Enter")
    expect(cell).to_contain_text("另一组")
    customer = page.locator("tbody [data-select]").first.get_attribute("value")

    page.goto("/customers/?by=tag&q=" + page.locator("tbody th a").first.inner_text())
    groups, both = page.locator("[data-group]"), page.locator(f"tbody [data-select][value='{customer}']")
    expect(both.first).to_be_attached()
    for place in range(1, groups.count()):
        groups.nth(place).click()
        rows = groups.nth(place).locator("xpath=ancestor::tbody/following-sibling::tbody[1]//th")
        expect(rows.first).to_be_visible()
    both.first.check(force=True)
    expect(page.locator("[data-bulk-count]")).to_have_text("1")
    expect(page.locator("[data-select]:checked")).to_have_count(before.count("，") + 2)
    # On a telephone the bar is one line, however much can be done.
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator(".zk-bulk").evaluate("bar => bar.offsetHeight") < 70

    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/customers/?cols=name,tags&f=tag:filled:")
    cell.dblclick()
    said.fill(before)
    said.press("Enter")
    expect(cell).not_to_contain_text("另一组")


def test_menus_of_the_list_fit_a_telephone(open_browser: Opened) -> None:
    page = open_browser(Manners(width=390, height=844, language="en"))
    page.goto(
        "/customers/?f=any(city:is:上海;city:is:杭州;orders_in:from:90,2);follow_up:idle:14&cols=name,amount,city"
    )
    actions = page.locator(".zk-head-actions > *")
    assert len({round(one.evaluate("one => one.getBoundingClientRect().top")) for one in actions.all()}) == 1
    for name in ("zk-shape", "zk-columns", "zk-save-view"):
        page.locator(f"[aria-controls={name}]").click()
        menu = page.locator(f"#{name}")
        expect(menu).to_be_visible()
        assert menu.evaluate("menu => menu.scrollWidth <= menu.clientWidth"), name
        expect(menu.locator("button.btn-primary")).to_be_in_viewport(ratio=1)
        page.keyboard.press("Escape")


def test_all_that_match_are_chosen_on_a_telephone(open_browser: Opened) -> None:
    page = open_browser(Manners(width=390, height=844))
    page.goto("/customers/?f=kind:is:person")
    number = page.locator("h1 .zk-count")
    expect(number).to_have_text(re.compile(r"^\d"))
    page.locator("tbody [data-select]").first.check()
    page.get_by_role("button", name="选择符合条件的全部客户").click()
    expect(page.locator("[data-bulk-count]")).to_have_text(number.inner_text())


def test_a_list_that_makes_no_file_at_once_leads_to_the_page_that_does(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?cols=name,id_number")
    page.get_by_role("button", name="导出", exact=True).click()
    page.get_by_role("link", name="CSV 文件").click()
    page.wait_for_url("**/exports/new/customers/**")
