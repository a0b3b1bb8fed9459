"""The policies of tables: the rule of `core.access.ScopedQuerySet` once more, kept by the database itself.

A page that forgets to filter shows nothing instead of everything. The functions and policies stand in migrations; they
read the session setting `zhike.reach`, which `core.acting` writes. Where it is not set there are no rows.

Everything that does not depend on the row stands in a sub-select, so that it is worked out once for a query.
"""

from django.db.migrations.operations import RunSQL

CREATE_REACH_FUNCTIONS = RunSQL(
    """
    CREATE OR REPLACE FUNCTION zhike_reaches_all(permission text) RETURNS boolean
        LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce(
            (nullif(current_setting('zhike.reach', true), '')::jsonb -> permission -> 'all')::boolean, false)
    $$;
    CREATE OR REPLACE FUNCTION zhike_reach(permission text, part text) RETURNS bigint[]
        LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT (nullif(current_setting('zhike.reach', true), '')::jsonb -> permission ->> part)::bigint[]
    $$;
    CREATE OR REPLACE FUNCTION zhike_me(permission text) RETURNS bigint
        LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT (nullif(current_setting('zhike.reach', true), '')::jsonb -> permission ->> 'me')::bigint
    $$;
    """,
    """
    DROP FUNCTION zhike_reaches_all(text);
    DROP FUNCTION zhike_reach(text, text);
    DROP FUNCTION zhike_me(text);
    """,
)

# Who acts, whatever they may: for rows that are theirs by being made by them. Null for the system.
ACTING = "(SELECT (nullif(current_setting('zhike.actor', true), '')::jsonb ->> 'user')::bigint)"


def reaches_all(permission: str) -> str:
    """Whether the permission reaches every record."""
    return f"(SELECT zhike_reaches_all('{permission}'))"


def reached(permission: str, *, row: str = "", shared: str = "") -> str:
    """Whether a row with owner_id and team_id is reached. row: its alias; shared: an array of further ids."""
    prefix = f"{row}." if row else ""
    tests = [
        f"{prefix}owner_id = ANY ((SELECT zhike_reach('{permission}', 'users'))::bigint[])",
        f"{prefix}team_id = ANY ((SELECT zhike_reach('{permission}', 'teams'))::bigint[])",
    ]
    if shared:
        tests.append(f"{prefix}id = ANY ((SELECT {shared})::bigint[])")
    return " OR ".join(tests)


def protect(table: str, visible: str) -> RunSQL:
    """A migration step: only rows of which `visible` is true are seen, changed or deleted.

    What may be written stays the services' decision: a record may be given to somebody in whose hands its giver
    does not see it any more.
    """
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY {table}_reach ON {table} USING ({visible}) WITH CHECK (true);
        """,
        f"DROP POLICY {table}_reach ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


def replace_policy(table: str, visible: str, *, before: str) -> RunSQL:
    """A migration step: the table's policy says the same in other words."""
    change = "ALTER POLICY {table}_reach ON {table} USING ({test})"
    return RunSQL(change.format(table=table, test=visible), change.format(table=table, test=before))


def found_above(table: str, column: str) -> str:
    """`belongs_to` as a look-up of the one row. EXISTS is planned a second time, for a hash of all rows that are seen:
    of use to who reads a whole table, and paid by every page that shows what hangs on fifty records."""
    return f"(SELECT true FROM {table} AS above WHERE above.id = {column})"  # noqa: S608


def belongs_to(table: str, column: str, *, test: str = "true") -> str:
    """Whether the row of another table that the column names is visible itself. test: what else of `above` holds."""
    return f"EXISTS (SELECT FROM {table} AS above WHERE above.id = {column} AND ({test}))"
