"""The second step: who needs it, what opens it, and what is done when it is lost."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils.timezone import now

from zhike.accounts import events, services, vault
from zhike.accounts.models import LogInAttempts, User
from zhike.accounts.tests.conftest import PASSWORD, House
from zhike.core import events as core_events
from zhike.core.actor import SYSTEM

SECOND_STEP = "/account/log-in/second-step/"


def code_of(secret: str, *, steps_ahead: int = 0) -> str:
    """What an authenticator app shows."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps_ahead)))


def give_app(user: User) -> str:
    secret = str(generate_totp_secret())
    TOTP.activate(user, secret)
    return secret


def enter(user: User, *, to: str = "") -> Client:
    browser = Client()
    form = {"username": user.username, "password": PASSWORD, "next": to}
    assert browser.post("/account/log-in/", form).status_code == 302
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_with_an_app_the_password_alone_does_not_open(house: House) -> None:
    secret = give_app(house.seller)
    browser = enter(house.seller, to="/account/keys/")
    assert not is_in(browser)
    assert browser.get("/api/v1/me").status_code == 401
    assert browser.post(SECOND_STEP, {"code": "000000"}).status_code == 200
    assert not is_in(browser)
    response = browser.post(SECOND_STEP, {"code": code_of(secret)})
    assert (response.status_code, response.headers["Location"]) == (302, "/account/keys/")
    assert is_in(browser)


def test_the_second_step_is_nowhere_without_the_first(house: House) -> None:
    secret = give_app(house.seller)
    assert Client().get(SECOND_STEP).headers["Location"] == "/account/log-in/"
    assert Client().post(SECOND_STEP, {"code": code_of(secret)}).headers["Location"] == "/account/log-in/"


def test_a_code_opens_once_even_where_processes_share_nothing(house: House) -> None:
    secret = give_app(house.seller)
    code = code_of(secret)
    authenticator = Authenticator.objects.get(user=house.seller)
    assert services.spend_code(authenticator_id=authenticator.pk, code=code)
    assert not services.spend_code(authenticator_id=authenticator.pk, code=code)
    assert not services.spend_code(authenticator_id=authenticator.pk, code=code_of(secret, steps_ahead=-1))
    assert services.spend_code(authenticator_id=authenticator.pk, code=code_of(secret, steps_ahead=1))
    late = enter(house.seller)
    late.post(SECOND_STEP, {"code": code})
    assert not is_in(late)


def test_codes_cannot_be_guessed_for_ever(house: House) -> None:
    secret = give_app(house.seller)
    browser = enter(house.seller)
    for _attempt in range(5):
        browser.post(SECOND_STEP, {"code": "123456"})
    page = browser.post(SECOND_STEP, {"code": code_of(secret)}).content.decode()
    assert "请 1 秒后再试" in page or "Wait 1 seconds" in page
    LogInAttempts.objects.filter(name=f"CODE:{house.seller.pk}").update(last_at=now() - timedelta(minutes=1))
    browser.post(SECOND_STEP, {"code": code_of(secret)})
    assert is_in(browser)


def test_secrets_are_encrypted_with_a_key_that_is_not_in_the_database(house: House) -> None:
    secret = give_app(house.seller)
    kept = Authenticator.objects.get(user=house.seller).data["secret"]
    assert secret not in kept
    assert vault.decrypt(kept) == secret


def set_up_app(browser: Client) -> tuple[str, list[str]]:
    """Through the pages; the app's secret and the recovery codes shown."""
    page = browser.get("/account/security/app/").content.decode()
    assert "data:image/svg+xml;base64," in page
    found = re.search(r'user-select-all">([A-Z2-7]{32})<', page)
    assert found
    response = browser.post("/account/security/app/", {"code": code_of(found[1])})
    assert response.headers["Location"] == "/account/security/codes/"
    shown = browser.get("/account/security/codes/").content.decode()
    return found[1], re.findall(r"\b\d{8}\b", shown.split("<pre")[1].split("</pre>")[0])


@pytest.mark.django_db(transaction=True)
def test_an_app_is_set_up_and_its_recovery_codes_are_shown_once_and_open_once(
    transactional_db: None, house: House
) -> None:
    here, elsewhere = enter(house.seller), enter(house.seller)
    _secret, codes = set_up_app(here)
    assert len(codes) == 10
    assert codes[0] not in here.get("/account/security/codes/").content.decode()
    assert is_in(here)
    assert not is_in(elsewhere)

    kept = str(Authenticator.objects.get(user=house.seller, type="recovery_codes").data)
    assert "seed" not in kept
    assert not any(code in kept for code in codes)

    for _time, opens in ((1, True), (2, False)):
        browser = enter(house.seller)
        browser.post(SECOND_STEP, {"code": codes[0]})
        assert is_in(browser) is opens
    assert "9" in here.get("/account/security/").content.decode()
    here.post("/account/security/app/remove/")
    assert not Authenticator.objects.filter(user=house.seller).exists()


def test_changing_factors_asks_again_who_it_is_once_the_log_in_is_a_while_ago(house: House) -> None:
    browser = enter(house.seller)
    session = browser.session
    session["began_at"] = int(time.time()) - 3600
    session.save()
    asked = browser.get("/account/security/app/")
    assert asked.headers["Location"] == "/account/confirm/?next=%2Faccount%2Fsecurity%2Fapp%2F"
    confirm = {"password": "wrong", "next": "/account/security/app/"}
    assert browser.post("/account/confirm/", confirm).status_code == 200
    assert browser.get("/account/security/app/").status_code == 302
    before = browser.session.session_key
    assert browser.post("/account/confirm/", {**confirm, "password": PASSWORD}).status_code == 302
    assert browser.session.session_key != before
    assert browser.get("/account/security/app/").status_code == 200


def test_what_was_typed_is_not_lost_while_one_shows_who_one_is(house: House) -> None:
    browser = enter(house.seller)
    session = browser.session
    session["began_at"] = int(time.time()) - 3600
    session.save()
    key = {"name": "till", "lifetime_days": "30", "reach": "all"}
    to = browser.post("/account/keys/", key).headers["Location"]
    page = browser.post(to, {"password": PASSWORD, "next": "/account/keys/"}).content.decode()
    assert re.search(r"zk_[\w-]{43}", page)


def test_a_role_can_require_a_second_factor_before_anything_else(house: House) -> None:
    administrator = house.actor(house.administrator)
    browser = enter(house.seller)
    _token, key = services.create_token(actor=house.actor(house.seller), user=house.seller, name="till", at=now())
    program = Client(headers={"Authorization": f"Bearer {key}"})
    assert program.get("/api/v1/me").status_code == 200
    role = house.roles["representative"]
    services.put_second_factor_rule(actor=administrator, role=role, is_required=True)

    assert browser.get("/customers/").headers["Location"] == "/account/security/"
    assert browser.get("/account/security/").status_code == 200
    fragment = browser.get("/customers/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (204, "/account/security/")
    for refused in (browser.get("/api/v1/me"), program.get("/api/v1/me")):
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")

    set_up_app(browser)
    assert browser.get("/customers/").status_code == 200
    assert program.get("/api/v1/me").status_code == 200
    assert enter(house.administrator).get("/account/").status_code == 200


def test_the_rule_of_a_built_in_role_is_set_on_its_page_and_outlives_its_renewal(house: House) -> None:
    browser, role = house.browser(house.administrator), house.roles["manager"]
    assert browser.post(f"/settings/roles/{role.pk}/second-factor/", {"is_required": "on"}).status_code == 302
    services.put_builtin_roles(actor=SYSTEM)
    role.refresh_from_db()
    assert role.requires_second_factor
    with pytest.raises(PermissionDenied):
        services.put_second_factor_rule(actor=house.actor(house.seller), role=role, is_required=False)
    role.refresh_from_db()
    assert role.requires_second_factor


def test_a_lost_factor_is_taken_away_by_an_administrator_and_not_by_oneself(house: House) -> None:
    give_app(house.seller)
    give_app(house.administrator)
    browser, seller = house.browser(house.administrator), house.browser(house.seller)
    assert "Take the second factor away" in browser.get(f"/settings/users/{house.seller.pk}/").content.decode()
    assert browser.post(f"/settings/users/{house.seller.pk}/second-factor/").status_code == 302
    assert not is_in(seller)
    assert is_in(enter(house.seller))
    own = browser.post(f"/settings/users/{house.administrator.pk}/second-factor/")
    assert "Change your own second factor" in own.content.decode()
    assert Authenticator.objects.filter(user=house.administrator).exists()
    with pytest.raises(PermissionDenied):
        services.reset_second_factor(actor=house.actor(house.seller), user=house.administrator)
    assert Authenticator.objects.filter(user=house.administrator).exists()


class Listener:
    """A stand-in for whoever keeps history: what is published arrives here."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def hear(self, event: type[core_events.Event]) -> Any:
        listener = self

        class Task:
            def defer(self, **arguments: Any) -> int:
                listener.heard.append((event.__name__, arguments))
                return 0

        return Task()


def test_what_happens_at_the_door_is_told_to_whoever_keeps_history(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    kinds = (events.LoggedIn, events.LogInRefused, events.SecondFactorReset, events.SessionsEnded, events.LoggedOut)
    monkeypatch.setattr(core_events, "_subscriptions", {kind: [listener.hear(kind)] for kind in kinds})
    secret = give_app(house.seller)
    browser = enter(house.seller)
    browser.post(SECOND_STEP, {"code": "000000"})
    browser.post(SECOND_STEP, {"code": code_of(secret)})
    Client().post("/account/log-in/", {"username": "Seller", "password": "wrong"}, REMOTE_ADDR="198.51.100.1")
    browser.post("/account/log-out/")
    services.reset_second_factor(actor=house.actor(house.administrator), user=house.seller)
    assert [(name, details.get("reason") or details.get("methods")) for name, details in listener.heard] == [
        ("LogInRefused", "wrong_code"),
        ("LoggedIn", ["password", "totp"]),
        ("LogInRefused", "wrong_name_or_password"),
        ("LoggedOut", None),
        ("SessionsEnded", "second_factor"),
        ("SecondFactorReset", None),
    ]
