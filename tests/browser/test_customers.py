"""The customer list and the customer's page, as people use them all day."""

import re
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Route, expect
from tests.browser.conftest import Manners, Site

type Opened = Callable[..., Page]
# The smallest that browsers draw.
PICTURE = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def names(page: Page) -> list[str]:
    return page.locator("tbody th[scope=row]").all_inner_texts()


def search(page: Page, text: str) -> None:
    """By way of the box's last line, which leads to the list."""
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="全局搜索")
    expect(box).to_be_focused()
    box.fill(text)
    page.get_by_role("option", name=f"全部含“{text}”的客户").click()
    page.wait_for_url("**/customers/?q=*")


def open_as_page(page: Page, *, place: int = 0) -> None:
    """The list's customer at the place, by way of the panel beside the list."""
    page.locator("tbody a[data-panel]").nth(place).click()
    page.locator("#zk-panel").get_by_role("link", name="整页打开").click()
    page.wait_for_url(re.compile(r"/customers/\d+/$"))
    page.wait_for_load_state("networkidle")


def test_a_customer_is_found_by_chinese_by_initials_and_by_digits(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/")
    row = page.locator("tbody tr", has=page.locator("td[data-label=电话]", has_text=re.compile(r"\d{4}$"))).first
    name = row.locator("th").inner_text()
    phone = re.sub(r"\D", "", row.locator("td[data-label=电话]").inner_text())
    for asked in (name[:2], phone[-6:]):
        search(page, asked)
        assert name in names(page)
    page.goto("/customers/new/")
    page.locator("input[name=name]").fill("欧阳锦程")
    page.locator("main button[type=submit]").click()
    expect(page.locator("h1")).to_have_text("欧阳锦程")
    for asked in ("阳锦", "oyjc", "ouyang"):
        search(page, asked)
        assert names(page)[0] == "欧阳锦程"
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="全局搜索")
    expect(page.get_by_role("option").first).to_contain_text("欧阳锦程")  # opened before
    box.fill("没有这个人")
    expect(page.get_by_role("dialog")).to_contain_text("没有找到“没有这个人”")
    # Enter waits for the answer to what was typed last, and opens the best of it.
    for meant in ("ouyangjincehng", "歐陽錦程", "xinjiankehu"):
        box.fill(meant)
        expect(page.get_by_role("option").first).to_be_visible()
    box.press("Enter")
    page.wait_for_url("**/customers/new/")
    page.goto("/customers/?q=没有这个人")
    expect(page.locator("main")).to_contain_text("拼音或首字母")


def test_a_customer_opens_beside_the_list_and_as_a_page(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?f=grade:is:top")
    link = page.locator("tbody a[data-panel]").first
    name = link.inner_text()
    link.click()
    panel = page.locator("#zk-panel")
    expect(panel.locator("h1")).to_have_text(name)
    expect(panel.locator(".zk-record-panels")).to_contain_text("客户价值")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(link).to_be_focused()
    open_as_page(page)
    expect(page.locator("main h1")).to_have_text(name)
    expect(page.locator(".zk-record-panels")).to_contain_text("位于前 1%")
    panels = page.locator(".zk-record-panels")
    expect(panels).to_contain_text("下一步")
    orders = panels.get_by_role("region", name="订单", exact=True)
    expect(orders).to_contain_text("累计")
    page.get_by_text("调整面板").click()
    panels.get_by_role("checkbox", name="订单").uncheck()
    panels.get_by_role("button", name="保存").click()
    expect(orders).to_have_count(0)
    page.get_by_text("调整面板").click()
    panels.get_by_role("button", name="恢复默认").click()
    expect(orders).to_contain_text("累计")
    page.get_by_role("link", name="打印或存为 PDF").click()
    expect(page.locator(".zk-sheet h1")).to_have_text(name)
    expect(page.locator(".zk-sheet")).to_contain_text("打印")
    page.go_back()
    page.get_by_role("link", name="添加关系").click()
    page.locator("#zk-seek").press_sequentially(name[:1])
    expect(page.get_by_role("radiogroup", name="找到的客户").get_by_role("radio").first).to_be_checked()


def test_a_field_is_edited_in_place_and_taken_back(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?f=grade:is:high")
    open_as_page(page)
    city = page.locator("[data-edit$='/edit/city/']")
    before = city.inner_text()
    city.focus()
    page.keyboard.press("Enter")
    field = page.locator("[data-edit-form] input[name=value]")
    field.fill("拉萨")
    field.press("Enter")
    expect(city).to_contain_text("拉萨")
    expect(page.locator("#zk-time-line")).to_contain_text("拉萨")
    page.locator("[data-toast]").get_by_role("button", name="撤销").click()
    expect(city).to_have_text(before)


def test_a_follow_up_is_written_and_the_time_line_filtered(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/customers/?f=grade:is:high")
    open_as_page(page, place=1)
    page.keyboard.press("m")
    expect(page.locator("#zk-composer-text")).to_be_focused()
    page.locator("#zk-composer-text").fill("约好周五下午看新品")
    page.keyboard.press("Control+Enter")
    line = page.locator("#zk-time-line")
    expect(line.locator("li").first).to_contain_text("约好周五下午看新品")
    page.wait_for_load_state("networkidle")
    line.get_by_role("link", name="订单", exact=True).click()
    expect(line).not_to_contain_text("约好周五下午看新品")
    expect(line.locator("li").first).to_contain_text("下单")
    line.get_by_role("link", name="跟进", exact=True).click()
    expect(line.locator("li").first).to_contain_text("约好周五下午看新品")
    # A click while the list is being replaced wins over what is under way, however late that answers.
    late: list[Route] = []
    page.route("**/time-line/*", lambda route: route.continue_() if late else late.append(route))
    with page.expect_request("**/time-line/*"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('customerChanged', {bubbles: true}))")
    line.get_by_role("link", name="订单", exact=True).click()
    expect(line.locator("nav [aria-current]")).to_have_text("订单")
    with suppress(Error):  # aborted by the page
        late[0].continue_()
    page.unroute_all()
    page.wait_for_load_state("networkidle")
    expect(line.locator("nav [aria-current]")).to_have_text("订单")
    page.locator("#zk-composer-text").fill("样品照片")
    page.locator("[data-attach-file]").set_input_files({"name": "样品.gif", "mimeType": "text/html", "buffer": PICTURE})
    expect(page.locator("[data-attached]")).to_contain_text("样品.gif")
    page.keyboard.press("Control+Enter")
    expect(line.get_by_role("img", name="样品.gif")).to_have_js_property("naturalWidth", 1)
    line.get_by_role("link", name="有附件").click()
    expect(line.locator("ol > li")).to_have_count(1)


def test_on_a_phone_rows_are_chosen_and_a_notice_leaves_the_bar_below_free(open_browser: Opened) -> None:
    page = open_browser(Manners(width=390, height=844))
    page.goto("/customers/")
    page.locator("tbody [data-select]").first.check()
    page.evaluate(
        "document.body.dispatchEvent(new CustomEvent('toast', {detail: {message: 'm', undoUrl: '/'}, bubbles: true}))"
    )
    expect(page.locator(".zk-toast")).to_be_visible()
    page.locator("[data-bulk-clear]").click(timeout=5_000)
    expect(page.locator("[data-bulk]")).to_be_hidden()


@pytest.mark.parametrize(
    ("language", "help_title", "customers"), [("zh-hans", "快捷键", "客户"), ("en", "Keyboard", "Customers")]
)
def test_the_keyboard_reaches_search_customers_and_help(
    open_browser: Opened, site: Site, language: str, help_title: str, customers: str
) -> None:
    page = open_browser(Manners(language=language))
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url(f"{site.address}/customers/")
    expect(page.locator("h1")).to_contain_text(customers)
    page.keyboard.press("/")
    expect(page.locator("[data-finder-input]")).to_be_focused()
    page.keyboard.type("sz" if language == "zh-hans" else "sett")
    expect(page.locator("#zk-finder [aria-selected=true]")).to_have_attribute("href", "/settings/")
    page.keyboard.press("Escape")
    expect(page.locator("#zk-finder")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#zk-keys")).to_contain_text(help_title)
    page.keyboard.press("Escape")
    expect(page.locator("#zk-keys")).to_be_hidden()


def test_a_field_is_designed_filled_shown_and_archived(open_browser: Opened) -> None:
    page = open_browser()
    page.goto("/settings/fields/")
    page.get_by_role("link", name="新建字段").first.click()
    page.get_by_role("link", name="单选").click()
    page.get_by_label("名称", exact=False).first.fill("会员等级")
    for place, name in enumerate(("金卡", "银卡", "普通", "黑卡")):
        if place == 3:
            page.get_by_role("button", name="再加一个选项").click()
        page.locator("[name=option_label]").nth(place).fill(name)
    page.locator("[name=option_tone]").first.select_option("warn")
    page.get_by_role("button", name="上移").nth(3).click()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("link", name="会员等级")).to_be_visible()
    page.goto("/customers/?cols=name,custom.hui_yuan_deng_ji")
    page.locator("tbody a[data-panel]").first.click()
    page.locator("#zk-panel").get_by_role("link", name="整页打开").click()
    page.wait_for_url(re.compile(r"/customers/\d+/$"))
    line = page.locator("div", has=page.locator("dt", has_text="会员等级")).last
    line.locator("[data-edit]").click()
    choice = page.get_by_role("combobox", name="会员等级")
    expect(choice.locator("option")).to_have_text(["—", "金卡", "银卡", "黑卡", "普通"])
    choice.select_option("金卡")
    page.keyboard.press("Tab")
    expect(page.get_by_text("已保存：会员等级")).to_be_visible()
    expect(page.locator(".zk-timeline, main").get_by_text("会员等级：添加 金卡").first).to_be_visible()
    page.goto("/customers/?cols=name,custom.hui_yuan_deng_ji")
    expect(page.locator("tbody .zk-badge[data-tone=warn]")).to_have_text("金卡")
    page.goto("/settings/fields/of/customers.customer/new/?kind=formula")
    page.get_by_label("名称", exact=False).first.fill("等级分")
    page.locator("[data-insert]").first.select_option(label="会员等级")
    formula = page.get_by_label("公式")
    expect(formula).to_have_value("{会员等级}")
    formula.fill("如果({会员等级} = “金”，10，1)")
    expect(page.locator("#formula-check mark")).to_have_text("“金”")
    formula.fill("如果({会员等级} = “金卡”，10，1)")
    expect(page.get_by_text("结果是数字。")).to_be_visible()
    page.get_by_role("button", name="保存").click()
    rows = page.locator("[data-arranged]")
    expect(rows).to_contain_text(["会员等级", "等级分"])
    with page.expect_navigation():
        rows.nth(1).drag_to(rows.nth(0), target_position={"x": 40, "y": 4})
    expect(rows).to_contain_text(["等级分", "会员等级"])
    page.goto("/customers/?cols=name,custom.deng_ji_fen")
    expect(page.locator("tbody").get_by_text("10", exact=True)).to_be_visible()
    page.goto("/settings/fields/of/customers.customer/new/?kind=text")
    page.get_by_label("名称", exact=False).first.fill("升级说明")
    page.get_by_text("显示条件").first.click()
    page.get_by_role("group", name="会员等级").get_by_label("银卡").check()
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("**/of/customers.customer/")
    page.goto("/customers/new/")
    reason = page.get_by_label("升级说明")
    expect(reason).to_be_hidden()
    page.get_by_label("会员等级").select_option("银卡")
    expect(reason).to_be_visible()
    for name, answer in (
        ("会员等级", "公式字段“等级分”用到了它"),
        ("等级分", "1 个已归档字段"),
        ("会员等级", "“升级说明”的显示条件用到了“会员等级”"),
        ("升级说明", "2 个已归档字段"),
        ("会员等级", "3 个已归档字段"),
    ):
        page.goto("/settings/fields/")
        page.get_by_role("link", name=name).click()
        page.get_by_role("button", name="归档").click()
        expect(page.get_by_text(answer)).to_be_visible()
