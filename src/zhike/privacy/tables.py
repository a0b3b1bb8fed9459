"""Every table of the database searched for a person, and free text in which others mention them covered."""

from collections import defaultdict
from typing import Any

from django.db import connection
from psycopg import sql

from zhike.core.personal import MASK, Class, Traces, list_kept

SCHEMAS = ["public", "staging"]
# Searched by the places that know how: contents of the history by their own index of hashes, sessions are encoded.
ELSEWHERE = ("audit_payload", "django_session")
_TEXT_COLUMNS = """
    SELECT c.relnamespace::regnamespace::text, c.relname, a.attname
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text = ANY(%s)
        AND has_table_privilege(c.oid, 'SELECT')
        AND (t.typname IN ('text', 'varchar', 'bpchar', 'json', 'jsonb', '_text', '_varchar') OR t.typcategory = 'S')
    ORDER BY 1, 2, a.attnum
"""


def list_text_columns() -> dict[tuple[str, str], list[str]]:
    """Columns that hold text of any kind, by schema and table."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_TEXT_COLUMNS, [SCHEMAS])
        for schema, table, column in cursor.fetchall():
            if not table.startswith(ELSEWHERE):
                found[schema, table].append(column)
    return found


def find_in_tables(traces: Traces) -> dict[str, int]:
    """How many rows of each table mention the person; every table of the database with text in it is asked."""
    found: dict[str, int] = {}
    if not traces.pattern:
        return found
    with connection.cursor() as cursor:
        for (schema, table), columns in list_text_columns().items():
            tests = sql.SQL(" OR ").join(
                sql.SQL("{}::text ~* %(pattern)s").format(sql.Identifier(column)) for column in columns
            )
            query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(schema, table), tests)
            cursor.execute(query.as_string(None), {"pattern": traces.pattern})
            found[f"{schema}.{table}"] = cursor.fetchone()[0]
    return found


def mask_free_text(traces: Traces) -> int:
    """Cover the person in what others wrote: notes, follow-ups, names of files. Nothing else of it changes."""
    pattern, count = traces.mask_pattern, 0
    if not pattern:
        return 0
    with connection.cursor() as cursor:
        for kept in list_kept():
            table = kept.model._meta.db_table
            if table.startswith(ELSEWHERE):
                continue
            for name, kind in kept.named.items():
                column: Any = kept.model._meta.get_field(name)
                if kind != Class.FREE or column.get_internal_type() == "BinaryField":
                    continue
                is_json = column.get_internal_type() == "JSONField"
                query = sql.SQL(
                    "UPDATE {table} SET {column} = regexp_replace({column}::text, %(pattern)s, {mask}, 'gi'){cast}"
                    " WHERE {column}::text ~* %(pattern)s"
                ).format(
                    table=sql.Identifier(table),
                    column=sql.Identifier(column.column),
                    mask=sql.Literal(MASK),
                    cast=sql.SQL("::jsonb" if is_json else ""),
                )
                cursor.execute(query.as_string(None), {"pattern": pattern})
                count += cursor.rowcount
    return count
