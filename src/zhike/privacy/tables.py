"""Every table of the database searched for a person, and free text in which others mention them covered."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from django.db import connection
from psycopg import sql

from zhike.core import sought
from zhike.core.personal import MASK, Class, Traces, list_kept

type Steps = Callable[[str], None]

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


def ignore(step: str) -> None:
    """Nobody watches."""


def list_text_columns() -> dict[tuple[str, str], list[str]]:
    """Columns that hold text of any kind, by schema and table."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_TEXT_COLUMNS, [SCHEMAS])
        for schema, table, column in cursor.fetchall():
            if not table.startswith(ELSEWHERE):
                found[schema, table].append(column)
    return found


def find_in_tables(traces: Traces, *, only: Collection[str] = (), on_step: Steps = ignore) -> dict[str, int]:
    """How many rows of each table mention the person; every table of the database with text in it is asked.

    only: names as they are returned, to ask these alone. on_step: told the table about to be read.
    """
    found: dict[str, int] = {}
    if not traces.pattern:
        return found
    with connection.cursor() as cursor, sought.told(cursor, traces):
        for (schema, table), columns in list_text_columns().items():
            name = f"{schema}.{table}"
            if only and name not in only:
                continue
            on_step(name)
            query = sql.SQL("SELECT count(*) FROM {}, {} WHERE {}").format(
                sql.Identifier(schema, table), _lines(columns), sql.SQL(sought.finds(traces, "lines.text"))
            )
            cursor.execute(query.as_string(None))
            found[name] = cursor.fetchone()[0]
    return found


def _lines(columns: Iterable[str]) -> sql.Composable:
    """All of a row in one text, a column a line: looking into it costs by the call. Worked out once for a row."""
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
    return sql.SQL("LATERAL (SELECT lower(concat_ws(E'\\n', {})) AS text OFFSET 0) AS lines").format(texts)


def mask_free_text(traces: Traces) -> int:
    """Cover the person in what others wrote: notes, follow-ups, names of files. Nothing else of it changes."""
    count = 0
    if not traces.mask_pattern:
        return 0
    with connection.cursor() as cursor, sought.told(cursor, traces):
        for table, columns in _list_free_text():
            changes = sql.SQL(", ").join(
                sql.SQL("{column} = regexp_replace({column}::text, {mask}, {dots}, 'gi'){cast}").format(
                    column=sql.Identifier(name),
                    mask=sql.SQL(sought.MASK_PATTERN),
                    dots=sql.Literal(MASK),
                    cast=sql.SQL("::jsonb" if is_json else ""),
                )
                for name, is_json in columns.items()
            )
            texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
            query = sql.SQL("UPDATE {} SET {} WHERE concat_ws(E'\\n', {}) ~* {}").format(
                sql.Identifier(table), changes, texts, sql.SQL(sought.MASK_PATTERN)
            )
            cursor.execute(query.as_string(None))
            count += cursor.rowcount
    return count


def _list_free_text() -> Iterator[tuple[str, dict[str, bool]]]:
    """Tables with columns of free text, and whether each is JSON."""
    for kept in list_kept():
        table = kept.model._meta.db_table
        if table.startswith(ELSEWHERE):
            continue
        columns: dict[str, bool] = {}
        for name, kind in kept.named.items():
            column: Any = kept.model._meta.get_field(name)
            if kind == Class.FREE and column.get_internal_type() != "BinaryField":
                columns[column.column] = column.get_internal_type() == "JSONField"
        if columns:
            yield table, columns
