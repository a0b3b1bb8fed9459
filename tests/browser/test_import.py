"""From the door to graded customers: log in, bring a file, see who they are; and take it back."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import Manners, Site, log_in

type Opened = Callable[..., Page]

BUYERS = ("司徒静怡", "上官云帆", "诸葛明远", "端木若兰", "百里思源", "东方晓月")
ROWS = 40


def order_file(folder: Path, *, prefix: str) -> Path:
    """Forty good order lines of six customers, and three rows that cannot be taken."""
    lines = ["订单号,下单时间,会员号,会员姓名,手机号,商品名称,数量,单价"]
    for place in range(ROWS):
        buyer = place % len(BUYERS)
        day = date.today() - timedelta(days=3 * place + 1)  # noqa: DTZ011 - any recent days do
        lines.append(
            f"{prefix}{place:03},{day} 10:30:00,{prefix}{buyer},{BUYERS[buyer]},1390000{place % 6}{len(prefix)}88,"
            f"手冲咖啡豆 250g,{place % 3 + 1},{(buyer + 1) * 58}.50"
        )
    lines += [
        f"{prefix}901,2023-02-30,{prefix}1,{BUYERS[1]},,挂耳咖啡,1,39",
        f"{prefix}902,2026-01-05,{prefix}7,公孙白,1.38E+10,挂耳咖啡,1,39",
        f"{prefix}903,2026-01-06,{prefix}2,{BUYERS[2]},,挂耳咖啡,一盒,39",
    ]
    file = folder / f"订单-{prefix}.csv"
    file.write_text("\n".join(lines), encoding="gb18030")
    return file


def look_again_until(page: Page, wanted: Locator, *, times: int = 60) -> None:
    """Reload until it is there: grades come from the worker, some seconds after the import."""
    for _ in range(times):
        if wanted.count():
            return
        page.wait_for_load_state("networkidle")
        page.reload()
    expect(wanted).to_be_visible()


def bring(page: Page, file: Path) -> None:
    """Through the wizard up to the result; the work in between is the worker's."""
    page.goto("/imports/")
    page.locator("input[type=file]").set_input_files(file)
    page.wait_for_url(re.compile(r"/imports/\d+/"))
    page.locator("main form button.btn-primary").click()
    page.locator("main form[action$='/apply/'] button").click()
    expect(page.locator("main form[action$='/undo/']")).to_be_visible()


def take_back(page: Page) -> None:
    page.locator("main form[action$='/undo/'] button").click()
    expect(page.locator("main form[action$='/undo/']")).to_have_count(0)


def test_from_the_door_to_graded_customers(open_browser: Opened, site: Site, tmp_path: Path) -> None:
    page = open_browser(logged_in=False)
    page.goto("/imports/")
    expect(page).to_have_url(re.compile("/account/log-in/"))
    person = site.people["zh-hans"]
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill("不是这个")
    page.locator("input[name=password]").press("Enter")
    expect(page.locator("main, body").first).to_contain_text("用户名或密码不对")
    log_in(page, person)
    expect(page.locator("h1")).to_have_text("今天")

    page.get_by_role("link", name="导入", exact=True).first.click()
    page.locator("input[type=file]").set_input_files(order_file(tmp_path, prefix="QT"))
    expect(page.locator(".zk-step[aria-current=step]")).to_contain_text("对应列")
    expect(page.get_by_label("下单时间")).to_have_value("placed_at")
    expect(page.get_by_label("会员号")).to_have_value("customer_id")
    page.get_by_label("来源系统").fill("青藤咖啡")
    page.get_by_role("button", name="预检文件").click()

    figures = page.locator(".zk-figures")
    expect(figures).to_be_visible()
    expect(figures).to_contain_text(re.compile(rf"新增\s*{ROWS}\b"))
    expect(figures).to_contain_text(re.compile(r"未通过\s*3\b"))
    for said in ("2023-02-30", "1.38E+10", "一盒"):
        expect(page.locator("main table")).to_contain_text(said)
    with page.expect_download() as refused:
        page.get_by_role("link", name="下载全部未通过的行").click()
    told = refused.value.path().read_text("gb18030")
    assert told.count("\n") >= 3
    assert "QT901" in told

    page.locator("main form[action$='/apply/'] button").click()
    expect(page.locator("main")).to_contain_text("导入结果")
    expect(page.locator(".zk-facts")).to_contain_text(re.compile(r"新建客户\s*6"))
    expect(page.locator(".zk-facts")).to_contain_text(re.compile(r"新建订单\s*40"))
    result = page.url
    page.get_by_role("link", name="查看客户").click()

    page.goto("/customers/?q=端木")
    expect(page.locator("tbody th[scope=row]")).to_have_text(["端木若兰"])
    look_again_until(page, page.locator("td[data-label=价值等级]", has_text=re.compile("重要|次要|普通|小客户")))
    expect(page.locator("td[data-label=累计消费]")).to_have_text("¥1,627.50")
    page.locator("tbody a[data-panel]").click()
    expect(page.locator("#zk-panel .zk-record-panels")).to_contain_text("累计 ¥1,627.50，位于前")

    page.goto(result)
    take_back(page)
    expect(page.locator("main")).to_contain_text("导入新建的数据已删除")
    page.goto("/customers/?q=端木")
    expect(page.locator("main")).to_contain_text("没有找到")


def test_the_wizard_speaks_english_and_a_second_import_changes_nothing(open_browser: Opened, tmp_path: Path) -> None:
    page = open_browser(Manners(language="en"))
    file = order_file(tmp_path, prefix="EN")
    bring(page, file)
    expect(page.locator("main")).to_contain_text("Orders created")
    first = page.url
    bring(page, file)
    figures = page.locator(".zk-figures")
    expect(figures).to_contain_text(re.compile(rf"Unchanged\s*{ROWS}\b"))
    expect(figures).to_contain_text(re.compile(r"New\s*0\b"))
    page.goto(first)
    take_back(page)
    expect(page.locator("main")).to_contain_text("Taken back on")


def test_a_file_that_cannot_be_read_says_why(open_browser: Opened, tmp_path: Path) -> None:
    page = open_browser()
    page.goto("/imports/")
    broken = tmp_path / "会员.xlsx"
    broken.write_bytes(b"PK\x03\x04 no workbook at all")
    page.locator("input[type=file]").set_input_files(broken)
    expect(page.locator("[data-upload-error]")).to_contain_text("会员.xlsx")
    assert page.url.endswith("/imports/")


def test_a_real_file_of_70_000_orders_goes_through_the_wizard(open_browser: Opened, trial_data: Path) -> None:
    page = open_browser()
    page.set_default_timeout(90_000)
    page.goto("/imports/")
    page.locator("input[type=file]").set_input_files(trial_data / "cdnow" / "CDNOW_master.txt")
    page.wait_for_url(re.compile(r"/imports/\d+/"))
    page.locator("main form button.btn-primary").click()
    page.locator("main form[action$='/apply/'] button").click()
    undo = page.locator("main form[action$='/undo/']")
    undo.wait_for()
    expect(page.locator(".zk-facts")).to_contain_text(re.compile(r"新建客户\s*23,570"))
    expect(page.locator(".zk-facts")).to_contain_text(re.compile(r"新建订单\s*69,659"))
    undo.locator("button").click()
    page.get_by_text("导入新建的数据已删除").wait_for()
