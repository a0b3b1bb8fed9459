"""Where copies of a company's own fields lie besides their records: apps that make some say how they are taken out.

Asked when a field becomes encrypted, so that what stood there before is not left behind in the clear.
"""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from zhike.core.fields import COVERED
from zhike.metadata.kinds import Known

type Copy = str | Callable[[Known], None]
PIECE = 20_000  # rows of a table that one transaction looks at
_copies: list[tuple[str, Copy]] = []
_returns: list[Callable[[Known], None]] = []
_running: list[str] = []


def declare(table: str, *copies: Copy) -> None:
    """What takes one field out of a table; called when its app is ready.

    SQL is run over a piece of the table at a time, in a transaction of its own, so that nobody waits for the whole: its
    last words are conditions all of which have to hold. A function has transactions of its own.
    SQL gets %(record)s, the kind of record; %(key)s of the field; %(name)s, "custom.key"; %(mark)s, what stands in
    place of a value that was there; %(asks)s, what matches a condition with values in a list's address.
    """
    _copies.extend((table, copy) for copy in copies)


def list_tables() -> list[str]:
    """Where copies may have been."""
    return sorted({table for table, _copy in _copies})


def declare_return(*returns: Callable[[Known], None]) -> None:
    """What an app has encrypted beside the vault, such as in the recycle bin, and brings into the clear before it."""
    _returns.extend(returns)


def declare_running(*queries: str) -> None:
    """SQL for work that began before and may still write the value, or needs its copy; with what `declare` gives."""
    _running.extend(queries)


def is_awaited(known: Known) -> bool:
    """Whether there is such work."""
    with connection.cursor() as cursor:
        for query in _running:
            cursor.execute(f"SELECT EXISTS ({query})", _told(known))
            if cursor.fetchone()[0]:
                return True
    return False


def bring_out(known: Known) -> None:
    """The field is stored encrypted no longer; in that transaction, while the vault still holds everything.

    Those who know of others' rows, and so were declared behind them, before these.
    """
    for one in reversed(_returns):
        one(known)


def forget(known: Known) -> None:
    """Take every copy of the field's values out, in pieces; seeing everything. May be repeated."""
    told = _told(known)
    for table, copy in _copies:
        if isinstance(copy, str):
            _run_in_pieces(table, copy, told)
        else:
            copy(known)


def _told(known: Known) -> dict[str, Any]:
    # Not what asks by digest, nor whether there is something.
    asks = rf"((?:^|[^a-z0-9_.]){re.escape(known.name)}:)(?!filled|empty|is:[0-9]+-[0-9a-f]{{64}})[a-z]+:"
    told = {"record": known.record, "key": known.key, "name": known.name, "mark": COVERED}
    return {**told, "asks": asks + r"(?:[^\\;)&]|\\.|%5C.)*"}


def _run_in_pieces(table: str, statement: str, told: dict[str, Any]) -> None:
    end = sql.SQL("SELECT max(id) FROM (SELECT id FROM {} WHERE id > %s ORDER BY id LIMIT {}) AS piece").format(
        sql.Identifier(table), sql.Literal(PIECE)
    )
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(end.as_string(None), [last])
            [until] = cursor.fetchone()
            if until is None:
                return
            with transaction.atomic():
                cursor.execute(
                    f"{statement} AND id > %(after)s AND id <= %(until)s", {**told, "after": last, "until": until}
                )
            last = until


def without_values(table: str, *, also: str = "") -> str:
    """SQL that takes values out of addresses of lists that ask for some. What is left asks for nothing that there is
    and is refused, so that nothing narrow becomes wide. also: column that says the same in words.
    """
    emptied = f", {also} = ''" if also else ""
    return (
        f"UPDATE {table} SET query = regexp_replace(query, %(asks)s, '\\1is:-', 'g'){emptied}"  # noqa: S608
        " WHERE query ~ %(asks)s"
    )
