"""Where somebody is logged in, for how long, and how that ends."""

import time

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils.timezone import now

from zhike.accounts import selectors, services, tasks
from zhike.accounts.browsers import describe_browser
from zhike.accounts.models import User
from zhike.accounts.tests.conftest import PASSWORD, House

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0"


def enter(user: User, *, agent: str = WINDOWS, address: str = "198.51.100.1") -> Client:
    browser = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    form = {"username": user.username, "password": PASSWORD}
    assert browser.post("/account/log-in/", form).status_code == 302
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def shift(browser: Client, **seconds: int) -> None:
    """Make what the session remembers older."""
    session = browser.session
    for name, ago in seconds.items():
        session[name] = int(time.time()) - ago
    session.save()


def test_sessions_are_listed_with_browser_and_address_and_ended_one_by_one(house: House) -> None:
    here, phone = enter(house.seller), enter(house.seller, agent=WECHAT, address="203.0.113.9")
    page = here.get("/account/security/").content.decode()
    assert "Chrome · Windows" in page
    assert "Log out 微信 WeChat · iPhone" in page
    assert "203.0.113.9" in page
    other = UserSession.objects.get(ip="203.0.113.9")
    assert here.post(f"/account/security/sessions/{other.pk}/end/").status_code == 302
    assert is_in(here)
    assert not is_in(phone)
    assert "Log out 微信 WeChat" not in here.get("/account/security/").content.decode()


def test_nobody_ends_or_sees_sessions_of_others(house: House) -> None:
    enter(house.administrator)
    mine, session = enter(house.seller), UserSession.objects.get(user=house.administrator)
    assert mine.post(f"/account/security/sessions/{session.pk}/end/").status_code == 404
    with pytest.raises(PermissionDenied):
        services.end_sessions(actor=house.actor(house.seller), user=house.administrator)
    with pytest.raises(PermissionDenied):
        selectors.list_sessions(actor=house.actor(house.seller), user_id=house.administrator.pk, at=now())
    assert UserSession.objects.filter(pk=session.pk).exists()


def test_all_others_end_also_those_that_no_list_knows_of(house: House) -> None:
    here, elsewhere = enter(house.seller), enter(house.seller)
    unlisted = house.browser(house.seller)
    assert here.post("/account/security/sessions/end-others/").status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)
    assert not is_in(unlisted)


def test_an_administrator_logs_somebody_out_everywhere(house: House) -> None:
    seller, boss = enter(house.seller), house.browser(house.administrator)
    assert "Chrome · Windows" in boss.get(f"/settings/users/{house.seller.pk}/").content.decode()
    assert boss.post(f"/settings/users/{house.seller.pk}/sessions/end/").status_code == 302
    assert not is_in(seller)


def test_a_session_ends_after_its_lifetime_however_busy_it_is(house: House) -> None:
    browser = enter(house.seller)
    shift(browser, began_at=settings.SESSION_LIFETIME + 60, seen_at=10)
    assert not is_in(browser)


def test_an_idle_session_ends_and_a_busy_one_is_noted_now_and_then(house: House) -> None:
    browser = enter(house.seller)
    shift(browser, seen_at=3600)
    UserSession.objects.update(last_seen_at=now().replace(year=2020))
    assert is_in(browser)
    assert UserSession.objects.get().last_seen_at.year > 2020
    assert browser.session.get_expiry_age() <= settings.SESSION_COOKIE_AGE
    Session.objects.update(expire_date=now())
    assert not is_in(browser)


def test_leaving_takes_the_session_off_the_list_and_so_does_time(house: House) -> None:
    browser = enter(house.seller)
    browser.post("/account/log-out/")
    assert not UserSession.objects.exists()
    enter(house.seller)
    Session.objects.all().delete()
    tasks.forget(timestamp=0)
    assert not UserSession.objects.exists()


def test_a_new_session_key_at_log_in(house: House) -> None:
    browser = Client()
    browser.get("/account/log-in/")
    session = browser.session
    session["planted"] = "x"
    session.save()
    planted = session.session_key or ""
    browser.cookies[settings.SESSION_COOKIE_NAME] = planted
    browser.post("/account/log-in/", {"username": "Seller", "password": PASSWORD})
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != planted


def test_somebody_whose_password_others_know_changes_it_before_anything_else(house: House) -> None:
    boss = house.browser(house.administrator)
    form = {"username": "new", "name": "新人", "password": PASSWORD, "roles": [house.roles["manager"].pk]}
    boss.post("/settings/users/new/", form)
    browser = enter(User.objects.get(username="new"))
    assert browser.get("/customers/").headers["Location"] == "/account/password/"
    assert browser.get("/api/v1/me").json()["code"] == "password_change_required"
    assert browser.get("/account/log-in/").status_code == 302
    same = browser.post("/account/password/", {"old": PASSWORD, "new": PASSWORD}).content.decode()
    assert "这就是当前的密码" in same
    assert browser.post("/account/password/", {"old": PASSWORD, "new": "a wholly new one"}).status_code == 302
    assert browser.get("/customers/").status_code == 200


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (WINDOWS, "Chrome · Windows"),
        (WINDOWS + " Edg/142.0", "Edge · Windows"),
        (WECHAT, "微信 WeChat · iPhone"),
        (WECHAT + " wxwork/4.1", "企业微信 WeCom · iPhone"),
        ("curl/8.5.0", "curl"),
        ("", "未知浏览器"),
    ],
)
def test_browsers_are_called_what_people_call_them(agent: str, name: str) -> None:
    assert describe_browser(agent) == name
