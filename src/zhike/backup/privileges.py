"""Who may do what with the tables, carried from one database to another whose roles have other names."""

from typing import Any

import psycopg
from psycopg import sql

from zhike.runtime.postgres_roles import SEES_ALL

APP, ALL, EVERYBODY = "app", "all", "public"
# What every server since 15 knows; MAINTAIN came later, and the application needs none of it.
KNOWN = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "USAGE", "CREATE", "EXECUTE")

_QUERY = """
    WITH things AS (
        SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name,
            '' AS part, relacl AS acl, relowner AS owner
        FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT 'TABLE', attrelid::regclass::text, quote_ident(attname), attacl, relowner
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND attacl IS NOT NULL AND NOT attisdropped
        UNION ALL
        SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.oid::regprocedure::text, '',
            coalesce(proacl, acldefault('f', proowner)), proowner
        FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a'
        UNION ALL
        SELECT 'SCHEMA', nspname, '', nspacl, nspowner FROM pg_namespace WHERE nspname = 'public'
    )
    SELECT kind, name, part, privilege_type, is_grantable, CASE WHEN grantee = 0 THEN 'public'
        WHEN grantee = (SELECT oid FROM pg_roles WHERE rolname = %(app)s) THEN 'app'
        WHEN grantee = (SELECT oid FROM pg_roles WHERE rolname = %(all)s) THEN 'all' END AS who
    FROM things, aclexplode(acl) WHERE grantee <> owner ORDER BY kind, name, part, who, privilege_type
"""


def list_privileges(connection: psycopg.Connection, app_role: str) -> list[list[Any]]:
    """[kind, name, column, privilege, may be passed on, to whom]; to whom: "app", "all" or "public".

    What other roles were granted is the operator's own, and is not carried.
    """
    names = {"app": app_role, "all": app_role + SEES_ALL}
    found = connection.execute(_QUERY, names).fetchall()
    return [list(row) for row in found if row[-1] is not None]


def put_privileges(connection: psycopg.Connection, privileges: list[list[Any]], app_role: str) -> None:
    """Give exactly these, in a schema that was just made by its owner."""
    roles: dict[str, sql.Composable] = {EVERYBODY: sql.SQL("PUBLIC")}
    for key, name in ((APP, app_role), (ALL, app_role + SEES_ALL)):
        if connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [name]
        ).fetchone():
            roles[key] = sql.Identifier(name)
    everybody = sql.SQL(", ").join(roles.values())
    for things in ("TABLES", "SEQUENCES", "FUNCTIONS", "PROCEDURES"):
        # Default privileges have given some already.
        connection.execute(sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA public FROM {}").format(sql.SQL(things), everybody))
    connection.execute(sql.SQL("REVOKE ALL ON SCHEMA public FROM {}").format(everybody))
    # Where the backup comes from, nobody may have been able to make the role that sees everything.
    present = {who for *_rest, who in privileges}
    privileges = privileges + [[*rest, ALL] for *rest, who in privileges if who == APP and ALL not in present]
    statements = []
    for kind, name, part, privilege, may_pass, who in privileges:
        if who in roles and privilege in KNOWN:
            column = f" ({part})" if part else ""
            passing = " WITH GRANT OPTION" if may_pass else ""
            statements.append(f"GRANT {privilege}{column} ON {kind} {name} TO {roles[who].as_string()}{passing}")
    if statements:
        connection.execute("; ".join(statements).encode())
