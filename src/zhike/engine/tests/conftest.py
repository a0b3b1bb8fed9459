"""A database of its own for each test process."""

import os
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
