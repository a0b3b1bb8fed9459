"""Passkeys, with an authenticator that Chromium itself plays."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect
from tests.browser.conftest import PATIENCE_MS, Person, Site, log_in, make_person


@contextmanager
def authenticator(page: Page) -> Iterator[None]:
    """A device that checks its owner by itself and says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield
    session.detach()


def by_name(site: Site) -> str:
    """Passkeys belong to host names, not to numbers."""
    return f"http://localhost:{urlsplit(site.address).port}"


def leave(page: Page) -> None:
    page.locator("[aria-controls=zk-person]").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()


def test_a_passkey_opens_alone_and_as_the_second_step(site: Site, open_browser: Callable[..., Page]) -> None:
    person = make_person(site, "passkey-friend")
    page = open_browser(logged_in=False, address=by_name(site))
    with authenticator(page):
        log_in(page, person)
        page.goto("/account/security/")
        page.get_by_role("link", name="添加通行密钥").click()
        page.get_by_label("通行密钥名称").fill("办公电脑")
        page.get_by_role("button", name="创建通行密钥").click()
        expect(page.get_by_role("heading", name="恢复码")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="下载").click()
        assert len(download.value.path().read_text(encoding="utf-8").split()) == 10
        page.goto("/account/security/")
        expect(page.get_by_text("办公电脑")).to_be_visible()

        leave(page)
        page.goto("/account/log-in/?next=/account/keys/")
        page.get_by_role("button", name="用通行密钥登录").click()
        page.wait_for_url("**/account/keys/", timeout=PATIENCE_MS)

        leave(page)
        page.locator("input[name=username]").fill(person.username)
        page.locator("input[name=password]").fill(person.password)
        page.locator("input[name=password]").press("Enter")
        expect(page.get_by_role("heading", name="第二步验证")).to_be_visible()
        page.get_by_role("button", name="使用通行密钥").click()
        expect(page.locator(".zk-rail")).to_be_visible()

        page.goto("/account/security/")
        page.get_by_role("link", name="删除 办公电脑").click()
        page.get_by_role("button", name="删除通行密钥").click()
        expect(page.get_by_text("通行密钥已删除")).to_be_visible()
        expect(page.get_by_role("heading", name="恢复码")).to_have_count(0)


def test_where_no_passkey_can_be_made_the_page_says_why(site: Site, open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    page.goto("/account/security/passkeys/new/")
    expect(page.get_by_role("note")).to_contain_text("HTTPS")
    expect(page.get_by_role("button", name="创建通行密钥")).to_have_count(0)


def test_a_device_that_says_no_is_said_to(site: Site, open_browser: Callable[..., Page]) -> None:
    page = open_browser(logged_in=False, address=by_name(site))
    with authenticator(page):
        page.goto("/account/log-in/")
        page.get_by_role("button", name="用通行密钥登录").click()
        expect(page.get_by_role("alert")).to_contain_text("没有收到通行密钥的回应")


def test_an_app_is_set_up_by_its_picture_and_asked_for(site: Site, open_browser: Callable[..., Page]) -> None:
    def code(secret: str, ahead: int = 0) -> str:
        return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead)))

    person: Person = make_person(site, "app-friend")
    page = open_browser(logged_in=False)
    log_in(page, person)
    page.goto("/account/security/app/")
    picture = page.get_by_role("img", name="身份验证器二维码")
    assert picture.evaluate("image => image.naturalWidth") > 0
    page.get_by_text("无法扫码？").click()
    secret = page.locator("details code").inner_text()
    page.get_by_label("验证码").fill(code(secret))
    page.get_by_role("button", name="启用").click()
    expect(page.get_by_role("heading", name="恢复码")).to_be_visible()
    page.get_by_role("link", name="我已保存").click()
    leave(page)
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill(person.password)
    page.locator("input[name=password]").press("Enter")
    page.get_by_label("验证码").fill("000000")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_text("验证码不对")).to_be_visible()
    page.get_by_label("验证码").fill(code(secret, ahead=1))
    page.get_by_role("button", name="登录").click()
    expect(page.locator(".zk-rail")).to_be_visible()
