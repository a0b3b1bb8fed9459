"""Coming in, guessing, and staying in."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.utils.timezone import now

from zhike.accounts import services, tasks
from zhike.accounts.models import LogInAttempts, Token, User
from zhike.accounts.services.attempts import ATTEMPTS_PER_ADDRESS, ATTEMPTS_PER_NAME
from zhike.accounts.tests.conftest import PASSWORD, House
from zhike.audit.models import Entry
from zhike.core.actor import SYSTEM


def log_in(
    name: str, password: str, *, address: str = "198.51.100.1", to: str = "", client: Client | None = None
) -> int:
    form = {"username": name, "password": password, "next": to}
    return (client or Client()).post("/account/log-in/", form, REMOTE_ADDR=address).status_code


def test_the_right_password_opens_whatever_the_case_of_the_name(house: House) -> None:
    client = Client()
    assert client.get("/account/", follow=False).headers["Location"] == "/account/log-in/?next=/account/"
    response = client.post("/account/log-in/", {"username": " aDMIN ", "password": PASSWORD, "next": "/account/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/account/")
    assert client.get("/account/").status_code == 200
    assert client.get("/account/log-in/").headers["Location"] == "/"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"]
)
def test_nobody_is_sent_elsewhere_after_log_in(house: House, elsewhere: str) -> None:
    response = Client().post("/account/log-in/", {"username": "Admin", "password": PASSWORD, "next": elsewhere})
    assert response.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_told_alike(house: House) -> None:
    wrong = Client().post("/account/log-in/", {"username": "Admin", "password": "wrong"})
    unknown = Client().post("/account/log-in/", {"username": "Nobody", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 200
    for response in (wrong, unknown):
        assert "用户名或密码不对" in response.content.decode()


def test_guessing_ends_and_the_victim_still_gets_in_from_elsewhere(house: House) -> None:
    for _attempt in range(ATTEMPTS_PER_NAME):
        assert log_in("Admin", "wrong", address="203.0.113.9") == 200
    client = Client()
    assert log_in("Admin", PASSWORD, address="203.0.113.9", client=client) == 200
    assert "_auth_user_id" not in client.session
    assert log_in("Admin", PASSWORD, address="198.51.100.1") == 302
    LogInAttempts.objects.update(since=now() - timedelta(minutes=16))
    assert log_in("Admin", PASSWORD, address="203.0.113.9") == 302


def test_one_password_tried_on_many_names_ends_too_and_fills_no_table(house: House) -> None:
    LogInAttempts.objects.create(name="", address="203.0.113.9", count=ATTEMPTS_PER_ADDRESS, since=now(), last_at=now())
    assert log_in("Seller", PASSWORD, address="203.0.113.9") == 200
    assert LogInAttempts.objects.count() == 1
    assert log_in("Seller", PASSWORD, address="198.51.100.1") == 302


def test_success_forgives_so_that_an_office_behind_one_address_is_not_shut_out(house: House) -> None:
    for _day in range(ATTEMPTS_PER_NAME * 2):
        assert log_in("Admin", PASSWORD) == 302
    assert LogInAttempts.objects.get().count == 0


@override_settings(PROXY_COUNT=1)
def test_behind_a_proxy_the_address_is_the_one_the_proxy_saw(house: House) -> None:
    form = {"username": "Admin", "password": "wrong"}
    headers = {"X-Forwarded-For": "10.9.9.9, 203.0.113.9"}
    Client().post("/account/log-in/", form, REMOTE_ADDR="127.0.0.1", headers=headers)
    assert LogInAttempts.objects.get(name="admin").address == "203.0.113.9"


def test_a_fragment_of_a_guest_goes_to_log_in_and_back_to_its_page(db: None) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/customers/?q=a&page=2"}
    response = Client().get("/settings/users/", headers=headers)
    assert response.status_code == 204
    assert response.headers["HX-Redirect"] == "/account/log-in/?next=/customers/%3Fq%3Da%26page%3D2"


def test_deactivated_people_are_out_at_once_and_stay_out(house: House) -> None:
    browser = house.browser(house.seller)
    User.objects.filter(pk=house.seller.pk).update(is_active=False)
    assert browser.get("/account/").status_code == 302
    assert log_in("Seller", PASSWORD) == 200


def test_log_out_needs_a_post(house: House) -> None:
    browser = house.browser(house.seller)
    assert browser.get("/account/log-out/").status_code == 405
    assert browser.post("/account/log-out/").status_code == 302
    assert browser.get("/account/").status_code == 302


def test_a_new_password_keeps_this_session_and_ends_the_others(house: House) -> None:
    here, elsewhere = house.browser(house.seller), house.browser(house.seller)
    wrong = here.post("/account/password/", {"old": "not it", "new": "a wholly new one"})
    assert "This is not your present password." in wrong.content.decode()
    weak = here.post("/account/password/", {"old": PASSWORD, "new": "short"})
    assert weak.status_code == 200
    assert elsewhere.get("/account/").status_code == 200

    assert here.post("/account/password/", {"old": PASSWORD, "new": "a wholly new one"}).status_code == 302
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert log_in("Seller", PASSWORD) == 200


def test_a_reset_password_ends_every_session(house: House) -> None:
    browser, boss = house.browser(house.seller), house.browser(house.administrator)
    address = f"/settings/users/{house.seller.pk}/"
    assert "revokes_keys" not in boss.get(address).content.decode()
    for number in range(3):
        services.create_token(actor=SYSTEM, user=house.seller, name=f"till {number}", at=now())
    assert "revokes_keys" in boss.get(address).content.decode()
    assert boss.post(f"{address}password/", {"new": "handed over safely"}).status_code == 302
    assert browser.get("/account/").status_code == 302
    assert log_in("Seller", "handed over safely") == 302
    # Forgetting a password is no reason to stop the tills; a break-in is.
    assert Token.objects.filter(revoked_at=None).count() == 3
    assert boss.post(f"{address}password/", {"new": "handed over again", "revokes_keys": "on"}).status_code == 302
    assert not Token.objects.filter(revoked_at=None).exists()
    ended = Entry.objects.filter(action="accounts.revoke_key")
    assert {entry.actor_id for entry in ended} == {house.administrator.pk}
    assert ended.count() == 3


def test_what_is_only_kept_for_a_while_is_forgotten(house: House) -> None:
    log_in("Admin", "wrong")
    house.browser(house.seller)
    Session.objects.update(expire_date=now() - timedelta(days=1))
    LogInAttempts.objects.update(since=now() - timedelta(hours=3))
    tasks.forget(timestamp=0)
    assert not LogInAttempts.objects.exists()
    assert not Session.objects.exists()
