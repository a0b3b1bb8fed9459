"""Photographs every page of the demo company into docs/screenshots.

Seed, day and clock stand still, so that a picture changes only when the product does. Names given as arguments
select some of the pictures.
"""

import base64
import os
import shutil
import struct
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

# Chromium reads its own picture, which spares a library for that.
DECODE = """async encoded => {
    const bytes = Uint8Array.from(atob(encoded), sign => sign.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    const parts = [];
    for (let at = 0; at < data.length; at += 32768) parts.push(String.fromCharCode(...data.subarray(at, at + 32768)));
    return btoa(parts.join(""));
}"""
ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
CHROMIUM = (
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/chromium-headless-shell",
)
TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
PHONE = 768
GROUNDS = 32  # colours that stay exactly as they are
CUSTOMERS, ORDERS = 2_000, 15_000
PASSWORD = "pictures of a passing company"  # noqa: S105 - it lives for a minute
NEW_CUSTOMERS = (
    "会员号,姓名,手机号,邮箱,城市,生日\n"
    "V2001,林晓彤,13816543210,linxiaotong@example.com,上海,1990-04-12\n"
    "V2002,周子昂,13916543211,zhouziang@example.com,杭州,1988-09-30\n"
    "V2003,马思远,1.38E+10,masiyuan@example.com,南京,1992-01-08\n"
    "V2004,高若溪,13716543213,gaoruoxi@example.com,苏州,2023-02-30\n"
    "V2005,江一鸣,13616543214,jiangyiming@example.com,宁波,1985-07-19\n"
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A page as somebody sees it. act: what to do on the page before the picture is taken."""

    name: str
    path: str
    act: Callable[[Page], None] | None = None
    width: int = 1440
    height: int = 900
    language: str = "zh-hans"
    theme: str = "light"
    logged_in: bool = True


def open_filter(page: Page) -> None:
    page.keyboard.press("f")
    page.locator("#zk-filter form").wait_for()


def wait_for_lanes(page: Page) -> None:
    page.wait_for_load_state("networkidle")


def open_first_in_panel(page: Page) -> None:
    page.locator("a[data-panel]").first.click()
    page.locator("#zk-panel .zk-record-page").wait_for()


def wait_for_operations(page: Page) -> None:
    page.locator(".opblock").first.wait_for()


def pictures(places: dict[str, str]) -> Iterator[Picture]:
    grade = "/customers/?f=grade:is:top,high;orders:from:3&sort=-amount"
    yield Picture(name="log-in", path="/account/log-in/", logged_in=False)
    yield Picture(name="today", path="/")
    yield Picture(name="customers", path="/customers/?sort=-amount")
    yield Picture(name="customers-filter", path=grade, act=open_filter)
    yield Picture(name="customers-panel", path="/customers/?sort=-amount", act=open_first_in_panel)
    yield Picture(name="customers-board", path="/customers/?as=board&group=stage", act=wait_for_lanes)
    yield Picture(name="customer", path=places["customer"], height=1100)
    yield Picture(name="customer-new", path="/customers/new/")
    yield Picture(name="order", path=places["order"])
    yield Picture(name="customer-history", path=f"{places['customer']}history/", height=1100)
    yield Picture(name="history", path="/audit/")
    yield Picture(name="import", path="/imports/")
    yield Picture(name="import-columns", path=places["columns"])
    yield Picture(name="import-check", path=places["check"])
    yield Picture(name="import-done", path=places["done"])
    yield Picture(name="insight", path="/insight/", height=1860)
    yield Picture(name="persona", path="/persona/?a=f%3Dgrade:is:high", height=1400)
    yield Picture(name="tags-by-rule", path="/persona/tags/")
    yield Picture(name="duplicates", path="/duplicates/")
    yield Picture(name="quality", path="/quality/")
    yield Picture(name="exports", path="/exports/")
    yield Picture(name="settings-users", path="/settings/users/")
    yield Picture(name="settings-teams", path="/settings/teams/")
    yield Picture(name="settings-roles", path="/settings/roles/")
    yield Picture(name="settings-role", path=places["role"], height=1340)
    yield Picture(name="settings-fields", path="/settings/fields/")
    yield Picture(name="settings-field-access", path="/settings/field-access/")
    yield Picture(name="settings-tags", path="/settings/tags/")
    yield Picture(name="privacy-desk", path="/privacy/")
    yield Picture(name="privacy-inventory", path="/privacy/inventory/")
    yield Picture(name="recycle-bin", path="/bin/")
    yield Picture(name="account", path="/account/")
    yield Picture(name="account-security", path="/account/security/")
    yield Picture(name="account-passkey", path="/account/security/passkeys/new/")
    yield Picture(name="account-keys", path="/account/keys/")
    yield Picture(name="api", path="/api/docs", act=wait_for_operations)
    for name, path in (
        ("today", "/"),
        ("customers", grade),
        ("customer", places["customer"]),
        ("insight", "/insight/"),
    ):
        yield Picture(name=f"{name}-en", path=path, language="en")
        yield Picture(name=f"{name}-dark", path=path, theme="dark")
        yield Picture(name=f"{name}-390", path=path, width=390, height=844)
    # Stands in the customer's history from then on.
    yield Picture(name="customer-print", path=f"{places['customer']}print/", height=1100)
    yield Picture(name="import-390", path="/imports/", width=390, height=844)


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def instance() -> Iterator[tuple[str, dict[str, str]]]:
    """A demo company of its own, served by this process; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="zhike-screenshots-"))
    folder.chmod(0o755)
    os.environ["ZHIKE_HOME"] = str(folder / "home")
    os.environ.pop("DATABASE_URL", None)
    from django.utils import timezone

    # Before any page is loaded, because pages import the name.
    timezone.now = lambda: NOW
    from zhike.cli.instance import django_ready
    from zhike.runtime import postgres
    from zhike.runtime.home import Home

    home = Home.current()
    try:
        django_ready(home)
        places = furnish()
        from zhike.config.wsgi import application

        server = make_server("127.0.0.1", 0, application, server_class=Threaded, handler_class=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", places
        server.shutdown()
    finally:
        postgres.stop(home)
        shutil.rmtree(folder)


def furnish() -> dict[str, str]:
    """Build the company and three imports at their three steps; returns where they are."""
    from django.db import connection

    from zhike.accounts import services as accounts
    from zhike.accounts.actors import actor_of
    from zhike.accounts.models import Role, User
    from zhike.commerce.models import Order
    from zhike.core.actor import SYSTEM
    from zhike.customers.models import Customer
    from zhike.demo.plan import Plan
    from zhike.demo.services import build_company
    from zhike.duplicates.models import Scan
    from zhike.duplicates.services import scanning
    from zhike.exchange import services
    from zhike.exports.services import starting
    from zhike.persona.services import tag_rules
    from zhike.quality.services import running

    plan = Plan(customers=CUSTOMERS, orders=ORDERS, end_on=TODAY - timedelta(days=1))
    build_company(actor=SYSTEM, plan=plan, password=PASSWORD, at=NOW - timedelta(hours=2), say=lambda *_: None)
    boss = actor_of(User.objects.get(username="admin"))
    accounts.create_user(
        actor=SYSTEM,
        username="mary",
        name="Mary",
        password=PASSWORD,
        roles=[Role.objects.get(code="administrator")],
        locale="en",
    )
    steps = {}
    for step, ago in (("done", 50), ("check", 6), ("columns", 1)):
        file = Path(os.environ["ZHIKE_HOME"]) / f"会员-{TODAY:%Y%m%d}.csv"
        file.write_text(NEW_CUSTOMERS, encoding="gb18030")
        at = NOW - timedelta(minutes=ago)
        job = services.start_import(actor=boss, file=file, name=file.name, at=at)
        if step != "columns":
            services.preview_import(actor=boss, import_id=job.pk, at=at)
        if step == "done":
            services.apply_import(actor=boss, import_id=job.pk, at=at)
        steps[step] = f"/imports/{job.pk}/"
    spill = Path(os.environ["ZHIKE_HOME"]) / "spill"
    pairs = Scan.objects.create(started_at=NOW, heartbeat_at=NOW)
    scanning.run_scan(actor=SYSTEM, scan_id=pairs.pk, now=lambda: NOW, spill=spill)
    check = running.open_run(as_of=TODAY, at=NOW)
    running.carry_out(actor=SYSTEM, run_id=check.pk, now=lambda: NOW, spill=spill)
    rule = tag_rules.put_rule(actor=boss, name="高价值", query="f=grade:is:top,high", at=NOW)
    tag_rules.ask_rule(rule_id=rule.pk, at=NOW)
    wanted = starting.Wanted(kind="customers", format="xlsx", query="f=grade:is:top", reason="季度回访")
    starting.start_export(actor=boss, wanted=wanted, at=NOW)
    with connection.cursor() as cursor:
        # Nobody works here; a refresh that waits forever would show.
        cursor.execute("DELETE FROM procrastinate_jobs")
    best = Customer.objects.filter(facts__grade="top", kind="person").order_by("-facts__amount").first()
    if best is None:
        raise LookupError("the company has no key customer")
    order = Order.objects.filter(customer=best).latest("placed_at")
    return {
        **steps,
        "customer": f"/customers/{best.pk}/",
        "order": f"/commerce/orders/{order.pk}/",
        "role": f"/settings/roles/{Role.objects.order_by('pk')[1].pk}/",
    }


def take(browser: Browser, address: str, picture: Picture) -> None:
    context = browser.new_context(
        base_url=address,
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.theme == "dark" else "light",
        reduced_motion="reduce",
        is_mobile=picture.width <= PHONE,
    )
    context.add_cookies([{"name": "zhike_language", "value": picture.language, "url": address}])
    page = context.new_page()
    if picture.logged_in:
        page.goto("/account/log-in/")
        page.locator("input[name=username]").fill("mary" if picture.language == "en" else "admin")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(lambda url: "log-in" not in url)
    page.goto(picture.path, wait_until="networkidle")
    if picture.act:
        picture.act(page)
        page.wait_for_load_state("networkidle")
    taken = page.screenshot(animations="disabled", caret="hide")
    pixels = page.evaluate(DECODE, base64.b64encode(taken).decode())
    context.close()
    (FOLDER / f"{picture.name}.png").write_bytes(small_png(base64.b64decode(pixels), picture.width, picture.height))


def palette(colours: np.ndarray) -> list[np.ndarray]:
    """Of colours, the commonest first, 256 that differ to the eye: a rare red is worth more than one more grey."""
    kept = list(colours[:GROUNDS])
    for distance in (500, 120, 30, 8, 1):
        for colour in colours:
            if len(kept) == 256:
                return kept
            if min(((np.array(kept) - colour) ** 2).sum(axis=1)) >= distance:
                kept.append(colour)
    return kept


def small_png(rgba: bytes, width: int, height: int) -> bytes:
    """The picture in 256 colours; every other becomes the nearest of them."""
    pixels = np.frombuffer(rgba, np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    codes, places, counts = np.unique(pixels @ [1 << 16, 1 << 8, 1], return_inverse=True, return_counts=True)
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    kept = np.array(palette(colours[np.argsort(-counts, kind="stable")]))
    nearest = np.array([((kept - colour) ** 2).sum(axis=1).argmin() for colour in colours], np.uint8)
    rows = nearest[places].reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", kept.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def main(wanted: set[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = next((path for path in CHROMIUM if Path(path).exists()), None)
    if path is None:
        sys.exit("需要 Chromium：运行 scripts/browser.sh / Chromium is needed: run scripts/browser.sh")
    with instance() as (address, places), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--hide-scrollbars"])
        for picture in pictures(places):
            if not wanted or picture.name in wanted:
                take(browser, address, picture)
        browser.close()


if __name__ == "__main__":
    main(set(sys.argv[1:]))
