"""People hear of what happens to their account: in Zhike always, by mail where there is a way, and not too often."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils.timezone import now
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.accounts import notices, services, tasks
from zhike.accounts.events import PasswordChanged
from zhike.accounts.models import Notice, Token, User
from zhike.accounts.notice_words import told
from zhike.accounts.services.sessions import ENDED_BY
from zhike.accounts.tests.conftest import PASSWORD, House
from zhike.audit.models import Entry, Payload
from zhike.core import mail
from zhike.core.actor import SYSTEM
from zhike.core.tests.mail_server import Post, mail_server_beside

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


def enter(user: User, *, browser: Client | None = None, password: str = PASSWORD, **headers: str) -> Client:
    browser = browser or Client()
    form = {"username": user.username, "password": password}
    browser.post("/account/log-in/", form, headers={"User-Agent": CHROME, **headers}, REMOTE_ADDR="203.0.113.7")
    return browser


def kinds(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def test_a_new_browser_is_told_and_the_first_or_a_known_one_is_not(house: House) -> None:
    first = enter(house.seller)
    assert kinds(house.seller) == []
    first.post("/account/log-out/")
    enter(house.seller, browser=first)
    assert kinds(house.seller) == []
    enter(house.seller)
    enter(house.seller)
    assert kinds(house.seller) == ["new_browser"]
    page = enter(house.seller, browser=Client(), password="wrong").get("/account/log-in/")
    assert "安全通知" not in page.content.decode()
    browser = house.browser(house.seller)
    page_of = browser.get("/account/security/").content.decode()
    assert "You logged in from a new browser" in page_of
    assert "Chrome · Windows · 203.0.113.7" in page_of
    again = enter(house.seller)
    assert "see “My settings → Security”" in again.get("/account/").content.decode()
    assert again.post("/account/security/notices/seen/").status_code == 302
    assert "I have read these" not in again.get("/account/security/").content.decode()
    assert not Notice.objects.filter(seen_at=None).exists()


def test_failures_before_a_log_in_and_guessing_are_told(house: House) -> None:
    for _attempt in range(3):
        enter(house.seller, password="wrong")
    enter(house.seller)
    assert kinds(house.seller) == ["after_failures"]
    for _attempt in range(8):
        enter(house.administrator, password="wrong")
    assert kinds(house.administrator) == ["guessing"]
    TOTP.activate(house.seller, generate_totp_secret())
    halfway = enter(house.seller)
    for code in ("000000", "000001", "000002"):
        halfway.post("/account/log-in/second-step/", {"code": code})
    assert kinds(house.seller) == ["after_failures", "guessing_code"]


def test_changes_of_how_one_logs_in_are_events_and_told(house: House) -> None:
    boss, seller = house.actor(house.administrator), house.seller
    browser = enter(seller)
    browser.post("/account/password/", {"old": PASSWORD, "new": "a wholly new one"})
    User.objects.filter(pk=seller.pk).update(email="seller@example.cn")
    services.edit_user(
        actor=boss, user=seller, name="S", email="x@example.cn", team=None, roles=seller.roles.all(), is_active=True
    )
    TOTP.activate(seller, generate_totp_secret())
    services.reset_second_factor(actor=boss, user=seller)
    services.reset_password(actor=boss, user=seller, password="handed over safely", at=now())
    token, _key = services.create_token(actor=house.actor(seller), user=seller, name="till", at=now())
    services.revoke_token(actor=boss, token=token, at=now())
    services.end_sessions(actor=boss, user=seller)
    assert not Authenticator.objects.exists()
    expected = ["password_changed", "mail_changed", "factor_reset", "password_reset", "key_made", "logged_out"]
    assert kinds(seller) == expected
    said = [notice.title for notice in map(told, Notice.objects.filter(user=seller).order_by("pk"))]
    assert "Admin" in said[2]
    events = Entry.objects.filter(table_name="", subject="accounts_user", ids=[seller.pk]).order_by("id")
    assert [(event.action.removeprefix("accounts."), event.actor_id) for event in events] == [
        ("log_in", seller.pk),
        ("change_password", seller.pk),
        ("end_sessions", seller.pk),
        ("end_sessions", boss.user_id),
        ("reset_second_factor", boss.user_id),
        ("end_sessions", boss.user_id),
        ("change_password", boss.user_id),
        ("make_key", seller.pk),
        ("revoke_key", boss.user_id),
        ("end_sessions", boss.user_id),
    ]


def test_whoever_ends_a_session_is_named_and_where_nobody_does_it_says_so(house: House) -> None:
    browser = enter(house.seller)
    session = browser.session
    session["began_at"] = 0
    session.save()
    assert browser.get("/account/").status_code == 302
    assert ENDED_BY not in Client().session
    services.edit_user(
        actor=house.actor(house.administrator),
        user=house.seller,
        name="S",
        email="",
        team=None,
        roles=[],
        is_active=False,
    )
    ended = Entry.objects.filter(action="accounts.end_sessions").order_by("id")
    reasons = [Payload.objects.get(pk=entry.pk).texts[0] or "" for entry in ended]
    assert [(entry.actor_id, entry.origin) for entry in ended] == [(None, "web"), (house.administrator.pk, "test")]
    assert '"lifetime"' in reasons[0]
    assert '"deactivated"' in reasons[1]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with mail_server_beside(tmp_path) as post, post.settings():
        yield post


def mail_all() -> int:
    """What the worker does."""
    jobs = ProcrastinateJob.objects.filter(task_name="accounts.mail_notice").order_by("id")
    for job in jobs:
        tasks.mail_notice(**job.args)
    return len(jobs)


def test_mail_is_in_the_persons_language_goes_once_and_not_too_often(house: House, post: Post) -> None:
    User.objects.filter(pk=house.seller.pk).update(email="seller@example.cn", locale="zh-hans")
    user_id = house.seller.pk
    for _time in range(10):
        notices.tell(PasswordChanged(user_id=user_id, by_user_id=user_id))
    assert (len(kinds(house.seller)), mail_all()) == (10, notices.MAILS_AN_HOUR)
    assert mail_all() == notices.MAILS_AN_HOUR
    assert len(post.mails) == notices.MAILS_AN_HOUR
    text = post.mails[0].get_content()
    assert (post.mails[0]["To"], post.mails[0]["Subject"]) == ("seller@example.cn", "知客：密码已修改")
    assert "如果不是你本人" in text
    assert "http" not in text
    post.refuses = "451 later"
    notice = Notice.objects.filter(mailed_at=None).first()
    assert notice is not None
    with pytest.raises(mail.MailNotSent):
        tasks.mail_notice(notice_id=notice.pk)


def test_the_address_before_hears_that_it_was_changed(house: House, post: Post) -> None:
    User.objects.filter(pk=house.seller.pk).update(email="old@example.cn")
    house.seller.refresh_from_db()
    services.edit_user(
        actor=SYSTEM, user=house.seller, name="S", email="new@example.cn", team=None, roles=[], is_active=True
    )
    mail_all()
    assert [one["To"] for one in post.mails] == ["old@example.cn"]


def test_keys_that_end_soon_are_told_once_and_those_of_services_to_who_manages_users(house: House) -> None:
    at = now()
    robot = services.create_service_account(actor=SYSTEM, username="till", name="收银", roles=[])

    def key(user: User, name: str, days: float) -> None:
        services.create_token(actor=SYSTEM, user=user, name=name, at=at, lifetime=timedelta(days=days))

    key(house.seller, "long", 90)
    key(house.seller, "short", 5)
    key(robot, "robot's", 90)
    Notice.objects.all().delete()
    assert notices.remind_of_keys(at=at + timedelta(days=1)) == 0
    assert notices.remind_of_keys(at=at + timedelta(days=80)) == 2
    assert notices.remind_of_keys(at=at + timedelta(days=81)) == 0
    assert kinds(house.seller) == ["key_ends"]
    assert kinds(house.administrator) == ["service_key_ends"]
    assert notices.remind_of_keys(at=at + timedelta(days=88)) == 2
    Token.objects.update(revoked_at=at)
    Notice.objects.all().delete()
    assert notices.remind_of_keys(at=at + timedelta(days=88)) == 0
