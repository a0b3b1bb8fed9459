"""The wrapper around a connection; Django looks for it under this name."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from zhike.core.acting import NOBODY, Told, who_acts

_TELL = (
    "SELECT set_config('zhike.actor', %s, false), set_config('zhike.reach', %s, false), set_config('role', %s, false)"
)
_NARROW = "none"
# The role that no policy narrows, where the installation could make it; else the reach alone says so.
_OPEN = """
    SELECT rolname FROM pg_roles
    WHERE rolname = session_user || '_all' AND pg_has_role(session_user, oid, 'MEMBER')
"""


class _PreparingCursor(psycopg.Cursor[Any]):
    """The database plans each of its statements once a connection; parameters travel beside them."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> "_PreparingCursor":
        return super().execute(query, params, **{**how, "prepare": True})


class DatabaseWrapper(base.DatabaseWrapper):
    """Before it hands out a cursor, the database knows who acts; one more roundtrip only where that has changed."""

    # What the connection was told last; None where a rollback may have taken it back.
    _was_told: Told | None = NOBODY
    _open_role = ""
    _is_preparing = False

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Statements in here are planned once a connection instead of each time.

        For those that every request asks in the same words, and whose best plan does not hang on their parameters.
        """
        self._is_preparing = True
        try:
            yield
        finally:
            self._is_preparing = False

    def get_connection_params(self) -> dict[str, Any]:
        # Without a threshold nothing may be prepared; with this one, only what asks for it.
        return {**super().get_connection_params(), "prepare_threshold": sys.maxsize}

    def tell_who_acts(self) -> None:
        """For those who use the connection without Django's cursors."""
        self.ensure_connection()
        wanted = who_acts()
        if wanted == self._was_told or self.connection.info.transaction_status == TransactionStatus.INERROR:
            return
        with self.wrap_database_errors:
            role = self._role_that_sees_all() if wanted.sees_all else _NARROW
            self.connection.execute(_TELL, [wanted.who, wanted.reach, role])
        self._was_told = wanted

    def _role_that_sees_all(self) -> str:
        """Asked once for each connection, not with every change of who acts."""
        if not self._open_role:
            found = self.connection.execute(_OPEN).fetchone()
            self._open_role = found[0] if found else _NARROW
        return self._open_role

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._was_told = NOBODY
        self._open_role = ""

    def create_cursor(self, name: str | None = None) -> Any:
        self.tell_who_acts()
        return _PreparingCursor(self.connection) if self._is_preparing else super().create_cursor(name)

    def rollback(self) -> None:
        super().rollback()
        self._was_told = None

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        self._was_told = None
