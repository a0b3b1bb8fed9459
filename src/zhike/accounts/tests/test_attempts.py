"""Guessing gets slow and ends; nobody can use it to keep somebody else out."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from zhike.accounts.models import LogInAttempts
from zhike.accounts.services import attempts
from zhike.accounts.services.attempts import TooManyAttempts
from zhike.accounts.tests.conftest import PASSWORD, House

HERE, ELSEWHERE = "198.51.100.1", "203.0.113.9"
NOON = datetime.fromisoformat("2026-11-22T12:00:00+08:00")


def guess(at: datetime, *, name: str = "admin", address: str = ELSEWHERE, device: str = "") -> None:
    attempts.count_password(name=name, address=address, device=device, at=at)


def log_in(client: Client, password: str, *, address: str = HERE) -> int:
    form = {"username": "Admin", "password": password}
    return client.post("/account/log-in/", form, REMOTE_ADDR=address).status_code


def test_after_a_few_attempts_each_one_waits_longer(db: None) -> None:
    at, waits = NOON, []
    for _attempt in range(attempts.ATTEMPTS_PER_NAME):
        try:
            guess(at)
        except TooManyAttempts as refusal:
            waits.append(refusal.wait.total_seconds())
            at += refusal.wait
            guess(at)
    assert waits == [1, 2, 4, 8, 16, 30]
    with pytest.raises(TooManyAttempts) as refused:
        guess(at + timedelta(minutes=1))
    assert refused.value.wait > timedelta(minutes=10)
    guess(NOON + attempts.WINDOW + timedelta(seconds=1))


def test_a_network_of_many_addresses_is_one_guesser(db: None) -> None:
    for number in range(4):
        guess(NOON, address=f"2001:db8:1:2::{number}")
    with pytest.raises(TooManyAttempts):
        guess(NOON, address="2001:db8:1:2:ffff::1")
    guess(NOON, address="2001:db8:1:3::1")
    assert attempts.network_of("::ffff:198.51.100.1") == HERE


def test_a_browser_that_has_been_in_keeps_its_own_way_in(house: House) -> None:
    victim = Client()
    assert log_in(victim, PASSWORD) == 302
    assert victim.cookies[settings.DEVICE_COOKIE_NAME]["httponly"]
    victim.post("/account/log-out/")
    # The guesser sits behind the same address, and uses up all there is.
    LogInAttempts.objects.all().delete()
    for name in ("admin", ""):
        LogInAttempts.objects.create(name=name, address=HERE, count=1000, since=now(), last_at=now())
    assert log_in(Client(), PASSWORD) == 200
    assert log_in(victim, PASSWORD) == 302


def test_a_known_browser_cannot_guess_for_ever_either_and_is_no_help_with_another_name(house: House) -> None:
    browser = Client()
    assert log_in(browser, PASSWORD) == 302
    browser.post("/account/log-out/")
    for _attempt in range(attempts.FREE_ATTEMPTS):
        log_in(browser, "wrong")
    assert log_in(browser, PASSWORD) == 200
    LogInAttempts.objects.all().delete()
    LogInAttempts.objects.create(name="", address=HERE, count=1000, since=now(), last_at=now())
    browser.post("/account/log-in/", {"username": "Seller", "password": PASSWORD}, REMOTE_ADDR=HERE)
    assert "_auth_user_id" not in browser.session


def test_a_forged_mark_counts_as_none(house: House) -> None:
    forger = Client()
    forger.cookies[settings.DEVICE_COOKIE_NAME] = '{"x": "y"}:made-up'
    LogInAttempts.objects.create(name="", address=HERE, count=1000, since=now(), last_at=now())
    assert log_in(forger, PASSWORD) == 200


def test_codes_are_counted_for_the_person_wherever_they_are_tried(house: House) -> None:
    at, pk = NOON, house.seller.pk
    for number in range(attempts.CODES_PER_PERSON):
        attempts.count_code(user_id=pk, address=f"198.51.100.{number}", device="", at=at)
    with pytest.raises(TooManyAttempts):
        attempts.count_code(user_id=pk, address="198.51.100.200", device="", at=at)
    attempts.count_code(user_id=pk, address="198.51.100.200", device="device:known", at=at)
    attempts.forgive_codes(user_id=pk)
    attempts.count_code(user_id=pk, address="198.51.100.200", device="", at=at)


def test_a_borrowed_session_cannot_guess_the_password(house: House) -> None:
    client = Client()
    client.force_login(house.administrator)
    wished = "tui-langgan-92-xuehua"
    form = {"old": "guess", "new": wished}
    for _attempt in range(attempts.FREE_ATTEMPTS):
        client.post("/account/password/", form)
    client.post("/account/password/", {**form, "old": PASSWORD})
    house.administrator.refresh_from_db()
    assert house.administrator.check_password(PASSWORD)
    LogInAttempts.objects.all().delete()
    client.post("/account/password/", {**form, "old": PASSWORD})
    house.administrator.refresh_from_db()
    assert house.administrator.check_password(wished)
