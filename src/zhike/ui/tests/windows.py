"""Windows of Chromium that stay open from test to test.

A new one begins with a process of its own, which fetches and compiles the front end: that takes more processor time
than most pages do. Who gets one finds nobody's cookies in it, nothing that a page has kept, and the same size and
colours whoever had it before.
"""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize

FORGET = "() => { localStorage.clear(); sessionStorage.clear(); }"
SIZE: ViewportSize = {"width": 1440, "height": 900}
QUIET = "/static/ui/manifest.json"  # of the same site, so that the process stays, and without a script


class Windows:
    """Lends windows, each of a context of its own."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._free: dict[tuple[str, str], list[Page]] = {}
        self._lent: dict[Page, tuple[str, str]] = {}
        self._heard: dict[Page, list[tuple[Any, Callable[[Any], None]]]] = {}

    def lend(self, address: str, *, locale: str = "zh-CN") -> Page:
        free = self._free.setdefault((address, locale), [])
        page = free.pop() if free else self._made(address, locale)
        page.set_viewport_size(SIZE)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self._lent[page], self._heard[page] = (address, locale), []
        return page

    def _made(self, address: str, locale: str) -> Page:
        return self._chromium.new_context(base_url=address, locale=locale).new_page()

    def listen(self, page: Page, event: Any, listener: Callable[[Any], None]) -> None:
        """Until the page is given back."""
        page.on(event, listener)
        self._heard[page].append((event, listener))

    def take_back(self, page: Page) -> None:
        for event, listener in self._heard.pop(page):
            page.remove_listener(event, listener)
        page.unroute_all()
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.goto(QUIET)
        page.evaluate(FORGET)
        page.context.clear_cookies()
        self._free[self._lent.pop(page)].append(page)

    def close(self) -> None:
        for page in [*self._lent, *(page for free in self._free.values() for page in free)]:
            page.context.close()
