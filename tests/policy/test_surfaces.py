"""Every surface, asked by every user of the matrix, shows what the plan allows; a new one has to be entered first."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Protocol
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver
from procrastinate.contrib.django import app
from tests.policy.surfaces import DELETE, DELETE_ORDER, EDIT_ORDER, EXPORTS, OPERATIONS, PAGES, TASKS, Surface, Upload
from tests.policy.world import EVERYBODY, Planted, World

from zhike.accounts import services as accounts
from zhike.config.api import api
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM
from zhike.customers.models import Activity, Customer, CustomerTag, Identifier
from zhike.exchange.models import Import
from zhike.recovery.models import Binned

pytestmark = [pytest.mark.django_db, pytest.mark.long]
NOT_THERE = {403, 404}
REFUSED = {302, 400, 403, 404, 405, 409, 422}


class Ask(Protocol):
    """is_bare: without the frame of a page, which around a refusal takes longer than the refusal."""

    def __call__(self, surface: Surface, address: str, *, is_bare: bool = False) -> HttpResponse: ...


def addresses(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from addresses(pattern, path)
        elif not path.startswith(("api/v1/", "^api/", "ui/")):
            yield pattern.name or path


def operations() -> set[str]:
    paths = api.get_openapi_schema()["paths"]
    return {operation["operationId"] for methods in paths.values() for operation in methods.values()}


def test_every_surface_declares_its_permission() -> None:
    known = {one.code for one in list_permissions()} | {""}
    assert set(PAGES) == set(addresses())
    assert set(OPERATIONS) == operations()
    app.perform_import_paths()
    assert set(TASKS) == {name for name in app.tasks if not name.startswith(("builtin:", "procrastinate."))}
    assert {surface.permission for surface in [*PAGES.values(), *OPERATIONS.values()]} <= known


@pytest.fixture(params=EVERYBODY)
def user(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browse(world: World, user: str) -> Ask:
    client = Client(raise_request_exception=False)
    client.force_login(world.users[user])

    def ask(surface: Surface, address: str, *, is_bare: bool = False) -> HttpResponse:
        headers = {"HX-Request": "true"} if is_bare else {}
        if surface.body is None:
            response: Any = client.generic(surface.method, address, headers=headers)
        else:
            response = client.post(address, surface.body, headers=headers)
        # Where the script is sent to tells what is there.
        return client.get(response.headers["HX-Redirect"]) if "HX-Redirect" in response.headers else response

    return ask


@pytest.fixture
def call(world: World, user: str) -> Ask:
    _token, key = accounts.create_token(actor=SYSTEM, user=world.users[user], name="t", at=world.made_at)
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})

    def ask(surface: Surface, address: str, *, is_bare: bool = False) -> HttpResponse:
        if surface.body and any(isinstance(value, Upload) for value in surface.body.values()):
            response: Any = client.post(f"/api/v1{address}", surface.body)
        else:
            body = "" if surface.body is None else json.dumps(surface.body)
            response = client.generic(surface.method, f"/api/v1{address}", body, content_type="application/json")
        return response

    return ask


def text_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if response.headers.get("Content-Type", "").startswith("application/vnd.openxml"):
        with ZipFile(BytesIO(content)) as book:
            return book.read("xl/worksheets/sheet1.xml").decode()
    if response.headers.get("Content-Type", "").endswith("parquet"):
        return str(pq.read_table(BytesIO(content)).to_pylist())
    return str(content.decode())


def allowed(world: World, user: str, surface: Surface, one: Planted) -> bool:
    if surface.by in ("import", "bin") or surface.permission in (DELETE, EDIT_ORDER, DELETE_ORDER):
        return world.owns(user, one.owner, one.team)
    return world.edits(user, one) if surface.permission == "customers.edit_customer" else world.sees(user, one)


def walk(world: World, user: str, surfaces: dict[str, Surface], ask: Ask) -> list[str]:
    """What differs from the plan, a line each."""
    lists: dict[str, str] = {}
    return [
        f"{name} {one.owner}: {problem}"
        for turn, (name, surface) in enumerate(surfaces.items())
        for one in _asked_about(world, user, surface, turn)
        for problem in _differences(world, user, surface, one, ask, lists)
    ]


def _asked_about(world: World, user: str, surface: Surface, turn: int) -> list[Planted]:
    """Every record where one address lists them; where each has its own, one for each reason to be allowed or refused.

    Which of those that are alike changes from surface to surface and from user to user, so that all are asked about.
    """
    if surface.list_at is not None and len(set(map(surface.list_at, world.planted))) == 1:
        return world.planted
    alike: dict[tuple[bool, str], list[Planted]] = {}
    for one in world.planted:
        alike.setdefault((allowed(world, user, surface, one), world.reason(user, one)), []).append(one)
    turn += EVERYBODY.index(user)
    return [ones[turn % len(ones)] for ones in alike.values()]


def _differences(
    world: World, user: str, surface: Surface, one: Planted, ask: Ask, lists: dict[str, str]
) -> Iterator[str]:
    """lists: what a list showed at its address, which is asked once for all the records that it may show."""
    expected = allowed(world, user, surface, one)
    if surface.list_at is not None:
        address = surface.list_at(one)
        if address not in lists:
            lists[address] = text_of(ask(surface, address))
        shown = surface.told(one) in lists[address]
        if shown is not expected:
            yield f"shown {shown}"
    elif surface.record_at is not None and not (surface.changes and expected):
        response = ask(surface, surface.record_at(one), is_bare=not expected)
        if expected and response.status_code != 200:
            yield f"answers {response.status_code}"
        if not expected and response.status_code not in (REFUSED if surface.changes else NOT_THERE):
            yield f"answers {response.status_code}"
        if not expected and surface.told(one) in text_of(response):
            yield "betrays its name"


def test_pages_show_what_the_policy_allows(world: World, user: str, browse: Ask) -> None:
    before = contents()
    assert walk(world, user, PAGES, browse) == []
    assert contents() == before


def test_the_api_shows_what_the_policy_allows(world: World, user: str, call: Ask) -> None:
    before = contents()
    assert walk(world, user, OPERATIONS, call) == []
    assert contents() == before


@pytest.mark.parametrize("kind", EXPORTS)
def test_exports_hold_what_the_policy_allows(world: World, user: str, browse: Ask, kind: str) -> None:
    text = text_of(browse(PAGES["export_customers"], f"/customers/export/{kind}/"))
    assert {one.name for one in world.planted if one.name in text} == {
        one.name for one in world.planted if world.sees(user, one)
    }


def test_who_holds_nothing_is_let_in_nowhere(world: World) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(world.users["nobody"])
    shut = {"/customers/", "/imports/", "/insight/", "/settings/users/", "/settings/roles/", "/customers/new/"}
    assert {address: client.get(address).status_code for address in shut} == dict.fromkeys(shut, 403)


def contents() -> list[Any]:
    tables: tuple[Any, ...] = (Customer, Identifier, CustomerTag, Activity, Import, Binned)
    return [list(table.objects.order_by("pk").values()) for table in tables]
