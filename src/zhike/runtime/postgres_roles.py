"""Roles, privileges and schemas: who may do what in a database of Zhike's.

Migrations run as the owner; the application connects as a role that owns nothing and cannot step around row
security, so a hole in a page is not a hole in the database. Whoever may see everything acts as a second role, which
nobody can log in as and no policy narrows: the application steps into it for them (`zhike.core.acting`), so that row
security costs them nothing.
"""

from contextlib import suppress

import psycopg
from psycopg import sql

SUPERUSER = "zhike_admin"
OWNER = "zhike_owner"
APP = "zhike_app"
DATABASE = "zhike"
STAGING = "staging"
SEES_ALL = "_all"  # what the second role is called, behind the application's


def provision(*, superuser_url: str, owner_url: str, passwords: dict[str, str]) -> None:
    """Make the two roles and the database of an embedded server; may be repeated."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role, powers in ((OWNER, "CREATEDB"), (APP, "NOCREATEDB")):
            verb = "ALTER" if _exists(connection, "pg_roles", "rolname", role) else "CREATE"
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {} PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(role), sql.SQL(powers), sql.Literal(passwords[role])
                )
            )
        make_open_role(connection, APP)
        if not _exists(connection, "pg_database", "datname", DATABASE):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
    prepare_database(owner_url, APP)


def prepare_database(owner_dsn: str, app_role: str) -> None:
    """Give the application role its place in the owner's database; may be repeated, and is cheap then.

    Tables, sequences and functions that the owner makes from now on are usable by the application, and the
    schema `staging` is where the application may make tables of its own while it imports.
    """
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('zhike.prepare_database'))")
        if not _exists(connection, "pg_namespace", "nspname", STAGING):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(STAGING)))
        if connection.info.user == app_role:
            return
        granted = [app_role]
        if not _exists(connection, "pg_roles", "rolname", app_role + SEES_ALL):
            # Only some owners may make roles. Without it the policies ask how far somebody reaches, for everybody.
            with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
                make_open_role(connection, app_role)
        if _exists(connection, "pg_roles", "rolname", app_role + SEES_ALL):
            granted.append(app_role + SEES_ALL)
        for name in granted:
            if not _is_prepared(connection, name):
                _prepare(connection, name)


def make_open_role(connection: psycopg.Connection, app_role: str) -> None:
    """Make the role that no policy narrows; for a connection that may make roles which bypass row security."""
    name = app_role + SEES_ALL
    verb = "ALTER" if _exists(connection, "pg_roles", "rolname", name) else "CREATE"
    powers = "NOLOGIN NOSUPERUSER BYPASSRLS NOCREATEROLE NOCREATEDB"
    connection.execute(sql.SQL("{} ROLE {} {}").format(sql.SQL(verb), sql.Identifier(name), sql.SQL(powers)))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(name), sql.Identifier(app_role)))


def _prepare(connection: psycopg.Connection, role: str) -> None:
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {role}",
        "GRANT USAGE, CREATE ON SCHEMA {staging} TO {role}",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {role}",
        # What was made before the roles were told apart.
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(role=sql.Identifier(role), staging=sql.Identifier(STAGING)))


def _is_prepared(connection: psycopg.Connection, app_role: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM pg_default_acl, aclexplode(defaclacl) AS granted JOIN pg_roles ON pg_roles.oid = granted.grantee"
        " WHERE defaclrole = current_user::regrole AND defaclobjtype = 'f' AND rolname = %s",
        [app_role],
    )
    return found.fetchone() is not None


def _exists(connection: psycopg.Connection, catalogue: str, column: str, name: str) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(sql.Identifier(catalogue), sql.Identifier(column))
    return connection.execute(query, [name]).fetchone() is not None
