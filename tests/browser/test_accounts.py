"""Coming in, one's own settings, people and roles, and the API's documentation, as people see them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Manners, Site, settle

from zhike.ui.tests.barriers import barriers

PHONE = Manners(width=390, height=844, language="en", theme="dark")


def test_the_door_says_what_is_wrong_and_speaks_both_languages(site: Site, open_browser: Callable[..., Page]) -> None:
    person = site.people["zh-hans"]
    page = open_browser(logged_in=False)
    page.goto("/account/log-in/?next=/account/")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    page.get_by_label("用户名").fill(person.username)
    page.get_by_label("密码").fill("not the password")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码不对")
    page.get_by_label("密码").fill(person.password)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="个人设置")).to_be_visible()


def test_theme_and_language_change_at_once_and_stay(open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    page.goto("/account/keys/")
    page.get_by_role("button", name="我和我的设置").click()
    page.get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.url.endswith("/account/keys/")
    page.get_by_role("button", name="我和我的设置").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="My settings")).to_be_visible()
    page.get_by_role("button", name="Me and my settings").click()
    page.get_by_role("button", name="简体中文").click()
    page.get_by_role("button", name="我和我的设置").click()
    page.get_by_role("button", name="跟随系统").or_(page.get_by_role("button", name="系统")).first.click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "auto")


def test_a_key_made_here_opens_the_api_and_its_documentation_is_tried_out(open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    page.goto("/account/keys/")
    page.get_by_role("textbox", name="用途").fill("收银台")
    page.get_by_role("button", name="创建密钥").click()
    key = page.get_by_text(re.compile("^zk_")).inner_text()
    answer = page.request.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})
    assert answer.ok
    page.goto("/api/docs")
    page.locator("#operations-me-get_me button.opblock-summary-control").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator("#operations-me-get_me .live-responses-table").get_by_text("200").first).to_be_visible()
    page.goto("/account/keys/")
    page.get_by_role("button", name="吊销 收银台").click()
    assert page.request.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).status == 401


@pytest.mark.parametrize("manners", [Manners(), PHONE], ids=["desk", "phone"])
def test_settings_fit_the_screen_and_are_accessible(open_browser: Callable[..., Page], manners: Manners) -> None:
    page = open_browser(manners)
    for address in (
        *("users/", "users/new/", "users/1/", "teams/", "teams/new/", "roles/", "roles/new/", "fields/"),
        *("fields/of/customers.customer/new/", "fields/of/customers.customer/new/?kind=choice"),
        "fields/of/customers.customer/sections/new/",
    ):
        page.goto(f"/settings/{address}")
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        settle(page)
        assert barriers(page) == [], address
