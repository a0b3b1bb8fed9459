"""Cookies that scripts cannot read and other sites cannot send; names and ways that only claim to be ours."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from tests.api.conftest import PASSWORD, Hire

from zhike.accounts.address import UNKNOWN, client_address
from zhike.core.actor import Scope
from zhike.core.proxies import ForwardedMiddleware

STRANGER, PROXY = "203.0.113.9", "127.0.0.1"
CLAIMS = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}


def test_no_cookie_is_open_to_scripts_or_sent_from_other_sites(hire: Hire) -> None:
    hire("boss", scope=Scope.ALL)
    browser = Client()
    browser.post("/account/log-in/", {"username": "boss", "password": PASSWORD})
    browser.post("/customers/new/", {"name": "x"})
    guest = Client()
    guest.get("/account/log-in/")
    guest.post("/account/preferences/", {"locale": "en"})
    cookies = {**guest.cookies, **browser.cookies}
    assert set(cookies) == {
        *(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME),
        *(settings.LANGUAGE_COOKIE_NAME, settings.DEVICE_COOKIE_NAME),
    }
    for name, cookie in cookies.items():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", ""), (
            name
        )


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "a b", ""])
@pytest.mark.parametrize("path", ["/account/log-in/", "/api/v1/customers", "/no/such"])
@override_settings(ALLOWED_HOSTS=["127.0.0.1", "localhost"])
def test_another_host_name_is_refused(host: str, path: str, db: None) -> None:
    answer = Client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.content.decode()


def ask(**details: Any) -> Any:
    """The request as it is after the proxies were looked at."""
    from django.test import RequestFactory

    seen: list[Any] = []
    request = RequestFactory().get("/", **details)
    ForwardedMiddleware(lambda found: seen.append(found))(request)  # type: ignore[arg-type, func-returns-value]
    return seen[0]


@override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def test_nobody_but_our_proxy_says_where_a_request_comes_from() -> None:
    for proxies, peer in ((0, STRANGER), (0, PROXY), (1, STRANGER), (1, ""), (1, "::ffff:203.0.113.9")):
        with override_settings(PROXY_COUNT=proxies):
            request = ask(headers=CLAIMS, REMOTE_ADDR=peer)
            assert client_address(request) in {peer, UNKNOWN}
            assert not request.is_secure()
            assert "X-Forwarded-Host" not in request.headers
    with override_settings(PROXY_COUNT=1):
        for peer in (PROXY, "::1", "::ffff:127.0.0.1"):
            request = ask(headers=CLAIMS, REMOTE_ADDR=peer)
            assert (client_address(request), request.is_secure()) == ("198.51.100.7", True)
    assert request.get_host().partition(":")[0] == "testserver"


def test_a_form_from_another_site_is_refused(hire: Hire) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(hire("boss", scope=Scope.ALL).user)
    for path in ("/customers/new/", "/account/log-out/", "/account/keys/", "/settings/users/new/", "/imports/upload/"):
        assert browser.post(path, {}).status_code == 403, path
    answer = browser.post("/api/v1/customers", {"name": "x"}, content_type="application/json")
    assert answer.status_code == 403


def test_log_out_clears_what_the_browser_kept(hire: Hire) -> None:
    browser = Client()
    browser.force_login(hire("boss", scope=Scope.ALL).user)
    left = browser.post("/account/log-out/")
    assert (left.status_code, left.headers["Clear-Site-Data"]) == (302, '"storage"')
    assert "no-store" in browser.get("/account/log-in/").headers["Cache-Control"]


def test_reading_changes_nothing_by_get(hire: Hire) -> None:
    """Addresses that change something refuse GET, so that a picture or a link of another site cannot use them."""
    browser = Client()
    browser.force_login(hire("boss", scope=Scope.ALL).user)
    for path in ("/account/log-out/", "/account/preferences/", "/imports/upload/", "/insight/refresh/"):
        assert browser.get(path).status_code == 405, path
