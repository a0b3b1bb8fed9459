"""A real Chromium on a real instance: its own home, database, web server and worker, with a small demo company."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM_PATHS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
CHROMIUM_SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE_MS = 15_000


@dataclass(frozen=True)
class Site:
    """A running instance and the administrator's log-in."""

    address: str
    home: Path
    username: str
    password: str


@dataclass(frozen=True)
class Manners:
    """How a browser is set up: size, language and colours."""

    width: int = 1440
    height: int = 900
    language: str = "zh-hans"
    theme: str = "light"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The demo company, served until the last browser test has run."""
    folder = Path(tempfile.mkdtemp(prefix="zhike-browser-"))
    folder.chmod(0o755)
    home = folder / "home"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ZHIKE_", "DATABASE_", "DJANGO_"))}
    environment = {**kept, "ZHIKE_HOME": str(home)}
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        cleanup.callback(_zhike, environment, "down")
        told = _zhike(environment, "demo", "--no-serve", "--customers", "300", "--orders", "2500", "--json")
        log_in = json.loads(told)
        server = subprocess.Popen(
            [sys.executable, "-m", "zhike.cli", "up", "--port", "8801", "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        cleanup.callback(server.wait, 60)
        cleanup.callback(server.terminate)
        assert server.stdout is not None
        address = json.loads(server.stdout.readline())["address"]
        yield Site(address.rstrip("/"), home, log_in["username"], log_in["password"])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((path for path in CHROMIUM_PATHS if Path(path).exists()), None)
    if path is None:
        pytest.fail("No Chromium found; `make test` installs it on Debian, elsewhere install it by hand")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_SWITCHES))
        yield browser
        browser.close()


@pytest.fixture
def open_browser(site: Site, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a logged-in page; at the end of the test, no page may have logged an error or asked another machine."""
    with ExitStack() as cleanup:
        complaints: list[str] = []

        def opened(manners: Manners = Manners(), *, logged_in: bool = True) -> Page:
            context = chromium.new_context(
                base_url=site.address,
                viewport={"width": manners.width, "height": manners.height},
                color_scheme="dark" if manners.theme == "dark" else "light",
                locale="zh-CN" if manners.language == "zh-hans" else "en-GB",
                reduced_motion="reduce",
            )
            cleanup.callback(context.close)
            host = urlsplit(site.address).hostname or ""
            context.add_cookies([{"name": "zhike_language", "value": manners.language, "domain": host, "path": "/"}])
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("console", lambda message: _note_console(message, complaints))
            page.on("pageerror", lambda error: complaints.append(f"error on the page: {error}"))
            page.on("request", lambda request: _note_request(request, site, complaints))
            if logged_in:
                log_in(page, site)
            return page

        yield opened
        assert complaints == []


def log_in(page: Page, site: Site) -> None:
    """Through the form, as people do."""
    page.goto("/account/log-in/")
    page.locator("input[name=username]").fill(site.username)
    page.locator("input[name=password]").fill(site.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "log-in" not in url)


def _zhike(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "zhike.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"zhike {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def _note_console(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type in ("error", "warning"):
        complaints.append(f"console {message.type}: {message.text}")


def _note_request(request: Request, site: Site, complaints: list[str]) -> None:
    if not request.url.startswith((site.address, "data:", "blob:")):
        complaints.append(f"request to another machine: {request.url}")
