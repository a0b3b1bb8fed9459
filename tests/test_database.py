"""The application's role can work, and cannot do what only the owner may."""

import psycopg.errors
import pytest
from django.db import connection, connections, transaction
from django.db.utils import ProgrammingError

from zhike.accounts.models import User
from zhike.runtime.postgres_roles import APP, OWNER


@pytest.mark.django_db(databases=["default", "owner"])
def test_pages_connect_as_a_role_that_owns_nothing() -> None:
    with connection.cursor() as app, connections["owner"].cursor() as owner:
        app.execute("SELECT session_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = session_user")
        assert app.fetchone() == (APP, False, False)
        app.execute("SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", [APP])
        assert app.fetchone() == (0,)
        owner.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert owner.fetchone() == (OWNER, False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement", ["DROP TABLE {}", "ALTER TABLE {} ADD COLUMN more int", "CREATE TABLE mine (id int)"]
)
def test_pages_cannot_change_the_schema(statement: str) -> None:
    with pytest.raises(ProgrammingError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(User._meta.db_table))
    assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)


@pytest.mark.django_db
def test_imports_make_tables_in_staging() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE staging.rows AS SELECT 1 AS id")
        cursor.execute("SELECT id FROM staging.rows")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_committed_rows_are_gone_in_the_next_test(turn: int) -> None:
    assert not User.objects.exists()
    User.objects.create(username="somebody")
