"""A company with two teams, and programs that hold keys of its people."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Team, User
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.customers.models import Customer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "a-long-enough-one"


@dataclass(frozen=True, kw_only=True)
class Program:
    """A client of the API with somebody's key."""

    user: User
    key: str

    @property
    def actor(self) -> Actor:
        return actor_of(self.user)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        given = {
            "Authorization": f"Bearer {self.key}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        response: Any = Client(raise_request_exception=False).generic(
            method, f"/api/v1{path}", headers=given, **content
        )
        return response

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def upload(self, path: str, content: bytes = b"%PDF-1.7", name: str = "a.pdf", **headers: str) -> HttpResponse:
        """A form with a file, as programs send it."""
        given = {
            "Authorization": f"Bearer {self.key}",
            **{key.replace("_", "-"): said for key, said in headers.items()},
        }
        form = {"file": SimpleUploadedFile(name, content)}
        response: Any = Client(raise_request_exception=False).post(f"/api/v1{path}", form, headers=given)
        return response


def body_of(response: HttpResponse) -> Any:
    return json.loads(response.content)


type Hire = Callable[..., Program]


@pytest.fixture(name="hire")
def fixture_of_hire(db: None) -> Hire:
    return hire


def hire(
    name: str,
    *,
    scope: Scope,
    team: Team | None = None,
    without: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
) -> Program:
    """Somebody with a scope for every permission (none for `without`, all for `keep`), a team and a key."""
    grants = {one.code: scope for one in list_permissions() if one.code not in without}
    grants |= dict.fromkeys(keep, Scope.ALL)
    role = accounts.create_role(actor=SYSTEM, name=name, grants=grants)
    user = accounts.create_user(
        actor=SYSTEM, username=name, name=name, password=PASSWORD, roles=[role], team=team, locale="en"
    )
    _token, key = accounts.create_token(actor=SYSTEM, user=user, name="test", at=datetime.now(UTC))
    return Program(user=user, key=key)


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """One transaction around all tests of a file: what is made in it before a test is there again for the next."""
    around = transaction.atomic()
    with django_db_blocker.unblock():
        around.__enter__()
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def boss(hire: Hire) -> Program:
    return hire("boss", scope=Scope.ALL)


@pytest.fixture
def customer(boss: Program) -> Customer:
    return make_customer(name="张三", owner=boss.user)


def make_customer(*, name: str, owner: User | None) -> Customer:
    return Customer.objects.create(
        name=name,
        name_normal=name,
        name_pinyin="",
        owner=owner,
        team=owner.team if owner else None,
        created_at=NOON,
        updated_at=NOON,
    )
