"""Nobody is sent to another site by an address of ours."""

from urllib.parse import urlsplit

import pytest
from django.test import Client
from tests.api.conftest import PASSWORD, Program

ELSEWHERE = [
    *("https://evil.example/", "//evil.example/", "///evil.example/", "/\\evil.example", "\\\\evil.example/"),
    *("https:evil.example", "http:///evil.example", "javascript:alert(1)", "data:text/html,x", "/\t/evil.example"),
    *("//evil.example\\@testserver/", "https://testserver@evil.example/", "https://testserver.evil.example/"),
    *("\x01//evil.example", " //evil.example", "/%0d%0aLocation:%20//evil.example/../", "ftp://testserver/"),
]


def leads_here(address: str) -> bool:
    browsers_read = address.replace("\\", "/").replace("\t", "").replace("\n", "").strip("\x01 ")
    parts = urlsplit(browsers_read)
    return parts.scheme in {"", "http", "https"} and parts.netloc in {"", "testserver"} and "\r" not in address


@pytest.mark.parametrize("target", ELSEWHERE)
def test_coming_in_leads_to_a_page_of_ours(boss: Program, target: str) -> None:
    form = {"username": "boss", "password": PASSWORD, "next": target}
    answer = Client().post("/account/log-in/", form)
    assert answer.status_code == 302
    assert leads_here(answer.headers["Location"])
    answer = Client().post("/account/log-in/", {**form, "next": ""}, query_params={"next": target})
    assert leads_here(answer.headers["Location"])


@pytest.mark.parametrize("target", ELSEWHERE)
def test_switches_and_confirmations_lead_to_a_page_of_ours(boss: Program, target: str) -> None:
    browser = Client()
    browser.force_login(boss.user)
    for path, form in (
        ("/account/preferences/", {"locale": "en"}),
        ("/account/confirm/", {"password": PASSWORD}),
        ("/account/log-out/", {}),
    ):
        answer = browser.post(path, {**form, "next": target}, query_params={"next": target})
        if answer.status_code == 302:
            assert leads_here(answer.headers["Location"]), path
        browser.force_login(boss.user)
    shown = browser.get("/account/log-in/", {"next": target})
    assert leads_here(shown.headers["Location"])


@pytest.mark.parametrize("target", ELSEWHERE)
def test_what_htmx_says_of_its_page_leads_nowhere_else(boss: Program, target: str) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": target}
    sent = Client().get("/customers/", headers=headers).headers["HX-Redirect"]
    assert leads_here(sent)
    form = {"username": "boss", "password": PASSWORD}
    assert leads_here(Client().post(sent, form).headers["Location"])


def test_nonsense_about_the_page_around_breaks_nothing(db: None) -> None:
    for said in ("http://[", "//[::1"):
        answer = Client().get("/customers/", headers={"HX-Request": "true", "HX-Current-URL": said})
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/account/log-in/?next=/")


def test_doubled_slashes_in_our_own_addresses_are_no_way_out(db: None) -> None:
    for path in ("//evil.example", "//evil.example/customers", "/%2f%2fevil.example"):
        answer = Client().get(path)
        assert leads_here(answer.headers.get("Location", ""))
