"""A database of its own for each test process."""

import os
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from zhike.engine.tests.shop import TABLES
from zhike.runtime import postgres
from zhike.runtime.home import Home


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The address of an empty database that goes away after the session."""
    cluster = postgres.ensure_running(Home.current(), durable=False)
    name = f"zhike_test_engine_{os.getpid()}"
    with psycopg.connect(cluster.superuser_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield cluster.superuser_url.rpartition("/")[0] + "/" + name
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def shop(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection, committing each statement, to a database with empty shop tables."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLES)
        yield connection


def settle(shop: psycopg.Connection[Any]) -> None:
    """Wait until every transaction of the server that began before now has ended, those of other tests too.

    A refresh reads what the oldest of them could have written, and everything after it.
    """
    [mine] = shop.execute("SELECT pg_current_xact_id()::text::bigint").fetchone() or (0,)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        [oldest] = shop.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").fetchone() or (0,)
        if oldest > mine:
            return
        time.sleep(0.05)
    raise TimeoutError("a transaction of another test does not end")
