"""A real Chromium on a real instance: its own home, database, web server and worker, with a small demo company.

Every browser test shares the one instance, so all of them run in one process, and each leaves what others look at as
it was.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from zhike.cli.tests.commands import run_zhike
from zhike.runtime import postgres
from zhike.runtime.home import Home
from zhike.runtime.ports import any_free
from zhike.ui.tests.windows import Windows

PATIENCE_MS = 30_000
# Chromium itself notes every answer with an error status, also that a file or a field is refused.
REFUSAL = "status of 422"
# What htmx notes where a later click replaced a request on purpose.
ABORTED = ("htmx:sendAbort", "htmx:afterRequest")
# Nothing is under way any more: what a page fetches has come, and its charts are drawn.
SETTLED = """() => document.readyState === "complete"
    && !document.querySelector(".htmx-request, [aria-busy=true]")
    && [...document.querySelectorAll("[data-chart-canvas]:not([hidden])")].every(
        one => !one.clientWidth || one.querySelector("canvas"))"""


@dataclass(frozen=True)
class Person:
    """Somebody who can log in, and the language they have chosen."""

    username: str
    password: str
    language: str


@dataclass(frozen=True)
class Site:
    """A running instance and the administrators who use it, by their language."""

    address: str
    people: dict[str, Person]
    environment: dict[str, str]


@dataclass(frozen=True)
class Manners:
    """How a browser is set up: size, language and colours."""

    width: int = 1440
    height: int = 900
    language: str = "zh-hans"
    theme: str = "light"


@pytest.fixture(scope="session")
def site(migrated: Home, copy_home: Callable[[Home, Home], None]) -> Iterator[Site]:
    """The demo company, served until the last browser test has run."""
    folder = Path(tempfile.mkdtemp(prefix="zhike-browser-", dir=Home.current().path.parent))
    folder.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ZHIKE_", "DATABASE_", "DJANGO_"))}
    # Two people do what all the tests do.
    environment = {**kept, "ZHIKE_HOME": str(folder / "home"), "ZHIKE_RATE_PER_USER": "0"}
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        home = Home(path=folder / "home")
        copy_home(migrated, home)
        postgres.ensure_running(home, durable=False)
        cleanup.callback(zhike, environment, "down")
        boss = json.loads(zhike(environment, "demo", "--no-serve", "--customers", "300", "--orders", "2500", "--json"))
        # Who is found twice is up to the tests, not to the time of the day.
        zhike(environment, "sql", "-c", "INSERT INTO duplicates_settings VALUES (1, '{}', '{}', NULL, false)")
        server = subprocess.Popen(
            [sys.executable, "-m", "zhike.cli", "up", "--port", str(any_free("127.0.0.1")), "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        cleanup.callback(server.wait, 60)
        cleanup.callback(server.terminate)
        assert server.stdout is not None
        address = json.loads(server.stdout.readline())["address"].rstrip("/")
        boss_of_china = Person(boss["username"], boss["password"], "zh-hans")
        site = Site(address, {"zh-hans": boss_of_china}, environment)
        site.people["en"] = make_person(site, "mary", name="Mary", language="en")
        yield site


@pytest.fixture(scope="session")
def windows(chromium: Browser) -> Windows:
    return Windows(chromium)


@pytest.fixture(scope="session")
def sessions(site: Site, windows: Windows) -> dict[str, Any]:
    """The cookies of each person after they have logged in and chosen their language."""
    cookies: dict[str, Any] = {}
    for language, person in site.people.items():
        page = windows.lend(site.address)
        log_in(page, person)
        expect(page).to_have_url(f"{site.address}/")
        page.locator("[aria-controls=zk-person]").click()
        chosen = page.locator(f"#zk-person button[name=locale][value={language}]")
        chosen.click()
        expect(chosen).to_have_attribute("aria-pressed", "true")
        cookies[language] = page.context.cookies()
        windows.take_back(page)
    return cookies


@pytest.fixture
def open_browser(site: Site, windows: Windows, sessions: dict[str, Any]) -> Iterator[Callable[..., Page]]:
    """Open a logged-in page; at the end of the test, no page may have logged an error or asked another machine."""
    with ExitStack() as cleanup:
        complaints: list[str] = []

        def opened(manners: Manners = Manners(), *, logged_in: bool = True, address: str = site.address) -> Page:
            page = windows.lend(address, locale="zh-CN" if manners.language == "zh-hans" else "en-GB")
            cleanup.callback(windows.take_back, page)
            page.set_default_timeout(PATIENCE_MS)
            page.set_viewport_size({"width": manners.width, "height": manners.height})
            page.emulate_media(color_scheme="dark" if manners.theme == "dark" else "light")
            host = urlsplit(address).hostname or ""
            chosen = {"name": "zhike_language", "value": manners.language, "domain": host, "path": "/"}
            page.context.add_cookies([*(sessions[manners.language] if logged_in else ()), chosen])
            windows.listen(page, "console", lambda message: _note_console(message, complaints))
            windows.listen(page, "pageerror", lambda error: complaints.append(f"error on the page: {error}"))
            windows.listen(page, "request", lambda request: _note_request(request, address, complaints))
            return page

        expect.set_options(timeout=PATIENCE_MS)
        yield opened
        assert complaints == []


def settle(page: Page) -> None:
    """Wait until the page is as it stays; quiet on the network alone is only told after half a second of it."""
    page.wait_for_function(SETTLED)


def log_in(page: Page, person: Person) -> None:
    """Through the form, as people do."""
    page.goto("/account/log-in/")
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill(person.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "log-in" not in url)


def wait_for_figures(page: Page) -> None:
    """Until no refresh runs or waits: one that lands between a figure and the click on it changes what is behind."""
    page.goto("/insight/")
    expect(page.get_by_role("button", name=re.compile("重新计算|Compute anew"))).to_be_enabled(timeout=120_000)


def make_person(site: Site, username: str, *, name: str = "", language: str = "zh-hans") -> Person:
    """Somebody who is nobody else's, so that a test may change how they log in."""
    password = "four words of no meaning"
    zhike(site.environment, "createuser", username, "--name", name, "--password-stdin", "--json", typed=password)
    return Person(username, password, language)


def zhike(environment: dict[str, str], *arguments: str, typed: str = "") -> str:
    """What the command line answers in that instance."""
    done = run_zhike(*arguments, environment=environment, typed=typed)
    assert done.returncode == 0, f"zhike {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def _note_console(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type in ("error", "warning") and REFUSAL not in message.text and not message.text.startswith(ABORTED):
        complaints.append(f"console {message.type}: {message.text}")


def _note_request(request: Request, address: str, complaints: list[str]) -> None:
    if not request.url.startswith((address, "data:", "blob:")):
        complaints.append(f"request to another machine: {request.url}")
