"""The planted company, made once for the tests of this folder; they only read it, or are refused."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
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

MADE = pytest.StashKey[World]()


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> World:
    """Made for the first file that asks, and there until the last test of the folder has run."""
    folder = request.node.parent
    if MADE not in folder.stash:
        with django_db_blocker.unblock():
            folder.stash[MADE] = build()
            attach(folder.stash[MADE])
        folder.addfinalizer(partial(_take_away, folder.stash, django_db_blocker))
    return folder.stash[MADE]


def _take_away(stash: pytest.Stash, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        # Where they lie, other tests' files may lie too.
        for place in files_of(stash[MADE]):
            (Path(settings.HOME.files_dir) / place).unlink()
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False, inhibit_post_migrate=True)
    del stash[MADE]


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
