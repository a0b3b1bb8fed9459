"""What every answer tells the browser, whatever it answers."""

import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client
from tests.api.conftest import Hire

from zhike.core.actor import Scope

ADDRESSES = (
    "/account/log-in/",
    "/customers/",
    "/no/such/page/",
    "/api/v1/customers",
    "/api/no",
    "/api/docs",
    "/static/no",
)
POLICY = {
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
ALL = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.fixture
def browser(hire: Hire) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(hire("boss", scope=Scope.ALL).user)
    return client


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_is_shut_to_other_sites(browser: Client, address: str) -> None:
    for client in (browser, Client()):
        headers = client.get(address).headers
        assert {part.strip() for part in headers["Content-Security-Policy"].split(";")} == POLICY
        assert {name: headers.get(name, "") for name, start in ALL.items() if start not in headers.get(name, "")} == {}
        assert "camera=()" in headers["Permissions-Policy"]
        assert not [name for name in headers if name.lower().startswith("access-control-")]
        assert not {"Server", "X-Powered-By"} & set(headers)


def test_texts_say_their_encoding(browser: Client) -> None:
    for address in ADDRESSES:
        kind = browser.get(address).headers.get("Content-Type", "")
        assert "charset=utf-8" in kind or kind in {"application/json", "application/problem+json"}, address


def test_no_source_is_allowed_to_run_what_stands_in_a_page() -> None:
    policy = repr(settings.SECURE_CSP)
    assert not re.search("unsafe|nonce|\\*|https?:", policy)


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT"])
def test_requests_are_not_echoed(browser: Client, method: str) -> None:
    answer = browser.generic(method, "/account/", headers={"X-Secret": "echo me"})
    assert b"echo me" not in answer.content
    assert answer.status_code in {403, 405}


def test_nothing_is_listed_and_no_source_is_served(browser: Client) -> None:
    for address in (
        "/static/",
        "/static/ui/",
        "/.git/config",
        "/static/../settings.py",
        "/static/%2e%2e/%2e%2e/settings.py",
    ):
        assert browser.get(address).status_code in {302, 404}, address


BEHIND_TLS = """
import django; django.setup()
from django.conf import settings
from django.test import Client
settings.ALLOWED_HOSTS.append("testserver")
plain = Client().get("/account/log-in/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-Proto": "https"})
api = Client().get("/api/v1/me", REMOTE_ADDR="192.0.2.1", headers={"Authorization": "Bearer zk_in_the_clear"})
safe = Client().get("/static/no", headers={"X-Forwarded-Proto": "https"})
print(plain.status_code, plain.headers.get("Location"), api.status_code, api.headers.get("Location"))
print(safe.status_code, safe.headers.get("Strict-Transport-Security"))
names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME)
print(*names, settings.DEVICE_COOKIE_NAME)
print(settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.CSRF_COOKIE_HTTPONLY)
"""


def test_behind_tls_browsers_are_sent_on_and_programs_refused_and_cookies_stay_with_the_host() -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "zhike.config.test_settings", "ZHIKE_HTTPS": "1", "ZHIKE_PROXIES": "1"}
    done = subprocess.run(
        [sys.executable, "-c", BEHIND_TLS], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "301 https://testserver/account/log-in/ 403 None",
        "404 max-age=31536000; includeSubDomains; preload",
        "__Host-zhike_session __Host-zhike_csrf __Host-zhike_language __Host-zhike_device",
        "True True True",
    ], done.stderr
