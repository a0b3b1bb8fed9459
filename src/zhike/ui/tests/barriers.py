"""What axe says keeps people out of a page."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[4] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# Style sheets are looked through beforehand for rules on trial alone, which do not run; it takes a quarter of the time.
# Of what axe finds in order, a hundred times as much, nobody is told.
FOUND = """async () => {
    const told = await axe.run(document, {resultTypes: ["violations"], preload: {assets: ["media"]}});
    return told.violations.map(one => [one.impact, one.id, ...one.nodes.map(node => node.target.join(" "))]);
}"""
SERIOUS = ("serious", "critical")


def barriers(page: Page) -> list[Any]:
    """Impact, rule and places of each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found: list[Any] = page.evaluate(FOUND)
    return found


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def serious_barriers(page: Page) -> list[Any]:
    return [one for one in barriers(page) if one[0] in SERIOUS]
