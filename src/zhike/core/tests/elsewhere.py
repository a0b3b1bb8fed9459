"""What another process has meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg import connect


@contextmanager
def alone_elsewhere(name: str) -> Iterator[None]:
    """Another process is within `core.alone.alone`, and dies at the end."""
    with connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        yield
    with connection.cursor() as cursor:  # which the database notices a moment later
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s)), pg_advisory_unlock(hashtext(%s))", [name, name])
