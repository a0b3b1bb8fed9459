"""A database as rows and statements: read in one snapshot, written in one transaction.

Rows travel as COPY writes them, so the checksum of a table read back from a restored database is the one it had. Left
out are generated columns, `changed_xid` (which counts transactions of one cluster and is made anew), and tables that
mean nothing elsewhere: log-ins would come back that were ended since.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from zhike.backup import objects
from zhike.backup.privileges import list_privileges
from zhike.runtime.binaries import binaries
from zhike.runtime.problems import EnvironmentProblem

SCHEMA = "public"
WITHOUT_ROWS = ("django_session", "usersessions_usersession", "zhike_deletion")
WITHOUT_COLUMNS = ("changed_xid",)
# psql's own commands, and a setting that servers before 17 do not know.
FOR_PSQL_ONLY = re.compile(r"^(\\(un)?restrict .*|SET transaction_timeout = 0;|CREATE SCHEMA public;)\n", re.MULTILINE)

BLOCK = 4 << 20

type Sink = Callable[[bytes], None]


def _hand_over(rows: list[Any], digest: Any, sink: Sink) -> None:
    if rows:
        block = b"".join(rows)
        rows.clear()
        digest.update(block)
        sink(block)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table and the columns that are carried, as SQL writes them."""

    name: str
    columns: tuple[str, ...]

    def copy(self, direction: str) -> bytes:
        return f"COPY {self.name} ({', '.join(self.columns)}) {direction}".encode()


@contextmanager
def snapshot(url: str) -> Iterator["Source"]:
    """The database as it is now, while others go on writing; as the owner, whom no row policy narrows.

    :raises EnvironmentProblem: a policy would narrow what is read
    """
    with psycopg.connect(url, options="-c statement_timeout=0 -c idle_in_transaction_session_timeout=0") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        settle(connection)
        yield Source(connection, url)
        connection.rollback()


def settle(connection: psycopg.Connection) -> None:
    """Settings under which a row is written alike everywhere; an error rather than fewer rows under a policy."""
    for setting, value in (
        ("row_security", "off"),
        ("search_path", ""),
        ("datestyle", "ISO, YMD"),
        ("intervalstyle", "postgres"),
        ("extra_float_digits", "3"),
        ("bytea_output", "hex"),
        ("timezone", "UTC"),
        ("client_encoding", "UTF8"),
        ("synchronize_seqscans", "off"),
    ):
        connection.execute("SELECT set_config(%s, %s, true)", [setting, value])


class Source:
    """Reads schema and rows in one snapshot."""

    def __init__(self, connection: psycopg.Connection, url: str) -> None:
        self.connection = connection
        self._url = url
        self.id = str(self._one("SELECT pg_export_snapshot()"))
        self.major = connection.info.server_version // 10000
        self.tables = self._tables()

    def about(self, app_role: str) -> dict[str, Any]:
        """What is to be known about it beside the rows."""
        applied = self._rows("SELECT app || '.' || name FROM public.django_migrations ORDER BY 1")
        head = self._rows(
            "SELECT number, size, encode(root, 'hex'), statement, encode(signature, 'hex') FROM public.audit_head"
            " ORDER BY number DESC LIMIT 1"
        )
        names = ("number", "size", "root", "statement", "signature")
        return {
            "server": self.major,
            "migrations": [name for (name,) in applied],
            "fingerprint": self._one("SELECT max(fingerprint) FROM public.zhike_migrated"),
            "head": dict(zip(names, head[0], strict=True)) if head else None,
            "sequences": self.sequences(),
            "objects": self.objects(),
            "privileges": list_privileges(self.connection, app_role),
            "size": self._one("SELECT pg_database_size(current_database())"),
        }

    def objects(self) -> list[str]:
        """Tables, columns, indexes, constraints, triggers, policies and functions."""
        return sorted(text for (text,) in self._rows(objects.QUERY))

    def sequences(self) -> list[tuple[str, int, bool]]:
        """Name, last value, and whether that was given out."""
        found = self._rows(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
        )
        return [
            (name, *self._rows(f"SELECT last_value, is_called FROM {name}")[0])  # noqa: S608
            for (name,) in sorted(found)
        ]

    def rows(self, table: Table, sink: Sink) -> tuple[int, str]:
        """Hand over the table's rows in large blocks; their number and checksum."""
        digest = hashlib.sha256()
        rows, size = [], 0
        with self.connection.cursor() as cursor:
            with cursor.copy(table.copy("TO STDOUT")) as copy:
                for row in copy:
                    rows.append(row)
                    size += len(row)
                    if size >= BLOCK:
                        _hand_over(rows, digest, sink)
                        size = 0
            _hand_over(rows, digest, sink)
            return cursor.rowcount, digest.hexdigest()

    def statements(self, section: str) -> str:
        """What makes the schema: `pre-data` before the rows are there, `post-data` after."""
        address = conninfo_to_dict(self._url)
        password = str(address.pop("password", os.environ.get("PGPASSWORD", "")))
        done = subprocess.run(  # noqa: S603
            [
                *(str(binaries() / "pg_dump"), "--schema-only", f"--section={section}", f"--schema={SCHEMA}"),
                *("--no-owner", "--no-privileges", f"--snapshot={self.id}", "-d", make_conninfo("", **address)),
            ],
            # The password goes by the environment: arguments are for everybody to read.
            env={**os.environ, "PGPASSWORD": password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise EnvironmentProblem(
                zh=f"pg_dump 无法读取数据库结构：{done.stderr.strip()}",
                en=f"pg_dump cannot read the schema: {done.stderr.strip()}",
            )
        return FOR_PSQL_ONLY.sub("", done.stdout)

    def _tables(self) -> list[Table]:
        found = self._rows(
            "SELECT quote_ident(nspname) || '.' || quote_ident(relname),"
            " array_agg(quote_ident(attname) ORDER BY attnum)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid"
            " WHERE relkind = 'r' AND nspname = %s AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
            " AND attname <> ALL(%s) AND relname <> ALL(%s)"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')"
            " GROUP BY nspname, relname ORDER BY relname",
            [SCHEMA, list(WITHOUT_COLUMNS), list(WITHOUT_ROWS)],
        )
        return [Table(name=name, columns=tuple(columns)) for name, columns in found]

    def _rows(self, query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode(), values).fetchall()

    def _one(self, query: str) -> Any:
        return self._rows(query)[0][0]
