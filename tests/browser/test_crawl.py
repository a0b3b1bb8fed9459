"""A crawl as every role of the demo company: whatever a page leads to opens, and shows nobody whom the policy hides.

Links, fragments and GET forms are followed by plain requests, a few for each kind of address; then Chromium opens one
page of each kind and says what it has to complain about.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import quote, urlencode, urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page
from tests.browser.conftest import Person, Site, log_in, zhike

from zhike.ui.tests.windows import Windows

PEOPLE = {
    "administrator": "admin",
    "privacy_officer": "songya",
    "analyst": "fangyuan",
    "manager": "wanghao",
    "representative": "chenyu",
}
MOST_OF_A_KIND = 5
MOST_REQUESTS = 120
MOST_PAGES = 20
MOST_REDIRECTS = 5
REDIRECTED = (301, 302, 303, 307, 308)
AS_IT_IS = "/?#[]@!$&'()*+,;=%:~"  # what an address holds besides letters and figures; others are written in figures
LIKE_CHROMIUM = {"Accept": "*/*", "Accept-Language": "zh-CN"}
OUTSIDE_ASKED = 5
# The policy of the built-in roles once more, in plain SQL of its own.
INSIDE = {
    "administrator": "true",
    "privacy_officer": "true",
    "analyst": "true",
    "manager": """c.owner_id = u.id OR c.team_id IN (
        SELECT below.id FROM accounts_team mine JOIN accounts_team below ON starts_with(below.path, mine.path)
        WHERE mine.id = u.team_id)""",
    "representative": "c.owner_id = u.id",
}


class Links(HTMLParser):
    """Where a page leads: links, fragments that it fetches, and what its GET forms send."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.found: list[str] = []
        self._action: str | None = None
        self._select = ""
        self._fields: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in told:
            self.found.append(told["href"])
        if "hx-get" in told and tag != "form":
            self.found.append(told["hx-get"])
        if tag == "form" and told.get("method", "get").lower() == "get" and "hx-post" not in told:
            self._action, self._fields = told.get("action") or told.get("hx-get") or self.base, []
        elif self._action is not None and tag in {"input", "textarea"} and told.get("name"):
            typed = told.get("value", "") or ("王" if told.get("type", "text") in {"text", "search"} else "")
            self._fields.append((told["name"], typed))
        elif self._action is not None and tag == "select" and told.get("name"):
            self._select = told["name"]
        elif self._select and tag == "option":
            self._fields.append((self._select, told.get("value", "")))
            self._select = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._action is not None:
            self.found.append(f"{self._action.partition('?')[0]}?{urlencode(self._fields)}")
            self._action = None


@dataclass
class Walk:
    """What somebody came across."""

    kinds: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module", params=PEOPLE)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def page(site: Site, windows: Windows, role: str) -> Iterator[Page]:
    lent = windows.lend(site.address)
    log_in(lent, Person(PEOPLE[role], site.people["zh-hans"].password, "zh-hans"))
    yield lent
    windows.take_back(lent)


@dataclass(frozen=True)
class Answer:
    """What came back in the end, and from which address."""

    status: int
    kind: str
    path: str
    content: bytes


class Client:
    """Asks by a plain connection with the window's cookies: by way of Chromium that takes twice the processor time."""

    def __init__(self, site: Site, page: Page) -> None:
        self._connection = HTTPConnection(urlsplit(site.address).netloc, timeout=60)
        self._cookies = SimpleCookie({one["name"]: one["value"] for one in page.context.cookies()})

    def get(self, path: str) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())
            self._connection.request("GET", quote(path, safe=AS_IT_IS), headers={"Cookie": cookies, **LIKE_CHROMIUM})
            answer = self._connection.getresponse()
            content = answer.read()
            for told in answer.headers.get_all("Set-Cookie", ()):
                self._cookies.load(told)
            if answer.status not in REDIRECTED:
                break
            path = urljoin(path, answer.headers["Location"])
        return Answer(answer.status, answer.headers.get("Content-Type", ""), path, content)


@pytest.fixture(scope="module")
def client(site: Site, page: Page) -> Client:
    return Client(site, page)


@pytest.fixture(scope="module")
def walk(site: Site, client: Client) -> Walk:
    done, waiting, seen = Walk(), ["/"], set[str]()
    while waiting and len(seen) < MOST_REQUESTS:
        path = waiting.pop(0)
        kind = kind_of(path)
        if path in seen or done.kinds[kind] >= MOST_OF_A_KIND:
            continue
        seen.add(path)
        done.kinds[kind] += 1
        answer = client.get(path)
        if answer.status >= 400:
            done.problems.append(f"{answer.status} {path}")
        if not answer.kind.startswith(("text/", "application/json")):
            continue
        done.texts[path] = text = answer.content.decode()
        if "text/html" in answer.kind:
            if text.startswith("<!doctype") and answer.path == path:
                done.pages.setdefault(kind, path)
            waiting += leads_to(text, path, site.address)
    return done


def leads_to(text: str, path: str, address: str) -> Iterator[str]:
    links = Links(path)
    links.feed(text)
    for found in links.found:
        whole = urlsplit(urljoin(f"{address}{path}", found))
        if f"{whole.scheme}://{whole.netloc}" == address and not whole.path.startswith("/static/"):
            yield f"{whole.path}?{whole.query}" if whole.query else whole.path


def kind_of(path: str) -> str:
    """Addresses of one view are of one kind, those with a question of another."""
    try:
        return f"{resolve(urlsplit(path).path).view_name}{'?' if '?' in path else ''}"
    except Resolver404:
        return path


@pytest.fixture(scope="module")
def outside(site: Site, role: str) -> list[tuple[int, str]]:
    """Customers that the role may not see, and names that none of those has whom it may see."""
    query = (
        f"SELECT json_agg(json_build_array(c.id, c.name, coalesce({INSIDE[role]}, false)) ORDER BY c.id)"  # noqa: S608
        f" FROM customers_customer c, accounts_user u WHERE u.username = '{PEOPLE[role]}'"
    )
    rows: list[tuple[int, str, bool]] = json.loads(zhike(site.environment, "sql", "-At", "-c", query))
    inside = {name for _id, name, is_inside in rows if is_inside}
    return [(pk, "" if name in inside else name) for pk, name, is_inside in rows if not is_inside]


def test_whatever_a_page_leads_to_opens(walk: Walk, role: str) -> None:
    assert walk.problems == []
    assert len(walk.texts) >= 25
    assert len(walk.kinds) >= 15


def test_nobody_outside_the_scope_is_shown(walk: Walk, outside: list[tuple[int, str]], role: str) -> None:
    hidden = {pk for pk, _name in outside}
    names = re.compile("|".join(re.escape(name) for _pk, name in outside if len(name) > 2) or "(?!)")
    assert bool(hidden) is (role in {"manager", "representative"})
    for path, text in walk.texts.items():
        led = {int(pk) for pk in re.findall(r"/customers/(\d+)/", text)}
        assert led & hidden == set(), path
        assert names.findall(text) == [], path


def test_asking_for_those_outside_finds_nobody(client: Client, outside: list[tuple[int, str]], role: str) -> None:
    for pk, name in outside[:: max(1, len(outside) // OUTSIDE_ASKED)]:
        for path in (f"/customers/{pk}/", f"/customers/{pk}/time-line/", f"/commerce/customers/{pk}/panel/"):
            assert client.get(path).status == 404, path
        if name:
            found = client.get(f"/customers/?q={name}").content.decode()
            assert f"/customers/{pk}/" not in found


def test_chromium_has_nothing_to_complain_about(site: Site, windows: Windows, page: Page, walk: Walk) -> None:
    complaints: list[str] = []
    for event, listener in {
        "console": lambda said: said.type in {"error", "warning"} and complaints.append(f"{page.url}: {said.text}"),
        "pageerror": lambda error: complaints.append(f"{page.url}: {error}"),
        "response": lambda answer: answer.status >= 500 and complaints.append(f"{answer.status} {answer.url}"),
        "request": lambda asked: _note_stranger(asked.url, site.address, complaints),
    }.items():
        windows.listen(page, event, listener)
    for path in list(walk.pages.values())[:MOST_PAGES]:
        page.goto(path, wait_until="load")
        if not re.fullmatch(r".*\S · (知客|Zhike)", page.title()) or "· ·" in page.title():
            complaints.append(f"{path}: {page.title()}")
    assert complaints == []


def _note_stranger(url: str, address: str, complaints: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        complaints.append(f"asks another machine: {url}")
