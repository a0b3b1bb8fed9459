"""What PostgreSQL keeps of rows that are gone: samples in its statistics, old versions in its files, its log."""

import psycopg
from django.db import connections
from psycopg import sql

from zhike.core.personal import Traces
from zhike.privacy.tables import ELSEWHERE, SCHEMAS, list_text_columns

_SAMPLES = """
    SELECT schemaname, tablename FROM pg_stats
    WHERE schemaname = ANY(%s) AND (
        most_common_vals::text ~* %s OR histogram_bounds::text ~* %s OR most_common_elems::text ~* %s
    )
"""


def count_in_statistics(traces: Traces) -> int:
    """Columns of whose samples the person is one; read as the owner, from whom no policy hides them."""
    return len(_sampled(traces))


def sweep_statistics(traces: Traces) -> int:
    """Take the samples anew, and let the database forget the old versions of rows."""
    found = _sampled(traces)
    with connections["owner"].cursor() as owner:
        for schema, table in sorted(set(found)):
            owner.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)).as_string(None))
    return len(found)


def _sampled(traces: Traces) -> list[tuple[str, str]]:
    if not traces.pattern:
        return []
    with connections["owner"].cursor() as owner:
        owner.execute(_SAMPLES, [SCHEMAS, *[traces.pattern] * 3])
        return list(owner.fetchall())


def rewrite_tables() -> int:
    """Write every table with text in it anew, and its indexes; how many."""
    tables = {table for schema, table in list_text_columns() if schema == "public"}
    count = 0
    with connections["owner"].cursor() as owner:
        owner.execute(
            "SELECT relname, relowner = current_user::regrole FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for table, is_ours in owner.fetchall():
            if is_ours and (table in tables or table.startswith((*ELSEWHERE, "accounts_idempotentrequest"))):
                owner.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(sql.Identifier(table)).as_string(None))
                count += 1
        # Where the samples stood; skipped with a warning where the tables' owner does not own the database.
        owner.execute("VACUUM (FULL) pg_catalog.pg_statistic")
    return count


def renew_log(superuser_url: str) -> int:
    """Leave no segment of the write-ahead log from before: old ones go, those laid out ahead are written over."""
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        row = superuser.execute("SELECT count(*) FROM pg_ls_waldir()").fetchone()
        count = int(row[0]) if row else 0
        superuser.execute("ALTER SYSTEM SET wal_recycle = off")
        superuser.execute("SELECT pg_reload_conf()")
        for _segment in range(count + 1):
            superuser.execute("SELECT pg_create_restore_point('erased')")
            superuser.execute("SELECT pg_switch_wal()")
        superuser.execute("CHECKPOINT")
        superuser.execute("CHECKPOINT")
        superuser.execute("ALTER SYSTEM RESET wal_recycle")
        superuser.execute("SELECT pg_reload_conf()")
    return count
