"""What PostgreSQL keeps of rows that are gone: samples in its statistics, old versions in its files, its log."""

import os
from dataclasses import dataclass

import psycopg
from django.conf import settings
from django.db import OperationalError, connections
from psycopg import sql

from zhike.core import sought
from zhike.core.personal import Class, Traces, is_text, list_kept
from zhike.privacy.tables import ELSEWHERE, SCHEMAS, list_text_columns
from zhike.runtime import postgres

HARMLESS = (Class.NONE, Class.DERIVED)
ENCODED = (*ELSEWHERE, "accounts_idempotentrequest")
# Where the samples of columns stand; left out with a warning where the tables' owner does not own the database.
STATISTICS = "pg_catalog.pg_statistic"

_SAMPLES = """
    SELECT schemaname, tablename FROM pg_stats, current_setting('zhike.sought_pattern') AS sought
    WHERE schemaname = ANY(%s) AND (
        most_common_vals::text ~* sought OR histogram_bounds::text ~* sought OR most_common_elems::text ~* sought
    )
"""
_STORED = """
    SELECT c.relname, coalesce(above.relname, c.relname), pg_total_relation_size(c.oid),
        coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0)
    FROM pg_class AS c
    LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
    LEFT JOIN pg_class AS above ON above.oid = i.inhparent
    LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole
    ORDER BY 3, 1
"""


class Busy(Exception):
    """Somebody uses the table."""


class TooLong(Exception):
    """It would have locked the table for longer than it may."""


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
    with connections["owner"].cursor() as owner, sought.told(owner, traces):
        owner.execute(_SAMPLES, [SCHEMAS])
        return list(owner.fetchall())


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A table as it lies on the disk. writes: rows written, changed and removed since its counters began."""

    name: str
    size: int
    writes: int


def list_stored(*, is_whole: bool) -> list[Stored]:
    """Tables of ours whose files may hold rows about people that are gone, the small ones first.

    is_whole: every table with text in it; otherwise those in which, by the inventory, text says something about people.
    """
    tables = {table for schema, table in list_text_columns() if schema == "public"}
    harmless = {
        known.model._meta.db_table
        for known in list_kept()
        if all(
            known.class_of(column.name) in HARMLESS for column in known.model._meta.concrete_fields if is_text(column)
        )
    }
    with connections["owner"].cursor() as owner:
        owner.execute(_STORED)
        return [
            Stored(name=name, size=size, writes=writes)
            for name, above, size, writes in owner.fetchall()
            if (name in tables or name.startswith(ENCODED)) and (is_whole or not {name, above} & harmless)
        ]


def rewrite(table: str, *, wait: int, longest: int) -> None:
    """Write a table and its indexes anew: it is locked meanwhile.

    wait: seconds for the lock, in which others queue up behind. longest: seconds for the whole; 0: as long as it takes.

    :raises Busy: the lock was not to be had
    :raises TooLong: it was given up; nothing has changed
    """
    with connections["owner"].cursor() as owner:
        owner.execute(f"SET lock_timeout = '{wait}s'")
        owner.execute(f"SET statement_timeout = '{longest}s'")
        try:
            owner.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(*table.split("."))).as_string(None))
        except OperationalError as problem:
            if isinstance(problem.__cause__, psycopg.errors.LockNotAvailable):
                raise Busy from problem
            if isinstance(problem.__cause__, psycopg.errors.QueryCanceled):
                raise TooLong from problem
            raise
        finally:
            owner.execute("RESET lock_timeout")
            owner.execute("RESET statement_timeout")
        if table != STATISTICS:
            # No page of a new table counts as seen by all before this, and indexes alone would answer nothing.
            owner.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)).as_string(None))


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


def renew_own_log() -> int:
    """Of the embedded database; that of another one is its administrator's."""
    cluster = None if "DATABASE_URL" in os.environ else postgres.recorded(settings.HOME)
    return renew_log(cluster.superuser_url) if cluster else 0
