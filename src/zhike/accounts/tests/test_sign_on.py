"""The company's sign-on, against a real OpenID Connect provider that runs beside the test."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.test import Client, override_settings
from oidc_provider_mock import User as Subject
from oidc_provider_mock import run_server_in_thread

from zhike.accounts import services
from zhike.accounts import sign_on as sign_ons
from zhike.accounts.models import Notice, User
from zhike.accounts.sign_on import check_algorithm
from zhike.accounts.tests.conftest import PASSWORD, House
from zhike.audit.models import Entry
from zhike.core.buckets import Buckets

LI_SI = Subject(sub="u-1001", claims={"name": "李四", "preferred_username": "lisi", "email": "lisi@example.cn"})
IMPOSTOR = Subject(sub="u-2002", claims={"name": "李四", "preferred_username": "lisi", "email": "lisi@example.cn"})
HERE = ("127.0.0.0/8", "::1/128")
START = "/account/sign-on/company/"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_server_in_thread(user_claims=[LI_SI, IMPOSTOR]) as server:
        yield f"http://localhost:{server.server_port}"


def with_sign_on(
    issuer: str, *, role: str = "", overrides: dict[str, str] | None = None, networks: tuple[str, ...] = HERE
) -> Any:
    """The settings of an instance that has this sign-on."""
    app = {
        "provider_id": "company",
        "name": "公司账号",
        "client_id": "zhike",
        "secret": "secret",
        "settings": {
            "server_url": issuer,
            "oauth_pkce_enabled": True,
            "openid_configuration_overrides": overrides or {},
        },
    }
    told = {"id": "company", "name": "公司账号", "issuer": issuer, "client_id": "zhike", "role": role}
    return override_settings(
        SIGN_ON=told, SOCIALACCOUNT_PROVIDERS={"openid_connect": {"APPS": [app]}}, OUTGOING_NETWORKS=networks
    )


def sign_on(browser: Client, subject: Subject, *, to: str = "/account/", process: str = "") -> Any:
    """Through the provider's page as the subject; what our page answers to the coming back."""
    question = {"next": to, "process": process} if process else {"next": to}
    response = browser.get(START, question)
    assert response.status_code == 302
    consent = requests.post(response.headers["Location"], data={"sub": subject.sub}, allow_redirects=False, timeout=10)
    back = urlsplit(consent.headers["Location"])
    assert (back.netloc, back.path) == ("testserver", f"{START}back/")
    return browser.get(f"{back.path}?{back.query}")


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_without_a_sign_on_nothing_of_it_is_there(db: None) -> None:
    assert Client().get(START).status_code == 404
    assert "sign-on" not in Client().get("/account/log-in/").content.decode()


def test_the_question_carries_state_and_a_challenge(provider: str, db: None) -> None:
    with with_sign_on(provider):
        page = Client().get("/account/log-in/?next=/customers/").content.decode()
        assert f'href="{START}?next=/customers/"' in page
        asked = parse_qs(urlsplit(Client().get(START).headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"http://testserver{START}back/"]
    assert asked["state"]
    assert asked["nonce"] == [sign_ons.nonce_of(asked["state"][0])] != asked["state"]


def test_other_sites_cannot_send_people_to_the_sign_on(provider: str, db: None) -> None:
    with with_sign_on(provider):
        sent = Client().get(START, headers={"Sec-Fetch-Site": "cross-site"})
        assert sent.headers["Location"] == "/account/log-in/"
        assert "localhost" in Client().get(START, headers={"Sec-Fetch-Site": "same-origin"}).headers["Location"]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\\\evil.example"])
def test_nobody_is_sent_elsewhere_after_the_sign_on(provider: str, house: House, elsewhere: str) -> None:
    with with_sign_on(provider, role="representative"):
        assert sign_on(Client(), LI_SI, to=elsewhere).headers["Location"] == "/"


def test_strangers_stay_outside_where_nobody_said_with_which_role_they_come(provider: str, house: House) -> None:
    browser = Client()
    with with_sign_on(provider):
        assert sign_on(browser, LI_SI).headers["Location"] == "/account/log-in/"
        assert "还没有对应的账号" in browser.get("/account/log-in/").content.decode()
    assert not is_in(browser)
    assert User.objects.count() == 2


def test_newcomers_are_made_with_the_role_and_known_by_their_subject_ever_after(provider: str, house: House) -> None:
    with with_sign_on(provider, role="representative"):
        browser = Client()
        assert sign_on(browser, LI_SI, to="/account/keys/").headers["Location"] == "/account/keys/"
        assert is_in(browser)
        user = User.objects.get(username="lisi")
        assert (user.name, user.email, list(user.roles.all())) == (
            "李四",
            "lisi@example.cn",
            [house.roles["representative"]],
        )
        assert not user.has_usable_password()
        User.objects.filter(pk=user.pk).update(username="li.si.renamed", email="")
        sign_on(Client(), LI_SI)
        assert User.objects.count() == 3
        # Same name, same address, another subject: another person.
        sign_on(Client(), IMPOSTOR)
        assert SocialAccount.objects.get(uid="u-1001").user == user
        assert SocialAccount.objects.get(uid="u-2002").user != user


def test_a_user_of_ours_connects_the_sign_on_and_leaves_it(provider: str, house: House) -> None:
    browser, fresh = Client(), Client()
    browser.post("/account/log-in/", {"username": "Seller", "password": PASSWORD})
    with with_sign_on(provider):
        sign_on(browser, LI_SI, to="/account/security/", process="connect")
        assert "Connected" in browser.get("/account/security/").content.decode()
        sign_on(fresh, LI_SI)
        assert fresh.get("/api/v1/me").json()["id"] == house.seller.pk
        assert browser.post("/account/security/sign-on/leave/").status_code == 302
        assert sign_on(Client(), LI_SI).headers["Location"] == "/account/log-in/"
    linked = Entry.objects.filter(action__endswith="link_sign_on").order_by("id")
    assert [(entry.action, entry.actor_id, entry.ids) for entry in linked] == [
        ("accounts.link_sign_on", house.seller.pk, [house.seller.pk]),
        ("accounts.unlink_sign_on", house.seller.pk, [house.seller.pk]),
    ]
    kinds = Notice.objects.filter(user=house.seller).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["sign_on_linked", "new_browser", "sign_on_unlinked"]


def test_who_has_no_password_keeps_the_sign_on(provider: str, house: House) -> None:
    browser = Client()
    with with_sign_on(provider, role="representative"):
        sign_on(browser, LI_SI)
        browser.post("/account/security/sign-on/leave/")
    assert SocialAccount.objects.exists()


def test_deactivated_people_and_second_steps_are_minded(provider: str, house: House) -> None:
    with with_sign_on(provider, role="representative"):
        sign_on(Client(), LI_SI)
        user = User.objects.get(username="lisi")
        TOTP.activate(user, generate_totp_secret())
        browser = Client()
        assert sign_on(browser, LI_SI).headers["Location"] == "/account/log-in/second-step/"
        assert not is_in(browser)
        User.objects.filter(pk=user.pk).update(is_active=False)
        browser = Client()
        assert sign_on(browser, LI_SI).headers["Location"] == "/account/log-in/"
        assert not is_in(browser)


def test_leaving_offers_to_leave_the_provider_too(provider: str, house: House) -> None:
    with with_sign_on(provider, role="representative"):
        browser = Client()
        sign_on(browser, LI_SI)
        assert browser.post("/account/log-out/").headers["Location"] == "/account/logged-out/"
        page = browser.get("/account/logged-out/").content.decode()
        assert f'href="{provider}/oauth2/end_session?client_id=zhike' in page
        assert "id_token_hint=" in page
        assert not is_in(browser)
        by_password = house.browser(house.seller)
        assert by_password.post("/account/log-out/").headers["Location"] == "/account/log-in/"


@pytest.mark.parametrize(
    "overrides",
    [{"issuer": "https://elsewhere.example"}, {"jwks_uri": "http://localhost:9/none"}],
    ids=["another issuer", "no keys to check the signature with"],
)
def test_answers_that_do_not_prove_themselves_open_nothing(
    provider: str, house: House, overrides: dict[str, str]
) -> None:
    browser = Client()
    with with_sign_on(provider, role="representative"):
        response = browser.get(START)
        consent = requests.post(
            response.headers["Location"], data={"sub": LI_SI.sub}, allow_redirects=False, timeout=10
        )
    back = urlsplit(consent.headers["Location"])
    with with_sign_on(provider, role="representative", overrides=overrides):
        assert browser.get(f"{back.path}?{back.query}").headers["Location"] == "/account/log-in/"
    assert not is_in(browser)
    assert User.objects.count() == 2


def test_a_provider_that_is_down_is_said_to_be(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ons, "noted", Buckets())
    browser = Client()
    with with_sign_on("http://localhost:9"):
        assert browser.get(START).headers["Location"] == "/account/log-in/"
        assert "单点登录没有成功" in browser.get("/account/log-in/").content.decode()
        for _attempt in range(10):
            browser.get(START)
    # Anybody can make it fail: a few entries, and no more.
    assert Entry.objects.filter(action="accounts.log_in_refused").count() == 5


def test_an_answer_to_another_browsers_question_opens_nothing(provider: str, house: House) -> None:
    with with_sign_on(provider, role="representative"):
        asked = Client().get(START)
        consent = requests.post(asked.headers["Location"], data={"sub": LI_SI.sub}, allow_redirects=False, timeout=10)
        back = urlsplit(consent.headers["Location"])
        victim = Client()
        assert victim.get(f"{back.path}?{back.query}").headers["Location"] == "/account/log-in/"
    assert not is_in(victim)


@pytest.mark.parametrize("instead", ["nonce=other", "x=y"], ids=["of another question", "of none"])
def test_a_token_that_answers_another_question_opens_nothing(provider: str, house: House, instead: str) -> None:
    browser = Client()
    with with_sign_on(provider, role="representative"):
        asked = browser.get(START).headers["Location"]
        changed = re.sub("nonce=[0-9a-f]{64}", instead, asked)
        assert changed != asked
        consent = requests.post(changed, data={"sub": LI_SI.sub}, allow_redirects=False, timeout=10)
        back = urlsplit(consent.headers["Location"])
        assert browser.get(f"{back.path}?{back.query}").headers["Location"] == "/account/log-in/"
    assert not is_in(browser)
    assert User.objects.count() == 2


def test_a_name_that_is_taken_gets_a_number(house: House) -> None:
    made = services.create_user_by_sign_on(username="SELLER", name="x", email="", role_code="manager")
    assert made.username == "SELLER-2"


@pytest.mark.parametrize(
    ("algorithm", "is_taken"), [("RS256", True), ("EdDSA", True), ("HS256", False), ("none", False)]
)
def test_only_algorithms_of_ours_sign_tokens(algorithm: str, is_taken: bool) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()).decode().rstrip("=")
    with nullcontext() if is_taken else pytest.raises(OAuth2Error):
        check_algorithm(f"{head}.e30.c2ln")
    with pytest.raises(OAuth2Error):
        check_algorithm("no token")
