"""The planted company, made once for the tests of a file; they only read it, or are refused."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker
from tests.policy.files import attach, files_of
from tests.policy.world import World, build

from zhike.accounts import services as accounts
from zhike.core import acting as acting_module
from zhike.core.acting import acting, who_acts
from zhike.core.actor import SYSTEM, Actor


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock():
        made = build()
    yield made
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False, inhibit_post_migrate=True)


@pytest.fixture(scope="module")
def filed(world: World, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The company keeps files of its customers; where they lie, other tests' files may lie too."""
    with django_db_blocker.unblock():
        attach(world)
        files = files_of(world)
    yield
    for place in files:
        (Path(settings.HOME.files_dir) / place).unlink()


@pytest.fixture
def without_open_role() -> Callable[[Actor], AbstractContextManager[None]]:
    """Somebody acts, but as the application's own role whatever they reach."""

    @contextmanager
    def act(actor: Actor) -> Iterator[None]:
        with acting(actor):
            token = acting_module._told.set(replace(who_acts(), sees_all=False))
            try:
                yield
            finally:
                acting_module._told.reset(token)

    return act


@pytest.fixture
def page(world: World, request: pytest.FixtureRequest) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.users[request.param])
    return client


@pytest.fixture
def program(world: World, request: pytest.FixtureRequest) -> Client:
    _token, key = accounts.create_token(actor=SYSTEM, user=world.users[request.param], name="t", at=world.made_at)
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})
